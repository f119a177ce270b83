// Integers that hold the product of any two of 64 bits.
#pragma once

#if defined(__SIZEOF_INT128__) && !defined(_MSC_VER) && !defined(THOPLW_STANDARD_ARITHMETIC)

namespace thoplw {
__extension__ using Wide = __int128;
__extension__ using UnsignedWide = unsigned __int128;
}  // namespace thoplw

#else  // MSVC has none; its clang has them, but not the function that divides them

#include <boost/multiprecision/cpp_int.hpp>

namespace thoplw {
namespace wide {

template <boost::multiprecision::cpp_integer_type sign>
using Of128 = boost::multiprecision::number<
    boost::multiprecision::cpp_int_backend<128, 128, sign, boost::multiprecision::unchecked, void>,
    boost::multiprecision::et_off>;

}  // namespace wide

using Wide = wide::Of128<boost::multiprecision::signed_magnitude>;
using UnsignedWide = wide::Of128<boost::multiprecision::unsigned_magnitude>;

}  // namespace thoplw

#endif

// How the records of a Trace, and the rows of a Report, refer to each other: by index.
#pragma once

#include <cstddef>
#include <cstdint>

namespace thoplw {

using Id = std::int32_t;  ///< index into one of the vectors of a Trace or Report
constexpr Id kNone = -1;

/// The item of that id, which must not be kNone.
decltype(auto) at(auto& items, Id id) { return items[static_cast<std::size_t>(id)]; }

}  // namespace thoplw

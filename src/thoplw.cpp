// The version, as the build names it.
#include "thoplw.h"

namespace thoplw {

std::string_view version() { return THOPLW_VERSION; }

std::string_view compiler() {
#if defined(__clang__)
  return __VERSION__;  // it names itself there
#elif defined(__GNUC__)
  return "g++ " __VERSION__;
#elif defined(_MSC_VER)
  return "MSVC";
#else
  return "an unknown compiler";
#endif
}

}  // namespace thoplw

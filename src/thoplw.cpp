// The version, as the build names it.
#include "thoplw.h"

namespace thoplw {

std::string_view version() { return THOPLW_VERSION; }

}  // namespace thoplw

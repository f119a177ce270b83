// The one place that formats.
#include "base/formatted.h"

namespace thoplw {

std::string formatted_by(fmt::string_view format, fmt::format_args args) { return fmt::vformat(format, args); }

}  // namespace thoplw

// The façade: all that the command line, the Python binding and a C++ user need.
#pragma once

#include <string_view>

#include "conventions/convention.h"       // IWYU pragma: export
#include "conventions/convention_file.h"  // IWYU pragma: export
#include "count/count.h"                  // IWYU pragma: export
#include "count/times.h"                  // IWYU pragma: export
#include "device/device.h"                // IWYU pragma: export
#include "load/load.h"                    // IWYU pragma: export
#include "operators/rule.h"               // IWYU pragma: export
#include "render/file.h"                  // IWYU pragma: export
#include "render/render.h"                // IWYU pragma: export
#include "render/table/columns.h"         // IWYU pragma: export
#include "report/report.h"                // IWYU pragma: export
#include "report/saved.h"                 // IWYU pragma: export
#include "trace/text.h"                   // IWYU pragma: export
#include "trace/trace.h"                  // IWYU pragma: export

namespace thoplw {

std::string_view version();   ///< "0.1.0"
std::string_view compiler();  ///< that it was built by: "g++ 12.2.0"

}  // namespace thoplw

// The command line for Python: its streams are Python functions, its models come from a Python opener.
#pragma once

#include <nanobind/nanobind.h>

namespace thoplw {

void bind_command_line(nanobind::module_& m);

}  // namespace thoplw

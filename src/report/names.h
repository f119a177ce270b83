// How a module is called in the one around it.
#pragma once

#include <string_view>
#include <vector>

#include "report/report.h"

namespace thoplw {

/// "0" of "layer1.0" in "layer1". All of the path where that is not inside, as in a saved report that somebody changed.
std::string_view own_name(std::string_view path, std::string_view around);

/// Of a row among all; of the root all of its path.
std::string_view own_name(const Row& row, const std::vector<Row>& rows);

}  // namespace thoplw

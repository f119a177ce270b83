// Formulas that were written as JSON, read again.
#pragma once

#include <string_view>

#include "report/formulas.h"

namespace thoplw {

/// What the `json` renderer made of formulas gives them again; of each variable the least and the greatest value.
/// Throws Error("rows[3].macs: why").
Formulas read_formulas(std::string_view text);

}  // namespace thoplw

// Finds what counts are as formulas of sizes that vary: by exact interpolation, confirmed at further points.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "report/formulas.h"

namespace thoplw {

using Point = std::vector<std::int64_t>;

/// What the model costs where its variables have these values.
using Sample = std::function<Report(const Point& point)>;

/// Numbers that are no polynomial in the variables say why instead. Throws Error where a variable has too few values,
/// the modules are not the same at all points, or the work that is shown by default is no polynomial.
Formulas find_formulas(std::vector<Variable> variables, const Sample& sample);

/// "batch=2, seq=128".
std::string in_words(const std::vector<Variable>& variables, const Point& point);

}  // namespace thoplw

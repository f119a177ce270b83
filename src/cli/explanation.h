// What `thoplw explain` prints.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "thoplw.h"

namespace thoplw::cli {

/// The model with another first input; nothing where there can be no other.
using Reopen = std::function<std::optional<Trace>(const Tensor& input)>;

/// Which conventions and settings give the number: at the input that the trace was made with, else at other usual
/// ones. Throws Error where `quoted` is no number.
std::string explanation(const Trace& trace, const std::string& quoted, const Reopen& reopen);

}  // namespace thoplw::cli

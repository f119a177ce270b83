// How Python spelt the call of an operator. Tools that replace functions of torch see some spellings and not others.
#pragma once

#include <string_view>

namespace thoplw::capture {

/// Whether the spelling of that operator is recorded, as an attribute "spelt".
bool spelling_matters(std::string_view op_name);

/// "infix" for x + y and x @= y; "method" for torch.relu(x) and x.relu(); empty for torch.nn.functional.relu(x), and
/// where Python does not say. Of sums and products a method has an empty one too.
std::string_view spelling(std::string_view op_name);

}  // namespace thoplw::capture

// Globs: how users name several modules or parameters at once.
#pragma once

#include <string_view>

namespace thoplw {

/// `*` stands for any characters, dots too, `?` for one.
bool glob_matches(std::string_view glob, std::string_view text);

}  // namespace thoplw

// Text in a terminal: how many cells it takes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/harmless.h"

namespace thoplw {

/// Cells of a terminal: 2 for wide (East Asian, emoji), 0 for combining characters.
std::size_t display_width(std::string_view text);

/// The first character with the marks that combine with it; a byte that is not UTF-8 is one of its own.
std::string_view first_character(std::string_view text);

/// At most `width` cells: what is in the middle of longer text gives way to "…".
std::string shortened(std::string_view text, std::size_t width);

std::string pad_right(std::string text, std::size_t width);
std::string pad_left(std::string text, std::size_t width);

}  // namespace thoplw

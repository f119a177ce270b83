// Text in a terminal: how many cells it takes.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/harmless.h"

namespace thoplw {

/// Cells of a terminal: 2 for wide (East Asian, emoji), 0 for combining characters.
std::size_t display_width(std::string_view text);

/// The first character with the marks that combine with it; a byte that is not UTF-8 is one of its own.
std::string_view first_character(std::string_view text);

/// At most `width` cells: what is in the middle of longer text gives way to "…".
std::string shortened(std::string_view text, std::size_t width);

/// At most `width` cells from its end on.
std::string last_cells(std::string_view text, std::size_t width);

/// At most `width` cells: the beginning of longer text gives way to "…", as what tells paths apart is at their ends. A
/// remark after it, "conv [renamed from first]", has at most half of them.
std::string shortened_path(std::string_view text, std::size_t width);

/// Which columns of such widths, with `gap` between them, a line of `cells` has no room for: the fewest of
/// `giving_way`, in that order.
std::vector<std::size_t> left_out(std::span<const std::size_t> widths, std::size_t gap, std::size_t cells,
                                  std::span<const std::size_t> giving_way);

std::string pad_right(std::string text, std::size_t width);
std::string pad_left(std::string text, std::size_t width);

}  // namespace thoplw

// Measures text in terminal cells.
#include "render/table/width.h"

#include <algorithm>
#include <array>
#include <vector>

namespace thoplw {
namespace {

struct Range {
  char32_t first, last;
};

template <std::size_t N>
bool within(const std::array<Range, N>& ranges, char32_t point) {
  return std::ranges::any_of(ranges, [&](Range r) { return r.first <= point && point <= r.last; });
}

// East Asian Wide and Fullwidth, as ranges of blocks (Unicode Annex 11).
constexpr std::array kWide = {
    Range{0x1100, 0x115f},   Range{0x2e80, 0x303e},   Range{0x3041, 0xa4cf},   Range{0xac00, 0xd7a3},
    Range{0xf900, 0xfaff},   Range{0xfe30, 0xfe6f},   Range{0xff00, 0xff60},   Range{0xffe0, 0xffe6},
    Range{0x1f300, 0x1f64f}, Range{0x1f680, 0x1f6ff}, Range{0x1f900, 0x1faff}, Range{0x20000, 0x3fffd},
};

// Combining marks and joiners of the common scripts (Unicode general categories Mn, Me and some Cf).
constexpr std::array kZero = {
    Range{0x0300, 0x036f}, Range{0x0483, 0x0489}, Range{0x0591, 0x05bd}, Range{0x064b, 0x065f}, Range{0x1ab0, 0x1aff},
    Range{0x1dc0, 0x1dff}, Range{0x200b, 0x200d}, Range{0x20d0, 0x20ff}, Range{0xfe00, 0xfe0f}, Range{0xfe20, 0xfe2f},
};

}  // namespace

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const auto [point, length] = decode(text);
    width += length == 0 ? 1 : within(kWide, point) ? 2 : within(kZero, point) ? 0 : 1;
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return width;
}

std::string_view first_character(std::string_view text) {
  if (text.empty()) return text;
  std::size_t end = std::max<std::size_t>(decode(text).length, 1);
  while (end < text.size()) {
    const auto [point, length] = decode(text.substr(end));
    if (length == 0 || !within(kZero, point)) break;
    end += length;
  }
  return text.substr(0, end);
}

std::string shortened(std::string_view text, std::size_t width) {
  if (display_width(text) <= width) return std::string(text);
  if (width == 0) return "";
  std::vector<std::string_view> characters;
  for (std::string_view rest = text; !rest.empty(); rest.remove_prefix(characters.back().size())) {
    characters.push_back(first_character(rest));
  }
  const auto fitting = [](auto begin, auto end, std::size_t room) {
    while (begin != end && display_width(*begin) <= room) room -= display_width(*begin++);
    return begin;
  };
  const std::size_t room = width - 1;
  const auto head = fitting(characters.begin(), characters.end(), room / 2);
  const auto tail = fitting(characters.rbegin(), std::reverse_iterator(head), room - room / 2).base();
  const auto head_size = head == characters.end() ? text.size() : static_cast<std::size_t>(head->data() - text.data());
  const auto tail_start = tail == characters.end() ? text.size() : static_cast<std::size_t>(tail->data() - text.data());
  return std::string(text.substr(0, head_size)) + "…" + std::string(text.substr(tail_start));
}

std::string last_cells(std::string_view text, std::size_t width) {
  for (std::size_t left = display_width(text); left > width;) {
    const std::string_view first = first_character(text);
    left -= display_width(first);
    text.remove_prefix(first.size());
  }
  return std::string(text);
}

std::string shortened_path(std::string_view text, std::size_t width) {
  if (display_width(text) <= width) return std::string(text);
  const std::size_t remark = text.ends_with("]") ? text.find(" [") : std::string_view::npos;
  if (remark != std::string_view::npos) {
    const std::string kept = shortened(text.substr(remark), width / 2);
    return shortened_path(text.substr(0, remark), width - display_width(kept)) + kept;
  }
  return width == 0 ? "" : "…" + last_cells(text, width - 1);
}

std::vector<std::size_t> left_out(std::span<const std::size_t> widths, std::size_t gap, std::size_t cells,
                                  std::span<const std::size_t> giving_way) {
  std::size_t needed = gap * (widths.size() - 1);
  for (const std::size_t width : widths) needed += width;
  std::vector<std::size_t> out;
  for (const std::size_t column : giving_way) {
    if (needed <= cells) break;
    needed -= widths[column] + gap;
    out.push_back(column);
  }
  return out;
}

std::string pad_right(std::string text, std::size_t width) {
  text.append(width - std::min(width, display_width(text)), ' ');
  return text;
}

std::string pad_left(std::string text, std::size_t width) {
  text.insert(0, width - std::min(width, display_width(text)), ' ');
  return text;
}

}  // namespace thoplw

// Spells out the characters that do something.
#include "base/harmless.h"

#include <algorithm>
#include <array>

#include "base/formatted.h"

namespace thoplw {
namespace {

struct Range {
  char32_t first, last;
};

// Characters that end a line, steer the terminal, turn the direction of what follows, are hidden or are none.
constexpr std::array kControl = {
    Range{0x00, 0x1f},     Range{0x7f, 0x9f},     Range{0x061c, 0x061c}, Range{0x200e, 0x200f}, Range{0x2028, 0x202e},
    Range{0x2066, 0x2069}, Range{0xfdd0, 0xfdef}, Range{0xfeff, 0xfeff}, Range{0xfff9, 0xfffb}, Range{0xe0000, 0xe007f},
};

/// No character ever, in any plane: markup must not hold it.
bool is_noncharacter(char32_t point) { return (point & 0xfffe) == 0xfffe; }

bool is_control(char32_t point) {
  return std::ranges::any_of(kControl, [&](Range r) { return r.first <= point && point <= r.last; });
}

std::string escape(char32_t point) {
  switch (point) {
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      break;
  }
  const auto value = static_cast<std::uint32_t>(point);
  return value < 0x100 ? formatted("\\x{:02x}", value) : formatted("\\u{:04x}", value);
}

/// The end of the last whole character that ends at `end` or before.
std::size_t whole_until(std::string_view text, std::size_t end) {
  while (end > 0 && end < text.size() && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return end;
}

}  // namespace

Decoded decode(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return {};
  char32_t point = lead & (0xffu >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {};
    point = point << 6 | (byte(i) & 0x3fu);
  }
  constexpr std::array<char32_t, 5> kLeast = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = point >= 0xd800 && point <= 0xdfff;
  if (point < kLeast[length] || surrogate || point > 0x10ffff) return {};
  return {point, length};
}

std::string harmless(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto [point, length] = decode(text);
    if (length == 0) {
      out += formatted("\\x{:02x}", static_cast<unsigned char>(text.front()));
    } else if (is_control(point) || is_noncharacter(point)) {
      out += escape(point);
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

std::string harmless_json(std::string_view json) {
  std::string out;
  while (!json.empty()) {
    const auto [point, length] = decode(json);
    const auto value = static_cast<std::uint32_t>(point);
    if (value > 0xffff && is_control(point)) {
      out += formatted("\\u{:04x}\\u{:04x}", 0xd800 + ((value - 0x10000) >> 10), 0xdc00 + (value & 0x3ff));
    } else if (value > 0x7e && is_control(point)) {
      out += formatted("\\u{:04x}", value);
    } else {
      out += json.substr(0, std::max<std::size_t>(length, 1));
    }
    json.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

std::string harmless_message(std::string_view text) {
  const std::string whole = harmless(text);
  if (whole.size() <= kLongestMessage) return whole;
  constexpr std::size_t kTail = kLongestMessage / 4;
  const std::size_t head = whole_until(whole, kLongestMessage - kTail), tail = whole_until(whole, whole.size() - kTail);
  return whole.substr(0, head) + " [...] " + whole.substr(tail);
}

}  // namespace thoplw

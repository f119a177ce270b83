// Tests of terminal widths and escapes.
#include "render/table/width.h"

#include <doctest/doctest.h>

namespace thoplw {

TEST_CASE("a terminal shows wide characters in two cells and combining ones in none") {
  struct Case {
    std::string_view text;
    std::size_t width;
  };
  for (const Case& row : {
           Case{"", 0}, Case{"conv1", 5}, Case{"é", 1}, Case{"e\u0301", 1}, Case{"層", 2}, Case{"ﾊ", 1}, Case{"🔥x", 3},
           Case{"├─ ", 3}, Case{"\xff", 1}, Case{"\xe5\xb1", 2},  // cut short: each byte on its own
       }) {
    CAPTURE(row.text);
    CHECK(display_width(row.text) == row.width);
  }
}

TEST_CASE("names stay on one line, whatever they hold") {
  struct Case {
    std::string_view text, expected;
  };
  for (const Case& row : {
           Case{"layer1.0", "layer1.0"},
           Case{"a\nb\r\tc", "a\\nb\\r\\tc"},
           Case{"\x1b[31m", "\\x1b[31m"},
           Case{"\u202eabc", "\\u202eabc"},
           Case{"\u2028", "\\u2028"},
           Case{"\ufffe\ufdd0", "\\ufffe\\ufdd0"},  // no characters, so not for markup
           Case{"層", "層"},
           Case{"\xff", "\\xff"},
           Case{"\xc0\x80", "\\xc0\\x80"},           // an overlong zero
           Case{"\xed\xa0\x80", "\\xed\\xa0\\x80"},  // half of a surrogate pair
           Case{std::string_view("\0", 1), "\\x00"},
       }) {
    CHECK(harmless(row.text) == row.expected);
  }
}

TEST_CASE("padding goes by cells") {
  CHECK(pad_right("層", 4) == "層  ");
  CHECK(pad_left("12", 4) == "  12");
  CHECK(pad_left("12345", 4) == "12345");
}

}  // namespace thoplw

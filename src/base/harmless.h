// Text of others made harmless: names come from files, and go to terminals, pages and logs.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace thoplw {

struct Decoded {
  char32_t point = 0;
  std::size_t length = 0;  ///< bytes; 0: no valid UTF-8 here
};

/// The first character of a text that is not empty.
Decoded decode(std::string_view text);

/// One line of UTF-8 without effects: what would end the line, control a terminal or turn the direction of writing is
/// spelt out as "\n", "\x1b" or "\u202e". All else stays as it is.
std::string harmless(std::string_view text);

constexpr std::size_t kLongestMessage = 2000;  ///< bytes

/// The same for a note or an error. The middle of one longer than kLongestMessage is left out.
std::string harmless_message(std::string_view text);

/// The same JSON with harmless strings: characters beyond ASCII that have an effect are written as "\u202e".
std::string harmless_json(std::string_view json);

}  // namespace thoplw

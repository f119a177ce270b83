// Reads the tokens of one line of trace text; every failure names source, line and cure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace thoplw {

class Cursor {
 public:
  Cursor(std::string_view line, std::string_view source, std::size_t number)
      : line_(line), source_(source), number_(number) {}

  bool at_end();
  /// Takes `token` if it comes next, spaces aside.
  bool take(std::string_view token);
  void expect(std::string_view token, std::string_view cure);
  void expect_end();
  bool next_is(char c);

  /// A bare name such as aten::conv2d or torch.nn.Conv2d; empty if none comes next.
  std::string_view word();
  /// A JSON string.
  std::string quoted();
  /// A bare name or, where it has other characters, a JSON string.
  std::string name();
  std::int64_t integer();
  /// The digits and signs of an integer or real number.
  std::string_view number();

  [[noreturn]] void fail(const std::string& what, std::string_view cure) const;

 private:
  std::string_view line_, source_;
  std::size_t number_;
  std::size_t at_ = 0;
};

/// May `text` stand bare, without quotes?
bool is_bare(std::string_view text);

}  // namespace thoplw

// Tokens of trace text.
#include "trace/cursor.h"

#include <cctype>
#include <charconv>
#include <nlohmann/json.hpp>

namespace thoplw {
namespace {

constexpr std::size_t kShown = 20;  ///< characters of a line that an error quotes

bool is_word_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.' || c == '<' || c == '>' || c == '$';
}

/// Length of the bare name that `text` begins with. A colon belongs to it only as part of "::".
std::size_t word_length(std::string_view text) {
  std::size_t length = 0;
  while (length < text.size()) {
    if (is_word_character(text[length])) {
      ++length;
    } else if (length > 0 && text.substr(length).starts_with("::")) {
      length += 2;
    } else {
      break;
    }
  }
  return length;
}

}  // namespace

bool is_bare(std::string_view text) { return !text.empty() && word_length(text) == text.size(); }

bool Cursor::at_end() {
  while (at_ < line_.size() && (line_[at_] == ' ' || line_[at_] == '\t')) ++at_;
  return at_ == line_.size();
}

bool Cursor::next_is(char c) { return !at_end() && line_[at_] == c; }

bool Cursor::take(std::string_view token) {
  if (at_end() || !line_.substr(at_).starts_with(token)) return false;
  at_ += token.size();
  return true;
}

void Cursor::expect(std::string_view token, std::string_view cure) {
  if (!take(token)) fail("'" + std::string(token) + "' is missing", cure);
}

void Cursor::expect_end() {
  if (!at_end()) fail("the line goes on after its end", "remove the rest");
}

std::string_view Cursor::word() {
  at_end();
  const std::string_view found = line_.substr(at_, word_length(line_.substr(at_)));
  at_ += found.size();
  return found;
}

std::string Cursor::quoted() {
  if (!next_is('"')) fail("a string is missing", "write it in double quotes");
  std::size_t end = at_ + 1;
  while (end < line_.size() && line_[end] != '"') end += line_[end] == '\\' ? 2 : 1;
  if (end >= line_.size()) fail("a string does not end", "close it with '\"'");
  const std::string_view literal = line_.substr(at_, end + 1 - at_);
  const auto parsed = nlohmann::json::parse(literal, nullptr, /*allow_exceptions=*/false);
  if (!parsed.is_string()) fail("a string is not valid JSON", "escape it as JSON does, in UTF-8");
  at_ = end + 1;
  return parsed.get<std::string>();
}

std::string Cursor::name() {
  if (next_is('"')) return quoted();
  const std::string_view bare = word();
  if (bare.empty()) fail("a name is missing", "write it bare, or in double quotes");
  return std::string(bare);
}

std::int64_t Cursor::integer() {
  at_end();
  std::int64_t value = 0;
  const char* const begin = line_.data() + at_;
  const auto [end, error] = std::from_chars(begin, line_.data() + line_.size(), value);
  if (error == std::errc::result_out_of_range) fail("a number is too large", "it must fit in 64 bits");
  if (error != std::errc{}) fail("a number is missing", "write a whole number");
  at_ += static_cast<std::size_t>(end - begin);
  return value;
}

std::string_view Cursor::number() {
  at_end();
  std::size_t end = at_;
  while (end < line_.size() && (is_word_character(line_[end]) || line_[end] == '+' || line_[end] == '-')) ++end;
  const std::string_view found = line_.substr(at_, end - at_);
  at_ = end;
  return found;
}

void Cursor::fail(const std::string& what, std::string_view cure) const {
  std::string where = std::string(source_) + ":" + std::to_string(number_) + ": " + what;
  const std::size_t next = line_.find_first_not_of(" \t", at_);
  if (next != std::string_view::npos) where += " at '" + std::string(line_.substr(next, kShown)) + "'";
  throw Error(where + "; " + std::string(cure));
}

}  // namespace thoplw

// Parses TOML, in one place: it takes long to compile.
#include "base/toml_text.h"

#include <algorithm>
#include <cctype>

#include "base/error.h"

namespace thoplw {
namespace {

constexpr int kMostParts = 16;  ///< of a key: each is a table in a table, and toml++ takes them apart by recursion

/// Refuses text on which toml++ 3 goes wrong instead of reporting an error: a "[" without the name of a table, brackets
/// that do not match, a text or bracket right after a word, and characters other than ASCII outside of texts and
/// comments, or at the start of a line that a backslash continues.
class Check {
 public:
  Check(const std::string& path, std::string_view text) : path_(path), text_(text) {
    constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
    if (text_.starts_with(kByteOrderMark)) at_ = begin_ = kByteOrderMark.size();
  }

  void check() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '[' && open_.empty() && line_is_blank_) {
        check_table_name();
      } else if (c == '"' || c == '\'') {
        pass_string(c);
      } else if (c == '#') {
        at_ = std::min(text_.find('\n', at_), text_.size());
        continue;
      } else {
        pass(c);
      }
      line_is_blank_ = c == '\n' || (line_is_blank_ && is_blank(c));
    }
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    const auto line = 1 + std::ranges::count(text_.substr(0, at_), '\n');
    throw Error(path_ + ":" + std::to_string(line) + ": " + what);
  }

  static bool is_blank(char c) { return c == ' ' || c == '\t'; }
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }
  static bool is_ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }
  bool is_at(std::size_t at, bool (*kind)(char)) const { return at < text_.size() && kind(text_[at]); }

  /// toml++ reads a word that is not a value to its end, whatever is there.
  void check_is_apart() const {
    const std::string_view separators = is_value_ ? " \t\r\n=[{," : " \t\r\n=[{,.";
    if (at_ == begin_ || separators.find(text_[at_ - 1]) != std::string_view::npos) return;
    fail("a text, a list or a table must be separated from the word before it");
  }

  /// Does the text at `at` look like `shape`, such as "dddd-dd", d for a digit? If so, moves `at` past it.
  bool takes(std::size_t& at, std::string_view shape) const {
    const std::string_view here = text_.substr(std::min(at, text_.size()), shape.size());
    const auto fits = [](char c, char wanted) { return wanted == 'd' ? is_digit(c) : c == wanted; };
    if (!std::ranges::equal(here, shape, fits)) return false;
    at += shape.size();
    return true;
  }

  /// A word that looks like a date must be one: "1979-05-27", "1979-05-27T07:32:00.5-07:00".
  void check_date() const {
    std::string word(text_.substr(at_, text_.find_first_of(" \t\r\n,]}#", at_) - at_));
    std::erase(word, '_');  // toml++ skips it
    if (word.size() < 8 || word[4] != '-' || word[7] != '-') return;
    std::size_t at = at_;
    const auto is = [&](std::string_view kinds) {
      return at < text_.size() && kinds.find(text_[at]) != std::string_view::npos;
    };
    bool whole = takes(at, "dddd-dd-dd");
    if (whole && (is("Tt") || (is(" ") && is_at(at + 1, is_digit)))) {
      whole = takes(++at, "dd:dd:dd");
      if (whole && takes(at, ".d")) {
        while (is_at(at, is_digit)) ++at;
      }
      if (whole && is("Zz")) {
        ++at;
      } else if (whole && is("+-")) {
        whole = takes(++at, "dd:dd");
      }
    }
    if (!whole || (at < text_.size() && !is(" \t\r\n,]}#"))) fail("a word looks like a date, but is not one");
  }

  void pass(char c) {
    if (!is_ascii(c)) fail("characters other than ASCII must be in quotes");
    if (c == '[' || c == '{') {
      check_is_apart();
      open_ += c;
    } else if (c == ']' && of_table_name_ > 0) {
      --of_table_name_;
    } else if (c == ']' || c == '}') {
      if (open_.empty() || open_.back() != (c == ']' ? '[' : '{')) fail("a bracket is closed that is not open");
      open_.pop_back();
    }
    if (c == '\n') of_table_name_ = 0;
    if (is_value_ && is_digit(c) && std::string_view(" \t\r\n=[,").find(text_[at_ - 1]) != std::string_view::npos) {
      check_date();
    }
    const bool is_table = open_.ends_with('{');
    if (c == '=') {
      if (is_value_) fail("a value is followed by a second =");
      is_value_ = true;
    }
    if (is_table ? c == ',' || c == '{' : c == '\n' && open_.empty()) is_value_ = false;
    ++at_;
    if (std::string_view("\n=[]{},").find(c) != std::string_view::npos) parts_ = 1;
    if (c == '.' && ++parts_ > kMostParts) {
      fail("a key has more than " + std::to_string(kMostParts) + " parts; put names with dots in quotes");
    }
  }

  void check_table_name() {
    of_table_name_ = text_.substr(at_).starts_with("[[") ? 2 : 1;
    at_ += of_table_name_;
    while (is_at(at_, is_blank)) ++at_;
    const auto begins_name = [](char c) {
      return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
             std::string_view("-_\"'").find(c) != std::string_view::npos;
    };
    if (!is_at(at_, begins_name)) fail("a table has no name");
    parts_ = 1;
  }

  /// In a text of several lines a backslash at the end of a line skips to the next word.
  void pass_escape() {
    ++at_;
    const bool goes_on = is_at(at_, [](char c) { return is_blank(c) || c == '\n' || c == '\r'; });
    if (!goes_on) {
      if (!is_at(at_, is_ascii)) fail("a backslash must be followed by an ASCII character");
      ++at_;
      return;
    }
    while (is_at(at_, [](char c) { return is_blank(c) || c == '\n' || c == '\r'; })) ++at_;
    if (at_ < text_.size() && !is_ascii(text_[at_])) {
      fail(
          "a line that a backslash continues must not begin with a character other than ASCII: put it before the "
          "backslash");
    }
  }

  void pass_string(char quote) {
    check_is_apart();
    const std::string three(3, quote);
    const bool lines = text_.substr(at_).starts_with(three);
    at_ += lines ? 3 : 1;
    while (at_ < text_.size()) {
      const std::string_view rest = text_.substr(at_);
      if (quote == '"' && rest.front() == '\\') {
        pass_escape();
      } else if (lines && rest.starts_with(three)) {
        at_ += 3;
        for (int more = 0; more < 2 && at_ < text_.size() && text_[at_] == quote; ++more) ++at_;  // they end the text
        return;
      } else {
        ++at_;
        if (!lines && (rest.front() == quote || rest.front() == '\n')) return;
      }
    }
  }

  const std::string& path_;
  std::string_view text_;
  std::size_t begin_ = 0, at_ = 0;
  std::string open_;               ///< the brackets of arrays and tables within a value that are open
  std::size_t of_table_name_ = 0;  ///< how many that are open are of a table's name
  int parts_ = 1;
  bool is_value_ = false;
  bool line_is_blank_ = true;
};

}  // namespace

toml::table parse_toml(const std::string& path, std::string_view text) {
  Check(path, text).check();
  try {
    return toml::parse(text, path);
  } catch (const toml::parse_error& error) {
    throw Error(path + ":" + std::to_string(error.source().begin.line) + ": " + std::string(error.description()));
  }
}

}  // namespace thoplw

// Parses TOML, in one place: it takes long to compile.
#include "load/toml_text.h"

#include <algorithm>

#include "trace/error.h"

namespace thoplw {
namespace {

/// toml++ 3 takes for granted that the name of a table follows its "[", and does anything where a comment does.
void check_table_headers(const std::string& path, std::string_view text) {
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t open = line.find_first_not_of(" \t");
    if (open == std::string_view::npos || line[open] != '[') continue;
    const std::size_t name = line.find_first_not_of(" \t[", open);
    if (name == std::string_view::npos || line[name] != '#') continue;
    throw Error(path + ":" + std::to_string(number) + ": a table has no name");
  }
}

constexpr int kMostParts = 16;  ///< of a key: each is a table in a table, and toml++ takes them apart by recursion

/// Walks the text as TOML has it: strings and comments are passed over.
class KeyDepth {
 public:
  KeyDepth(const std::string& path, std::string_view text) : path_(path), text_(text) {}

  void check() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"' || c == '\'') {
        pass_string(c);
      } else if (c == '#') {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else {
        ++at_;
        if (std::string_view("\n=[]{},").find(c) != std::string_view::npos) parts_ = 1;
        if (c == '.' && ++parts_ > kMostParts) fail();
      }
    }
  }

 private:
  [[noreturn]] void fail() const {
    const auto line = 1 + std::ranges::count(text_.substr(0, at_), '\n');
    throw Error(path_ + ":" + std::to_string(line) + ": a key has more than " + std::to_string(kMostParts) +
                " parts; names with dots in them stand in quotes");
  }
  void pass_string(char quote) {
    const std::string three(3, quote);
    const bool lines = text_.substr(at_).starts_with(three);
    at_ += lines ? 3 : 1;
    while (at_ < text_.size()) {
      const std::string_view rest = text_.substr(at_);
      if (quote == '"' && rest.front() == '\\') {
        at_ += 2;
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
  std::size_t at_ = 0;
  int parts_ = 1;
};

}  // namespace

toml::table parse_toml(const std::string& path, std::string_view text) {
  check_table_headers(path, text);
  KeyDepth(path, text).check();
  try {
    return toml::parse(text, path);
  } catch (const toml::parse_error& error) {
    throw Error(path + ":" + std::to_string(error.source().begin.line) + ": " + std::string(error.description()));
  }
}

}  // namespace thoplw

// Pieces of Markdown that the reference pages are made of.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "base/formatted.h"

namespace thoplw::cli::markdown {

inline std::string code(std::string_view text) { return text.empty() ? "" : "`" + std::string(text) + "`"; }

inline std::string row(std::initializer_list<std::string_view> cells) {
  return formatted("| {} |\n", fmt::join(cells, " | "));
}

/// The first two lines of a table: its titles, and a rule of which the cells say how columns are aligned.
inline std::string header(std::initializer_list<std::string_view> titles) {
  std::string rule = "|";
  for (std::size_t i = 0; i < titles.size(); ++i) rule += " --- |";
  return row(titles) + rule + "\n";
}

/// What the reader has to click on to see.
inline std::string folded(std::string_view summary, std::string_view text) {
  return formatted("<details><summary>{}</summary>\n\n{}\n\n</details>\n", summary, text);
}

}  // namespace thoplw::cli::markdown

// Guesses what a user meant by a name that is in no table.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace thoplw {

/// The known name nearest to `word`; empty if none is near.
std::string_view nearest_name(std::string_view word, std::span<const std::string_view> known);

/// "unknown convention 'exakt'; did you mean 'exact'? known: exact thoplw", for a `given` that is not among `known`.
/// If no name is near, without the question.
std::string did_you_mean(std::string_view what, std::string_view given, std::span<const std::string_view> known);

/// The row of that name. Throws Error with "did you mean".
template <typename Table>
const auto& find_named(const Table& table, std::string_view what, std::string_view name) {
  std::vector<std::string_view> known;
  for (const auto& row : table) {
    if (row.name == name) return row;
    known.push_back(row.name);
  }
  throw Error(did_you_mean(what, name, known));
}

/// "a b c", of rows that have a name.
template <typename Rows>
std::string names_of(const Rows& rows) {
  std::string names;
  for (const auto& row : rows) names += (names.empty() ? "" : " ") + std::string(row.name);
  return names;
}

}  // namespace thoplw

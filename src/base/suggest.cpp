// Nearest names, by the distance of Damerau and Levenshtein.
#include "base/suggest.h"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

namespace thoplw {
namespace {

constexpr std::size_t kLongest = 100;  ///< longer words are no slips of the finger

/// Letters put in, left out or exchanged; two neighbours that changed places are one slip.
std::size_t edits(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1), before, twice_before;
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    twice_before = std::exchange(before, row);
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      row[j + 1] = std::min({before[j] + (a[i] == b[j] ? 0 : 1), before[j + 1] + 1, row[j] + 1});
      const bool swapped = i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j];
      if (swapped) row[j + 1] = std::min(row[j + 1], twice_before[j - 1] + 1);
    }
  }
  return row[b.size()];
}

std::string as_it_is(std::string_view text) { return std::string(text); }

std::string in_small_letters(std::string_view text) {
  std::string small(text);
  for (char& c : small) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return small;
}

std::string_view nearest_as(std::string (*written)(std::string_view), std::string_view word,
                            std::span<const std::string_view> known) {
  const std::string wanted = written(word);
  std::string_view nearest;
  std::size_t fewest = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (std::string_view name : known) {
    const std::size_t distance = edits(wanted, written(name));
    if (distance < fewest) {
      fewest = distance;
      nearest = name;
    }
  }
  return nearest;
}

}  // namespace

std::string_view nearest_name(std::string_view word, std::span<const std::string_view> known) {
  if (word.size() > kLongest) return {};
  const std::string_view nearest = nearest_as(as_it_is, word, known);
  return nearest.empty() ? nearest_as(in_small_letters, word, known) : nearest;
}

std::string did_you_mean(std::string_view what, std::string_view given, std::span<const std::string_view> known) {
  std::string message = "unknown " + std::string(what) + " '" + std::string(given) + "'; ";
  if (const std::string_view nearest = nearest_name(given, known); !nearest.empty()) {
    message += "did you mean '" + std::string(nearest) + "'? ";
  }
  message += "known:";
  for (std::string_view name : known) message += " " + std::string(name);
  return message;
}

}  // namespace thoplw

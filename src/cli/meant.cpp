// Two tables, and the distance of words.
#include "cli/meant.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/formatted.h"
#include "base/path.h"
#include "base/suggest.h"
#include "cli/commands.h"

namespace thoplw::cli {
namespace {

using Row = std::pair<std::string_view, std::string_view>;

constexpr auto kFlags = std::to_array<Row>({
    {"--format", "--kind"},        {"--output-format", "--kind"}, {"--type", "--kind"},
    {"--out", "--output"},         {"--input-size", "--input"},   {"--input-shape", "--input"},
    {"--shape", "--input"},        {"--size", "--input"},         {"--inputs", "--input"},
    {"--batch-size", "--batch"},   {"--bs", "--batch"},           {"--seq-len", "--context"},
    {"--sequence", "--context"},   {"--tp", "--tensor-parallel"}, {"--pp", "--pipeline"},
    {"--ep", "--expert-parallel"}, {"--gpu", "--device"},         {"--gpus", "--count"},
    {"--max-flops", "--max-macs"}, {"--vram", "--memory"},
});

constexpr auto kWords = std::to_array<Row>({
    {"list", "`thoplw 'torchvision:*'` counts all models that match, `thoplw help inputs` says how models are named"},
    {"ls", "`thoplw 'torchvision:*'` counts all models that match, `thoplw help inputs` says how models are named"},
    {"profile", "no word is needed for that: `thoplw MODEL`"},
    {"count", "no word is needed for that: `thoplw MODEL`"},
    {"summary", "no word is needed for that: `thoplw MODEL`"},
    {"version", "`thoplw --version`"},
});

/// Names of models and files have one of these.
bool could_be_model(const std::string& word) {
  std::error_code ignored;
  return word.find_first_of(":./*\\") != std::string::npos || std::filesystem::exists(to_path(word), ignored);
}

}  // namespace

void refuse_slip(const std::string& word, bool alone) {
  if (could_be_model(word)) return;
  if (const auto row = std::ranges::find(kWords, word, &Row::first); row != kWords.end()) {
    throw Error(formatted("there is no command '{}': {}", word, row->second));
  }
  std::vector<std::string_view> known;
  for (const Command& command : commands()) {
    if (!command.word.empty()) known.push_back(command.word);
  }
  const std::string_view near = nearest_name(word, known);
  if (near.empty() || (alone && near.size() < 5)) return;  // a short word that stands alone is rather a model
  throw Error(formatted("unknown command '{}'; did you mean '{}'? `thoplw --help` lists all", word, near));
}

std::string_view other_name(std::string_view flag) {
  const auto row = std::ranges::find(kFlags, flag, &Row::first);
  return row == kFlags.end() ? std::string_view() : row->second;
}

}  // namespace thoplw::cli

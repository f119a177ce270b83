// The table of flags, and what is printed of it.
#include "cli/flags.h"

#include "cli/commands.h"
#include "cli/flags/flag_rows.h"

namespace thoplw::cli {
namespace {

/// Is the word one of those that spaces separate?
bool among(std::string_view words, std::string_view word) {
  while (!words.empty()) {
    const std::size_t end = std::min(words.find(' '), words.size());
    if (words.substr(0, end) == word) return true;
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return false;
}

}  // namespace

std::span<const FlagGroup> flag_groups() {
  static const std::array groups = {
      FlagGroup{.title = "The model", .flags = model_flags()},
      FlagGroup{.title = "The report", .flags = report_flags()},
      FlagGroup{.title = "A budget", .flags = check_flags()},
      FlagGroup{.title = "A step of training, or the memory of a forward", .flags = pass_flags()},
      FlagGroup{.title = "What fits, and sizes that vary", .flags = fit_flags()},
      FlagGroup{.title = "Devices", .flags = device_flags()},
      FlagGroup{.title = "Language models", .flags = llm_flags()},
      FlagGroup{.title = "Sweeps", .flags = sweep_flags()},
      FlagGroup{.title = "Output", .flags = output_flags()},
  };
  return groups;
}

std::span<const Flag> flags() {
  static const std::vector<Flag> all = [] {
    std::vector<Flag> rows;
    for (const FlagGroup& group : flag_groups()) rows.insert(rows.end(), group.flags.begin(), group.flags.end());
    return rows;
  }();
  return all;
}

bool goes_with(const Flag& flag, const Command& command) {
  return flag.command.empty() || among(flag.command, command.word);
}

bool by_place(const Flag& flag) { return !flag.name.starts_with('-'); }

std::string_view long_name(const Flag& flag) { return flag.name.substr(flag.name.find(',') + 1); }

std::string usage_of(const Command& command) {
  return formatted("thoplw{}{}{}{}", command.word.empty() ? "" : " ", command.word, command.usage.empty() ? "" : " ",
                   command.usage);
}

std::vector<std::string> split(const std::string& value) {
  std::vector<std::string> parts;
  for (std::size_t start = 0; start <= value.size();) {
    const std::size_t end = std::min(value.find(',', start), value.size());
    parts.push_back(value.substr(start, end - start));
    start = end + 1;
  }
  return parts;
}

std::int64_t whole_number(std::string_view name, const std::string& value, std::int64_t least, std::int64_t most) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc() || end != value.data() + value.size() || number < least || number > most) {
    throw Error(formatted("{} '{}' is not a number of {} to {}", name, value, least, most));
  }
  return number;
}

std::string description(const Flag& flag) {
  std::string text(flag.doc);
  if (flag.choices) text += ": " + flag.choices();
  if (!flag.otherwise.empty()) text += " (" + std::string(flag.otherwise) + " unless given)";
  return text;
}

}  // namespace thoplw::cli

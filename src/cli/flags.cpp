// The table of flags, and what is printed of it.
#include "cli/flags.h"

#include "cli/commands.h"
#include "cli/flags/flag_rows.h"

namespace thoplw::cli {
namespace {

/// "-o, --output FILE", with the long names below one another.
std::string usage_of(const Flag& flag) {
  const bool short_too = flag.name.find(',') != std::string_view::npos;
  std::string text = by_place(flag) ? std::string(flag.name) : std::string(short_too ? flag.name.substr(0, 2) : "");
  if (!by_place(flag)) text += (short_too ? ", " : "    ") + std::string(long_name(flag));
  return flag.metavar.empty() ? text : text + " " + std::string(flag.metavar);
}

}  // namespace

std::span<const Flag> flags() {
  static const std::vector<Flag> all = [] {
    std::vector<Flag> rows;
    for (const auto group : {report_flags(), check_flags(), pass_flags(), fit_flags(), device_flags(), llm_flags()}) {
      rows.insert(rows.end(), group.begin(), group.end());
    }
    return rows;
  }();
  return all;
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

std::string help() {
  std::string text =
      "Multiply-adds and parameters of each layer of a PyTorch model.\n\nUsage, with FLAGS in any place:\n";
  std::size_t width = 0;
  for (const auto& command : commands()) width = std::max(width, usage_of(command).size());
  for (const auto& command : commands()) {
    text += formatted("  {:<{}}  {}\n", usage_of(command), width, command.doc);
  }
  text += "\nFLAGS:\n";
  width = 0;
  for (const Flag& flag : flags()) width = std::max(width, usage_of(flag).size());
  for (const Flag& flag : flags()) {
    text += formatted("  {:<{}}  {}\n", usage_of(flag), width, description(flag));
  }
  return text +
         "\nExit code: 0 if all is well, 1 if over budget, if nothing fits, or, with --strict, if not exact, 2 on an "
         "error.\n";
}

}  // namespace thoplw::cli

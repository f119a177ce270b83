// Lays the tables of commands and flags out for people.
#include "cli/help.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/formatted.h"
#include "base/suggest.h"
#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/session.h"

namespace thoplw::cli {
namespace {

constexpr int kUsual = 80, kNarrowest = 40, kWidest = 120;

/// Of the terminal; text that is not for one is of the usual width.
int width_of(int columns) { return columns == 0 ? kUsual : std::clamp(columns, kNarrowest, kWidest); }

/// The flags that most people need, in this order.
constexpr std::string_view kUsualFlags[] = {"--input", "--set",    "--depth",     "--top",
                                            "--kind",  "--output", "--convention"};

constexpr int kFlagColumn = 28;

/// Further lines are below the text. A command that goes on there says so as a shell wants it.
std::string hanging(std::string_view before, const std::string& text, int width, bool for_shell = false) {
  const int indent = static_cast<int>(before.size());
  std::string below = wrapped(text, indent, for_shell ? width - 2 : width);
  if (for_shell) {
    for (auto end = below.find('\n'); end + 1 < below.size(); end = below.find('\n', end + 3)) below.insert(end, " \\");
  }
  return std::string(before) + below.substr(before.size());
}

std::string example(const std::string& command, int width) { return hanging("  ", command, width, true); }

/// Enough to know whether to read on.
std::string_view first_part(std::string_view doc) { return doc.substr(0, doc.find(';')); }

const Flag& flag_named(std::string_view name) { return *std::ranges::find(flags(), name, long_name); }

std::string commands_text(int width) {
  std::string text;
  for (const Command& command : commands()) {
    if (!command.word.empty()) text += entry(command.word, command.doc, 15, width);
  }
  return text;
}

std::string groups_text(const Command& command, int width) {
  std::string text;
  for (const FlagGroup& group : flag_groups()) {
    std::string entries;
    for (const Flag& flag : group.flags) {
      if (goes_with(flag, command) && !by_place(flag))
        entries += entry(usage_of(flag), description(flag, command), kFlagColumn, width);
    }
    if (!entries.empty()) text += "\n" + wrapped(formatted("{}:", group.title), 0, width) + entries;
  }
  return text;
}

std::string inputs_text(int columns) {
  const int width = width_of(columns);
  return wrapped(
             "What a model is given decides what it costs. A library's model gets the input that it was made for; "
             "--input says another, once for each input, in their order:",
             0, width) +
         entry("1x3x224x224", "one image of 3 channels, 224 x 224; commas do, too: 1,3,224,224", 20, width) +
         entry("8x3x224x224", "a batch of 8", 20, width) +
         entry("1x128:i64", "128 tokens, which are integers; the types are those of torch: f32 bf16 i64 bool ...", 20,
               width) +
         "\n" +
         wrapped(
             "A model whose forward wants more than tensors gets a module of your own around it: net.py:Net. --set "
             "width=64 gives the class or function an argument, or a field to "
             "the config of a model of transformers. A file has its inputs in it; --dim batch=8 gives its symbolic "
             "sizes a value. --batch, of `train`, `memory`, `fit` and `llm`, replaces the first size of each input.",
             0, width) +
         "\n" + example("thoplw torchvision:resnet50 --input 1x3x288x288", width) +
         example("thoplw transformers:BertModel --set num_hidden_layers=4 --input 1x512:i64", width) +
         example("thoplw net.py:Net --set width=64 --input 1x16x64x64", width) +
         example("thoplw model.onnx --dim batch=8", width);
}

std::string columns_text(int columns_of_screen) {
  const int width = width_of(columns_of_screen);
  std::string text = wrapped(
      "--columns name,macs,params gives a table these columns, in that order; --sort takes one of them, too. Columns "
      "of memory, time and training are there where the report has them.",
      0, width);
  for (const Column& column : columns()) {
    if (column.share) continue;
    const std::string what = column.per
                                 ? formatted("{} divided by {}", row_of(*column.measure).name, row_of(*column.per).name)
                             : column.measure ? std::string(row_of(*column.measure).doc)
                                              : title(column, Unit::mac);
    text += entry(column.name, what, 20, width);
  }
  text += entry("share", "MACs, in percent of the total", 20, width);
  return text + entry("params-share ...", "the same of any other count: its name and -share", 20, width);
}

std::string conventions_text(int columns) {
  const int width = width_of(columns);
  std::string text = wrapped(
      "Tools count in different ways, and --convention NAME counts as one of them does. `thoplw compare MODEL` shows "
      "where they differ and why, `thoplw explain MODEL NUMBER` which of them gave a number.",
      0, width);
  for (const Convention* convention : conventions()) text += entry(convention->name, convention->doc, 20, width);
  return text;
}

constexpr auto kTopics = std::to_array<Topic>({
    {"inputs", "what models are given, and how to say it", inputs_text},
    {"columns", "what tables can show", columns_text},
    {"conventions", "how tools count", conventions_text},
    {"man", "the manual page, for `man`", manual_page},
});

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

}  // namespace

std::string description(const Flag& flag, const Command& command) {
  std::string text = description(flag);
  const std::string of_it = formatted("of `{}`: ", command.word);
  if (text.starts_with(of_it)) text.erase(0, of_it.size());
  return text;
}

std::string usage_of(const Flag& flag) {
  const bool short_too = flag.name.find(',') != std::string_view::npos;
  std::string text = by_place(flag) ? std::string(flag.name) : std::string(short_too ? flag.name.substr(0, 2) : "");
  if (!by_place(flag)) text += (short_too ? ", " : "    ") + std::string(long_name(flag));
  return flag.metavar.empty() ? text : text + " " + std::string(flag.metavar);
}

std::string wrapped(std::string_view text, int indent, int columns) {
  const std::string margin(static_cast<std::size_t>(indent), ' ');
  const auto room = static_cast<std::size_t>(std::max(columns - indent, 20));
  std::string all;
  for (std::string_view rest : lines_of(text)) {
    while (!rest.empty()) {
      std::size_t end = rest.size();
      if (end > room) {
        end = rest.rfind(' ', room);
        if (end == std::string_view::npos || end == 0) end = std::min(rest.find(' '), rest.size());
      }
      all += margin + std::string(rest.substr(0, end)) + "\n";
      rest.remove_prefix(std::min(rest.find_first_not_of(' ', end), rest.size()));
    }
  }
  return all;
}

std::string entry(std::string_view name, std::string_view text, int column, int columns) {
  const std::string first = "  " + std::string(name);
  const int indent = columns < 2 * column ? 6 : column;  // on a narrow screen always below
  const std::string below = wrapped(text, indent, columns);
  const bool beside = indent == column && first.size() + 2 <= static_cast<std::size_t>(column);
  return beside ? first + below.substr(first.size()) : first + "\n" + below;
}

std::string help(int columns) {
  const int width = width_of(columns);
  std::string text = wrapped("What a PyTorch model costs, layer by layer, without running it.", 0, width);
  text += "\n  thoplw torchvision:resnet18\n  thoplw model.onnx -o report.html\n" +
          std::string("  thoplw fit torchvision:resnet18 --memory 8G\n\nUsage: thoplw [COMMAND] MODEL... [FLAGS]\n\n");
  text += wrapped("MODEL: " + std::string(flags().front().doc), 0, width);
  text += "\nCommands, beside what each layer costs:\n" + commands_text(width);
  text += "\nFlags that most people need:\n";
  for (const std::string_view name : kUsualFlags) {
    const Flag& flag = flag_named(name);
    text += entry(usage_of(flag), first_part(flag.doc), kFlagColumn, width);
  }
  std::string names;
  for (const Topic& topic : kTopics) names += (names.empty() ? "" : ", ") + std::string(topic.name);
  return text + "\n" +
         wrapped(
             formatted("`thoplw COMMAND --help` and `thoplw MODEL --help` tell of all flags, `thoplw help TOPIC` of "
                       "{}.",
                       names),
             0, width) +
         wrapped("Exit code: 0 all is well; 1 over budget, nothing fits, or not exact with --strict; 2 an error.", 0,
                 width);
}

std::string help_of(const Command& command, int columns) {
  const int width = width_of(columns);
  const std::string name = command.word.empty() ? "thoplw" : "thoplw " + std::string(command.word);
  std::string text = wrapped(formatted("{}: {}", name, command.doc), 0, width);
  text += "\n" + hanging("Usage: ", usage_of(command) + " [FLAGS]", width);
  if (!command.example.empty()) text += hanging("Example: ", formatted("{} {}", name, command.example), width, true);
  if (command.most > 0 && command.usage.find("MODEL") != std::string_view::npos) {
    text += "\n" + wrapped("MODEL: " + std::string(flags().front().doc), 0, width);
  }
  return text + groups_text(command, width);
}

std::span<const Topic> topics() { return kTopics; }

std::string help_on(const std::string& name, int columns) {
  std::vector<std::string_view> known;
  for (const Topic& topic : kTopics) {
    if (topic.name == name) return topic.text(columns);
    known.push_back(topic.name);
  }
  for (const Command& command : commands()) {
    if (command.word.empty()) continue;
    if (command.word == name) return help_of(command, columns);
    known.push_back(command.word);
  }
  throw Error(did_you_mean("topic", name, known));
}

std::string helped_names() { return names_of(topics()) + " " + command_words(); }

void print_help(Session& session) {
  const std::vector<std::string>& names = session.options.models;
  const int columns = session.terminal.screen.columns;
  std::string text = names.empty() ? help(columns) : help_on(names.front(), columns);
  text.pop_back();  // the end of the last line
  session.show(text);
}

}  // namespace thoplw::cli

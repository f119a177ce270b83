// How the command line is taken apart by the table of flags.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <span>

#include "base/formatted.h"
#include "base/path.h"
#include "cli/commands.h"
#include "cli/flags/flag_rows.h"
#include "cli/meant.h"
#include "cli/piped.h"

namespace thoplw::cli {
namespace {

[[noreturn]] void complain(const Flag& flag, const std::string& what) {
  throw Error(std::string(long_name(flag)) + " " + what);
}

[[noreturn]] void complain_unknown(const std::string& arg) {
  const std::string_view name = std::string_view(arg).substr(0, arg.find('='));
  std::vector<std::string_view> known;
  for (const Flag& flag : flags()) {
    if (!by_place(flag)) known.push_back(long_name(flag));
  }
  std::string_view meant = other_name(name);
  if (meant.empty()) meant = nearest_name(name, known);
  throw Error(formatted("unknown flag '{}'; {}`thoplw --help`, or --help after a command, lists those that there are",
                        name, meant.empty() ? "" : formatted("did you mean '{}'? ", meant)));
}

struct Given {
  const Flag* flag;
  std::string value;
};

/// Has `app` apply the flag to `options` for each value that it is given, and note that it was.
void add_flag(CLI::App& app, const Flag& flag, Options& options, std::vector<Given>& given) {
  const std::string name(flag.name);
  const bool takes_value = !flag.metavar.empty();
  CLI::Option* option = takes_value ? app.add_option(name) : app.add_flag(name);
  option->type_name(std::string(flag.metavar))->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  option->each([&flag, &options, &given, option, takes_value](std::string value) {
    if (!takes_value && value != "true") complain(flag, "takes no value");  // CLI11 gives "true" where there is none
    if (!flag.repeats && option->count() > 1) complain(flag, "is given twice");
    if (!option->get_snames().empty() && value.starts_with('=')) value.erase(0, 1);  // CLI11 reads "-k=csv" as "=csv"
    flag.apply(options, value);
    given.push_back({&flag, std::move(value)});
  });
}

/// The arguments in the order that CLI11 wants: the last one first. "--kind=" becomes "--kind" and "", as CLI11 would
/// take the next argument for its value.
std::vector<std::string> reversed(const std::vector<std::string>& args) {
  std::vector<std::string> result;
  for (auto arg = args.rbegin(); arg != args.rend(); ++arg) {
    const bool empty_value = std::ranges::any_of(
        flags(), [&](const Flag& flag) { return !flag.metavar.empty() && *arg == std::string(long_name(flag)) + "="; });
    if (empty_value) result.emplace_back();
    result.push_back(empty_value ? arg->substr(0, arg->size() - 1) : *arg);
  }
  return result;
}

void parse(CLI::App& app, const std::vector<std::string>& args) {
  try {
    app.parse(reversed(args));
  } catch (const CLI::ArgumentMismatch&) {  // the last argument is a flag without its value, perhaps as the k of "-Vk"
    const std::string& last = args.back();
    const CLI::Option* option = app.get_option(last.starts_with("--") ? last : std::string("-") + last.back());
    throw Error(option->get_name() + " needs a value: " + option->get_type_name());
  }
}

/// What is not a flag or its value: models, and the "--" after which there are only models.
void add_models(const std::vector<std::string>& args, Options& options) {
  bool flags_end = false;
  for (const auto& arg : args) {
    if (flags_end || !arg.starts_with('-') || arg == kStdin) {
      options.models.push_back(arg);
    } else if (arg == "--") {
      flags_end = true;
    } else {
      complain_unknown(arg);
    }
  }
}

/// Throws Error where a command stands behind a model, and is no file.
void refuse_late_command(const std::vector<std::string>& words) {
  for (const std::string& word : std::span(words).subspan(1)) {
    std::error_code ignored;
    if (std::ranges::find(commands(), word, &Command::word) == commands().end()) continue;
    if (std::filesystem::exists(to_path(word), ignored)) continue;
    throw Error(formatted("a command stands first: `thoplw {} {}`", word, words.front()));
  }
}

/// A command is a word in the place of the first model.
void set_command(Options& options) {
  std::vector<std::string>& words = options.models;
  options.command = &commands().front();
  for (const Command& command : commands()) {
    if (!words.empty() && words.front() == command.word) options.command = &command;
  }
  const Command& command = *options.command;
  if (!command.word.empty()) {
    words.erase(words.begin());
  } else if (!words.empty()) {
    refuse_slip(words.front(), words.size() == 1);
    refuse_late_command(words);
  }
  if (options.help || options.version) return;
  if (words.empty() && command.least == 1) {
    throw Error("no MODEL is given: name one, such as torchvision:resnet18, or see --help");
  }
  if (words.size() < command.least || words.size() > command.most) {
    const std::string_view are = words.size() == 1 ? "argument is" : "arguments are";
    throw Error(formatted("write `{}`; {} {} given", usage_of(command), words.size(), are));
  }
}

/// "`thoplw train` or `thoplw MODEL`", of the words that spaces separate.
std::string commands_of(std::string_view words) {
  std::vector<std::string> all;
  for (bool more = true; more;) {
    const std::size_t end = words.find(' ');
    const std::string_view word = words.substr(0, end);
    all.push_back(formatted("`thoplw {}`", word.empty() ? "MODEL" : word));
    more = end != std::string_view::npos;
    words.remove_prefix(more ? end + 1 : words.size());
  }
  return formatted("{}", fmt::join(all, ", "));
}

void refuse_others(const Command& command, const std::vector<Given>& given) {
  for (const auto& [flag, value] : given) {
    constexpr auto kFew = 6;
    if (goes_with(*flag, command)) continue;
    if (std::ranges::count(flag->command, ' ') > kFew) {
      throw Error(formatted("{} does not work with `thoplw {}`", long_name(*flag), command.word));
    }
    throw Error(formatted("{} works only with {}", long_name(*flag), commands_of(flag->command)));
  }
}

/// What the command asks for, by its name or by its flags.
void set_question(Options& options, bool of_step, bool of_pass) {
  const std::string_view word = options.command->word;
  if (word == "train") options.question = Question::training;
  if (word == "memory") options.question = Question::memory;
  if (word == "formula" && options.train) options.question = Question::training;
  if (word == "fit") options.question = options.train ? Question::training : Question::memory;
  if ((word == "fit" || word == "formula") && of_step && !options.train) {
    throw Error("some of these flags are of a step of training: add --train, or leave them out");
  }
  if (word == "compare" && (of_step || of_pass)) options.question = Question::training;
  if (word == "check") options.question = question_of(options.budget.limits, of_step, of_pass);
  if (options.lifetimes && options.question != Question::memory && word != "sweep") {
    throw Error("--lifetimes is of a forward's memory: ask for that, as by --max-inference-memory, or leave it out");
  }
}

/// Throws Error where a flag would change nothing beside the others.
void refuse_unheeded(const Options& options, const std::vector<Given>& given) {
  const auto refuse = [&](std::initializer_list<std::string_view> names, const std::string& why) {
    for (const Given& one : given) {
      if (std::ranges::find(names, long_name(*one.flag)) != names.end()) complain(*one.flag, why);
    }
  };
  void (*const command)(Session&) = options.command->run;
  const Renderer* renderer = options.renderer;
  if (command == profile_models && !renderer->columns) {
    refuse({"--columns"}, formatted("is of tables, and {} is none", renderer->name));
  }
  if (renderer && !renderer->numbers) refuse({"--fmt"}, formatted("is of tables, and {} is none", renderer->name));
  if (options.render.by != By::module) refuse({"--depth"}, "is of modules: leave it or --by out");
  if (options.plan.checkpoint.empty()) refuse({"--reentrant"}, "is of --checkpoint: name what is checkpointed");
  if (command == compare_conventions && options.question == Question::training) {
    refuse({"--sort", "--depth", "--top", "--filter", "--convention"},
           "is of the table of a forward: leave it out where a step of training is compared");
  }
}

/// What flags say of a pass goes to Python as text, by their names.
void pass_on(Options& options, const std::vector<Given>& given) {
  for (const auto& [flag, value] : given) {
    const bool of_pass = std::ranges::find(pass_flags(), flag->name, &Flag::name) != pass_flags().end();
    if (!of_pass && flag->name != "--train") continue;
    options.sweep.emplace_back(long_name(*flag).substr(2), value);
  }
}

Options defaults() {
  Options options;
  for (const Flag& flag : flags()) {
    if (!flag.otherwise.empty()) flag.apply(options, std::string(flag.otherwise));
  }
  return options;
}

}  // namespace

Options parse_args(const std::vector<std::string>& args) {
  Options options = defaults();
  std::vector<Given> given;
  CLI::App app;
  app.set_help_flag();  // --help is a row of the table
  app.allow_extras();
  for (const Flag& flag : flags()) {
    if (!by_place(flag)) add_flag(app, flag, options, given);
  }
  parse(app, args);
  add_models(app.remaining(), options);
  set_command(options);
  refuse_others(*options.command, given);
  const std::string_view word = options.command->word;
  const auto any_given = [&](std::string_view commands) {
    return std::ranges::any_of(given, [&](const Given& one) { return one.flag->command == commands; });
  };
  const bool of_step = any_given(kTraining), of_pass = any_given(kPass) || any_given(kBatch);
  options.step_flags = of_step || of_pass || options.lifetimes;
  set_question(options, of_step, of_pass);
  if (options.command->run == sweep_models) pass_on(options, given);
  const auto is_convention = [](const Given& one) { return one.flag->name == "--convention"; };
  options.convention_given = std::ranges::any_of(given, is_convention);
  if (!options.device && word != kLlm && (options.dtype || options.step_seconds > 0)) {
    throw Error(formatted("{} needs --device NAME", options.dtype ? "--dtype" : "--mfu"));
  }
  if (!options.trace_file.empty() && options.models.size() > 1) {
    throw Error("--save-trace takes one MODEL, but " + std::to_string(options.models.size()) + " are given");
  }
  std::error_code ignored;
  if (!options.file.empty() && std::filesystem::is_directory(to_path(options.file), ignored)) {
    throw Error(options.file + " is a folder: name a file in it");
  }
  if (!options.renderer && options.command->run != sweep_models) {
    options.renderer = options.file.empty() ? &find_renderer("text") : &renderer_for_path(options.file);
  }
  refuse_unheeded(options, given);
  return options;
}

Question question_of(const Limits& limits, bool of_step, bool of_pass) {
  const bool training = of_step || limits.any_of(Question::training), memory = limits.any_of(Question::memory);
  if (training && memory) {
    throw Error("limits of a step of training and limits of a forward's memory are two checks: write one for each");
  }
  return memory ? Question::memory : training || of_pass ? Question::training : Question::cost;
}

}  // namespace thoplw::cli

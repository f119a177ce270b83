// `thoplw completion SHELL`: a script that completes commands and flags, from their tables.
#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "base/formatted.h"
#include "base/suggest.h"
#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/session.h"

namespace thoplw::cli {
namespace {

/// "--kind -k".
std::string names_of(const Flag& flag) {
  const bool short_too = flag.name.find(',') != std::string_view::npos;
  return std::string(long_name(flag)) + (short_too ? " " + std::string(flag.name.substr(0, 2)) : "");
}

std::string flags_of(const Command& command) {
  std::string text;
  for (const Flag& flag : flags()) {
    if (!by_place(flag) && goes_with(flag, command)) text += (text.empty() ? "" : " ") + std::string(long_name(flag));
  }
  return text;
}

/// For any of the shells, which all take '\'' for a quote inside. "quoted" would be std::quoted where <iomanip> is
/// there.
std::string in_quotes(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

/// A name of a file may have spaces.
const std::string kBashFiles = R"(IFS=$'\n'; COMPREPLY+=($(compgen -f -- "$word")))";

std::string bash_words(const std::string& words) {
  return formatted(R"(COMPREPLY+=($(compgen -P "${{word%"$last"}}" -W {} -- "$last")))", in_quotes(words));
}

/// A branch for each flag that takes a value: its choices, or files.
std::string bash_values() {
  std::string text;
  for (const Flag& flag : flags()) {
    if (by_place(flag) || flag.metavar.empty()) continue;
    std::string names = names_of(flag);
    std::ranges::replace(names, ' ', '|');
    const std::string choices = flag.choices ? flag.choices() : "";
    text += formatted("    {}) {}; return ;;\n", names, choices.empty() ? kBashFiles : bash_words(choices));
  }
  return text;
}

std::string bash_flags() {
  std::string text;
  for (const Command& command : commands()) {
    text += formatted("    {}) flags={} ;;\n", command.word.empty() ? "*" : command.word, in_quotes(flags_of(command)));
  }
  // The one without a word takes what no other does, so it stands last.
  const std::size_t end = text.find('\n') + 1;
  return text.substr(end) + text.substr(0, end);
}

/// A branch for each command that a word of its own follows.
std::string bash_followers() {
  std::string text;
  for (const Command& command : commands()) {
    if (command.words) text += formatted("    {}) {}; return ;;\n", command.word, bash_words(command.words()));
  }
  return text;
}

std::string bash() {
  return formatted(
      R"(# thoplw: completion for bash. Put it into ~/.local/share/bash-completion/completions/thoplw, or source it.
_thoplw() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}} flags IFS=$' \t\n'
  local last=${{word##*,}}
  COMPREPLY=()
  case $before in
{}  esac
  if [[ $word == -* ]]; then
    case ${{COMP_WORDS[1]}} in
{}    esac
    COMPREPLY=($(compgen -W "$flags" -- "$word"))
    return
  fi
  if ((COMP_CWORD == 1)); then
    {}
  fi
  case ${{COMP_WORDS[1]}} in
{}  esac
  {}
}}
complete -o filenames -F _thoplw thoplw
)",
      bash_values(), bash_flags(), bash_words(command_words()), bash_followers(), kBashFiles);
}

/// Brackets and colons part the fields of zsh's _arguments.
std::string zsh_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':') out += '\\';
    out += c;
  }
  return out;
}

/// A line for each of its names; one that is given, or its other name, is not offered again.
std::string zsh_flag(const Flag& flag) {
  const bool short_too = flag.name.find(',') != std::string_view::npos;
  std::string rest = "[" + zsh_text(flag.doc.substr(0, flag.doc.find(';'))) + "]";
  if (!flag.metavar.empty()) {
    const std::string choices = flag.choices ? flag.choices() : "";
    rest += ":" + zsh_text(flag.metavar) + ":" + (choices.empty() ? "_files" : "(" + choices + ")");
  }
  const auto line = [&](std::string_view name, std::string_view before_value) {
    const std::string when = flag.repeats ? "*" : "(" + names_of(flag) + ")";
    return "    " + in_quotes(formatted("{}{}{}{}", when, name, flag.metavar.empty() ? "" : before_value, rest)) + "\n";
  };
  return line(long_name(flag), "=") + (short_too ? line(flag.name.substr(0, 2), "+") : "");
}

std::string zsh() {
  std::string cases, others;
  for (const Command& command : commands()) {
    const std::string follower = command.words ? formatted("follower='({})'; ", command.words()) : "";
    std::string list;
    for (const Flag& flag : flags()) {
      if (!by_place(flag) && goes_with(flag, command)) list += zsh_flag(flag);
    }
    (command.word.empty() ? others : cases) +=
        formatted("  {}) {}specs=(\n{}  ) ;;\n", command.word.empty() ? "*" : command.word, follower, list);
  }
  std::string described;
  for (const Command& command : commands()) {
    if (command.word.empty()) continue;
    described += "    " + in_quotes(std::string(command.word) + ":" + zsh_text(command.doc)) + "\n";
  }
  return formatted(R"(#compdef thoplw
# thoplw: completion for zsh. Put it as _thoplw into a folder of $fpath.
_thoplw() {{
  local -a specs commands
  local follower=_files
  commands=(
{}  )
  case $words[2] in
{}{}  esac
  _arguments -s "$specs[@]" '1: :{{ _describe command commands; _files }}' "*: :$follower"
}}
_thoplw "$@"
)",
                   described, cases, others);
}

/// Of fish only the quote and the backslash mean something within quotes.
std::string fish_text(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

std::string fish() {
  std::string text = "# thoplw: completion for fish. Put it into ~/.config/fish/completions/thoplw.fish.\n";
  for (const Command& command : commands()) {
    if (command.word.empty()) continue;
    text +=
        formatted("complete -c thoplw -n __fish_use_subcommand -a {} -d {}\n", command.word, fish_text(command.doc));
    if (command.words) {
      text += formatted("complete -c thoplw -n '__fish_seen_subcommand_from {}' -f -a {}\n", command.word,
                        fish_text(command.words()));
    }
  }
  for (const Flag& flag : flags()) {
    if (by_place(flag)) continue;
    std::string when;
    if (!flag.command.empty()) {
      const bool without = goes_with(flag, commands().front());
      std::string with;
      for (const Command& command : commands()) {
        if (!command.word.empty() && goes_with(flag, command)) with += " " + std::string(command.word);
      }
      const std::string seen = "__fish_seen_subcommand_from" + with;
      when = " -n " + fish_text(without ? seen + "; or not __fish_seen_subcommand_from " + command_words() : seen);
    }
    text += formatted("complete -c thoplw{} -l {}", when, long_name(flag).substr(2));
    if (flag.name.find(',') != std::string_view::npos) text += formatted(" -s {}", flag.name.substr(1, 1));
    if (!flag.metavar.empty()) text += " -r";
    if (flag.choices) text += " -f -a " + fish_text(flag.choices());
    text += " -d " + fish_text(flag.doc.substr(0, flag.doc.find(';'))) + "\n";
  }
  return text;
}

struct Shell {
  std::string_view name;
  std::string (*script)();
};
constexpr std::array kShells = {Shell{"bash", bash}, Shell{"zsh", zsh}, Shell{"fish", fish}};

}  // namespace

std::string shell_names() { return thoplw::names_of(kShells); }

void print_completion(Session& session) {
  std::string script = find_named(kShells, "shell", session.options.models.front()).script();
  script.pop_back();  // the end of the last line
  session.show(script);
}

}  // namespace thoplw::cli

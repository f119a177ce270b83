// The manual page, from the tables of commands and flags.
#include <string>

#include "base/formatted.h"
#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/help.h"
#include "thoplw.h"

namespace thoplw::cli {
namespace {

/// A backslash begins a command of roff, and so does a point or a quote at the start of a line; "-" alone is a hyphen.
std::string roff(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
  }
  return out.starts_with('.') || out.starts_with('\'') ? "\\&" + out : out;
}

std::string tagged(std::string_view tag, std::string_view text) {
  return formatted(".TP\n.B {}\n{}\n", roff(tag), roff(text));
}

}  // namespace

std::string manual_page(int) {
  std::string text = formatted(".TH THOPLW 1 \"\" \"thoplw {}\"\n.SH NAME\n", version());
  text += roff("thoplw - what a PyTorch model costs, layer by layer, without running it") + "\n.SH SYNOPSIS\n";
  for (const Command& command : commands()) text += ".B " + roff(usage_of(command)) + "\n.br\n";
  text += ".SH DESCRIPTION\nMODEL is " + roff(flags().front().doc) + "\n.SH COMMANDS\n";
  for (const Command& command : commands()) {
    text += tagged(command.word.empty() ? "(none)" : command.word, command.doc);
  }
  for (const FlagGroup& group : flag_groups()) {
    text += formatted(".SH {}\n", roff(group.title));
    for (const Flag& flag : group.flags) {
      if (!by_place(flag)) text += tagged(usage_of(flag), description(flag));
    }
  }
  return text + ".SH EXIT STATUS\n" + tagged("0", "all is well") +
         tagged("1", "over budget, nothing fits, or not exact with --strict") + tagged("2", "an error");
}

}  // namespace thoplw::cli

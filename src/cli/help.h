// What the command says of itself, in lines as wide as the terminal.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace thoplw::cli {

struct Command;
struct Flag;

/// On one screen: what it does, examples, commands, and the flags that most people need.
std::string help(int columns);

/// Of one command: how it is written, an example, and its flags, in groups.
std::string help_of(const Command& command, int columns);

/// In the help of a command, which need not be named again.
std::string description(const Flag& flag, const Command& command);

/// "-o, --output FILE", with the long names below one another.
std::string usage_of(const Flag& flag);

/// In roff, whatever the width.
std::string manual_page(int columns);

/// Something that `thoplw help` tells of beside the commands.
struct Topic {
  std::string_view name, doc;
  std::string (*text)(int columns);
};
std::span<const Topic> topics();

/// Of a command or a topic by its name. Throws Error with "did you mean".
std::string help_on(const std::string& name, int columns);

/// Lines of at most `columns` with `indent` spaces before each. A word that is longer has a line of its own; lines that
/// the text has already stay apart.
std::string wrapped(std::string_view text, int indent, int columns);

/// What explains `name`, beside it, or below where that is too long.
std::string entry(std::string_view name, std::string_view text, int column, int columns);

}  // namespace thoplw::cli

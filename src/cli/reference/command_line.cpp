// docs/cli.md: the help, and the tables of flags, kinds of output, formats of numbers and columns.
#include <string>

#include "cli/flags.h"
#include "cli/help.h"
#include "cli/reference/markdown.h"
#include "cli/reference/pages.h"

namespace thoplw::cli {

using namespace markdown;

std::string command_line_page() {
  std::string text = "# Command line\n\n```\n" + help(100) + "```\n\n## Flags\n";
  for (const FlagGroup& group : flag_groups()) {
    text += formatted("\n### {}\n\n", group.title) + header({"Flag", "Value", "What"});
    for (const Flag& flag : group.flags) text += row({code(flag.name), code(flag.metavar), description(flag)});
  }
  text += "\n## Kinds\n\n" + header({"Name", "Suffixes", "What"});
  for (const auto& renderer : renderers()) text += row({code(renderer.name), code(renderer.suffixes), renderer.doc});
  text += "\n## Formats of numbers\n\n" + header({"Name", "What"});
  for (const auto& format : number_formats()) text += row({code(format.name), format.doc});
  text += "\n## Columns\n\n" + header({"Name", "Title"});
  for (const auto& column : columns()) text += row({code(column.name), title(column, Unit::mac)});
  return text;
}

}  // namespace thoplw::cli

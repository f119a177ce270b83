// What help says on narrow, usual and wide terminals, against golden files; THOPLW_RECORD=1 records them anew.
#include "cli/help.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>

#include "base/formatted.h"
#include "base/golden_test.h"
#include "cli/commands.h"
#include "render/table/width.h"

namespace thoplw::cli {

TEST_CASE("help has a golden file for narrow, usual and wide terminals, and gives it") {
  for (const int columns : {60, 80, 120}) {
    check_golden(formatted("help.{}.txt", columns), help(columns));
    for (const std::string name : {"compare", "sweep", "columns"}) {
      check_golden(formatted("help-{}.{}.txt", name, columns), help_on(name, columns));
    }
  }
}

TEST_CASE("no line of help is wider than the terminal, of any command or topic") {
  const auto widest = [](const std::string& text) {
    std::size_t width = 0;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) width = std::max(width, display_width(line));
    return width;
  };
  for (const int columns : {60, 80, 120}) {
    CAPTURE(columns);
    CHECK(widest(help(columns)) <= static_cast<std::size_t>(columns));
    for (const Command& command : commands()) {
      CAPTURE(command.word);
      CHECK(widest(help_of(command, columns)) <= static_cast<std::size_t>(columns));
    }
    for (const Topic& topic : topics()) {
      CAPTURE(topic.name);
      if (topic.name != "man") CHECK(widest(topic.text(columns)) <= static_cast<std::size_t>(columns));
    }
  }
}

TEST_CASE("an example that is too long for a line can be pasted all the same") {
  const std::string text = help_of(*std::ranges::find(commands(), "llm", &Command::word), 60);
  CHECK(text.find("\nExample: thoplw llm transformers:LlamaForCausalLM \\\n"
                  "         --context 8192 --batch 16 --device h100\n") != std::string::npos);
}

}  // namespace thoplw::cli

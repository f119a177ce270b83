// Tests of what commands write on terminals of several widths.
#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>

#include "cli/outcome_test.h"
#include "render/table/width.h"

namespace thoplw::cli {
namespace {

/// What the command writes on a terminal of so many columns, for the linear layer, line by line.
std::vector<std::string> lines_on(int columns, const std::vector<std::string>& args) {
  std::ostringstream out, err;
  const Terminal terminal{.out = out, .err = err, .screen = {.columns = columns}};
  const Opener open = [](const ModelRequest& request) {
    return linear_layer(std::max<std::int64_t>(request.sizes.batch, 1), false);
  };
  REQUIRE(run(args, open, terminal) == 0);
  REQUIRE(err.str() == "");
  std::vector<std::string> lines;
  std::istringstream in(out.str());
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

}  // namespace

TEST_CASE("lists and formulas are not wider than the terminal, and names of devices stand there whole") {
  for (int columns = 56; columns < 200; columns += 12) {
    CAPTURE(columns);
    for (const std::vector<std::string>& args :
         {std::vector<std::string>{"conventions"}, {"devices"}, {"formula", "net.py:net", "--vary", "batch"}}) {
      const auto lines = lines_on(columns, args);
      for (const std::string& line : lines) {
        if (line.empty()) break;  // below are notes
        CAPTURE(line);
        CHECK(display_width(line) <= static_cast<std::size_t>(columns));
      }
      if (args[0] == "devices") {
        CHECK(std::ranges::any_of(lines, [](const auto& line) { return line.starts_with("| rtx-4070-ti-super "); }));
      }
    }
  }
}

TEST_CASE("lists for another program have long lines") {
  CHECK(lines_on(0, {"conventions"}).size() < lines_on(80, {"conventions"}).size());
  CHECK(lines_on(0, {"devices"}).front().find("| Flash") != std::string::npos);
}

}  // namespace thoplw::cli

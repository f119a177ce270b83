// Tests that the reference pages leave no row of a table out.
#include "cli/reference/pages.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <iterator>

#include "base/formatted.h"
#include "cli/flags.h"
#include "conventions/class_formulas.h"

namespace thoplw::cli {
namespace {

template <typename Rows>
void check_named(const std::string& page, const Rows& rows) {
  for (const auto& row : rows) {
    CAPTURE(row.name);
    CHECK(page.find("`" + std::string(row.name) + "`") != std::string::npos);
  }
}

}  // namespace

TEST_CASE("the reference has a line for every row of every table") {
  check_named(command_line_page(), flags());
  check_named(command_line_page(), renderers());
  check_named(command_line_page(), number_formats());
  check_named(command_line_page(), columns());
  check_named(operators_page(), rules());
  for (const Convention* convention : conventions()) {
    CHECK(conventions_page().find(formatted("\n## {}\n\n", convention->name)) != std::string::npos);
    for (const auto& rule : convention->class_rules) CHECK(conventions_page().find(rule.cls) != std::string::npos);
  }
}

TEST_CASE("one empty line is enough between what is on a page") {
  for (const Page& page : pages()) {
    CAPTURE(page.name);
    const std::string text = page.text();
    const auto gap = text.find("\n\n\n");
    CHECK_MESSAGE(gap == std::string::npos, text.substr(std::min(gap, text.size()), 80));
    CHECK_FALSE(text.ends_with("\n\n"));
  }
}

TEST_CASE("the page of conventions begins with our own, the default first") {
  const std::string page = conventions_page();
  const std::string own[] = {"\n## thoplw\n", "\n## exact\n", "\n## flops\n", "\n## calflops\n"};
  for (std::size_t i = 0; i + 1 < std::size(own); ++i) CHECK(page.find(own[i]) < page.find(own[i + 1]));
}

TEST_CASE("what a class rule of our own counts is said") {
  for (const Convention* convention : conventions()) {
    if (convention->is_tool()) continue;
    for (const ClassRule& rule : convention->class_rules) CHECK_FALSE(class_cost::in_words(rule.cost).empty());
  }
}

}  // namespace thoplw::cli

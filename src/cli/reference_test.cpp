// Tests that the reference pages leave no row of a table out.
#include "cli/reference.h"

#include <doctest/doctest.h>

#include "cli/flags.h"

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
  check_named(cli_reference(), flags());
  check_named(cli_reference(), renderers());
  check_named(cli_reference(), number_formats());
  check_named(cli_reference(), columns());
  check_named(operators_reference(), rules());
  const std::string page = conventions_reference();
  for (const Convention* pointer : conventions()) {
    const Convention& convention = *pointer;
    CHECK(page.find("\n## " + std::string(convention.name) + "\n\n" + std::string(convention.doc)) !=
          std::string::npos);
    for (const auto& rule : convention.class_rules) CHECK(page.find(rule.cls) != std::string::npos);
  }
}

}  // namespace thoplw::cli

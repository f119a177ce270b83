// The table of reference pages, and the command that prints one.
#include "cli/reference/pages.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/formatted.h"
#include "base/suggest.h"
#include "cli/commands.h"
#include "cli/session.h"

namespace thoplw::cli {
namespace {

constexpr auto kPages = std::to_array<Page>({
    {"cli", "commands, flags, kinds of output, formats of numbers, columns", command_line_page},
    {"conventions", "what each convention counts, and how to write your own", conventions_page},
    {"devices", "what devices can do at most, with sources, and how to add your own", devices_page},
    {"operators", "what each operator counts", operators_page},
});

std::string text_of(const Page& page) {
  std::string text = formatted(
                         "<!-- Printed by `thoplw reference {}` from the tables in src/: edit those, then run "
                         "`make docs`. -->\n",
                         page.name) +
                     page.text();
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

std::string list() {
  std::string text;
  for (const Page& page : kPages) {
    text += formatted("{}{:<11}  {}", text.empty() ? "" : "\n", page.name, page.doc);
  }
  return text;
}

const Page& find_page(const std::string& name) {
  const auto page = std::ranges::find(kPages, name, &Page::name);
  if (page != kPages.end()) return *page;
  std::vector<std::string_view> known;
  for (const Page& one : kPages) known.push_back(one.name);
  throw Error(did_you_mean("page", name, known));
}

}  // namespace

std::span<const Page> pages() { return kPages; }

std::string page_names() { return names_of(kPages); }

void print_reference(Session& session) {
  const std::vector<std::string>& names = session.options.models;
  session.show(names.empty() ? list() : text_of(find_page(names.front())));
}

}  // namespace thoplw::cli

// The pages of docs/ that `thoplw reference` prints, in Markdown, from the tables that the program itself runs on.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace thoplw::cli {

struct Page {
  std::string_view name;  ///< docs/NAME.md
  std::string_view doc;
  std::string (*text)();
};

std::span<const Page> pages();

std::string command_line_page();
std::string conventions_page();
std::string devices_page();
std::string operators_page();

}  // namespace thoplw::cli

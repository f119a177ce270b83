// The reference pages in Markdown, written from the tables that the program itself runs on.
#pragma once

#include <string>

namespace thoplw::cli {

std::string cli_reference();          ///< every flag, format and column
std::string operators_reference();    ///< every operator and the work that it counts as
std::string conventions_reference();  ///< every convention: prices and classes with a rule of their own

}  // namespace thoplw::cli

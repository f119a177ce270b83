// The files of this folder, which cmake/Embed.cmake puts into the library.
#pragma once

#include <string_view>

namespace thoplw::page {

extern const std::string_view frame;   ///< report.html
extern const std::string_view style;   ///< report.css
extern const std::string_view script;  ///< the .js files, one after the other

}  // namespace thoplw::page

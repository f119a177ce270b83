// Rendered text into a file.
#pragma once

#include <string>

namespace thoplw {

/// Throws Error("cannot write '<path>': <reason>").
void write_file(const std::string& path, const std::string& text);

}  // namespace thoplw

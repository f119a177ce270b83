// Rendered text into a file.
#pragma once

#include <string>

namespace thoplw {

/// All or nothing: where it fails, an older file of that name stays as it was. Throws Error("cannot write '<path>':
/// <reason>").
void write_file(const std::string& path, const std::string& text);

}  // namespace thoplw

// Paths as texts: in UTF-8 on Windows, and elsewhere the bytes that the system has.
#pragma once

#include <filesystem>
#include <string>

namespace thoplw {

/// On Windows a path made of a std::string would be read in the machine's code page.
std::filesystem::path to_path(const std::string& text);
std::string to_text(const std::filesystem::path& path);

}  // namespace thoplw

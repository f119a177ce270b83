// Names files that thoplw does not read, and says what to do instead.
#pragma once

#include <string>
#include <string_view>

namespace thoplw {

/// What a file of another kind is and the cure, "a GGUF file ...: ..."; empty where nothing is known of it.
/// `by_content` leaves the name out of account: a pointer or a page may have any name.
std::string foreign_by_content(std::string_view bytes);
std::string foreign_by_suffix(std::string_view path);

/// The same of Python code, with the classes and functions that are in it.
std::string python_file(std::string_view path, std::string_view code);

}  // namespace thoplw

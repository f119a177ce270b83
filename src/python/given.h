// Converts what users give to the extension module, or raises an Error that names it.
#pragma once

#include <nanobind/nanobind.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace thoplw::given {

namespace nb = nanobind;

/// A value as Python shows it, for a message.
std::string shown(nb::handle value);

/// Throws Error("kind must be a str, not b'csv'").
std::string text(nb::handle value, const char* name);
std::optional<std::string> text_or_none(nb::handle value, const char* name);

/// Throws Error where it is no integer, is less than `least` or exceeds 64 bits; a bool is none.
std::optional<std::int64_t> number_or_none(nb::handle value, const char* name, std::int64_t least);

/// One that is 1 or more, and 1 for None; throws Error where it is too large for anything that is counted so.
std::uint32_t count(nb::handle value, const char* name);

bool flag(nb::handle value, const char* name);

/// Throws Error where it is no number of 0 to 1.
double share(nb::handle value, const char* name);

/// One text, or several.
std::vector<std::string> texts(nb::handle value, const char* name);

/// Any path that Python takes: str, bytes, os.PathLike; in bytes, as the system has it.
std::string path(nb::handle value);

/// The type whose message is harmless, whoever makes one of it: thoplw.Error.
nb::object make_error_class(const char* doc);

}  // namespace thoplw::given

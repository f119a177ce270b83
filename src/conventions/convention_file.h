// Conventions of users, from TOML files. See docs/conventions.md.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "conventions/convention.h"

namespace thoplw {

/// A convention by its name, or by the path of a file whose name ends with .toml.
/// Throws Error("paper.toml:7: prices.norms: unknown kind of work 'norms'; did you mean 'norm'? known: ...").
std::shared_ptr<const Convention> open_convention(const std::string& name_or_path);

/// The text of the file that is named; nothing where a convention of our own is.
std::optional<std::string> convention_text(const std::string& name_or_path);

/// Of a file's text; `path` is for messages, and names the convention where the text does not.
std::shared_ptr<const Convention> parse_convention(const std::string& path, std::string_view text);

}  // namespace thoplw

// What people type who know other tools, and what they mean by it.
#pragma once

#include <string>
#include <string_view>

namespace thoplw::cli {

/// Throws Error where the word in the place of a command is the slip of one, or another tool's. `alone`: nothing
/// follows.
void refuse_slip(const std::string& word, bool alone);

/// The flag that is called otherwise here: "--kind" for "--format"; empty where none is known.
std::string_view other_name(std::string_view flag);

}  // namespace thoplw::cli

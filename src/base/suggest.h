// Guesses what a user meant by a name that is in no table.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace thoplw {

/// The known name nearest to `word`; empty if none is near.
std::string_view nearest_name(std::string_view word, std::span<const std::string_view> known);

/// "unknown convention 'exakt'; did you mean 'exact'? known: exact thoplw", for a `given` that is not among `known`.
/// If no name is near, without the question.
std::string did_you_mean(std::string_view what, std::string_view given, std::span<const std::string_view> known);

}  // namespace thoplw

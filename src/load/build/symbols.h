// Symbolic sizes: expressions as exporters write them, evaluated for the sizes that a user names.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace thoplw {

/// Values of symbols by name.
using Symbols = std::map<std::string, std::int64_t, std::less<>>;

/// The symbols in "Mul(Integer(2), Symbol('s44', positive=True))", "2*s44 + 1" or "batch*seq"; each once, in order.
/// Throws Error where the text is no expression that is understood.
std::vector<std::string> symbols_in(std::string_view expression);

/// Its value; nothing where it has a symbol that is not in `symbols`. Throws Error where it is not understood, divides
/// by zero or leaves 64 bits.
std::optional<std::int64_t> evaluate(std::string_view expression, const Symbols& symbols);

/// The value of its one symbol for which it is `value`: 2*s44 = 6 gives s44 = 3. Nothing where there is none, where it
/// has several symbols or is not linear.
std::optional<std::pair<std::string, std::int64_t>> solve(std::string_view expression, std::int64_t value);

}  // namespace thoplw

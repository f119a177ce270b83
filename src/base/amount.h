// Numbers as people write them: "4.09G", "12_000_000", "1%".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/count.h"

namespace thoplw {

/// A number taken apart: "1_024.5 GFLOPs" is "1024.5", 9 and "FLOPs".
struct Written {
  std::string digits;  ///< without "_", perhaps with a point
  int power = 0;       ///< of ten, by an exponent ("e9") and a letter: k, K, M, G, B (billion), T, P
  std::string rest;    ///< what follows
};
Written take_apart(std::string_view text);

/// Takes the decimal number that the text starts with off the text; nothing if there is none, or it is not finite.
std::optional<double> take_real(std::string_view& text);

/// Exactly: "1.1G" is 1100000000. Throws Error if that is not a whole number, or too large for a Count.
Count parse_amount(std::string_view text);

/// Bytes: a number as parse_amount reads it, perhaps with a B behind it, in powers of 1000; or in powers of 1024, as in
/// "24GiB". Throws Error("'24X' is not ...").
Count parse_bytes(std::string_view text);

/// A time in picoseconds: "2ms", "1.5 s", "40us". Throws Error("'2 minutes' is not a time; ...").
Count parse_time(std::string_view text);

/// A share of something, exactly: "1%", "0.5%".
struct Percent {
  std::uint64_t digits = 0;  ///< of "0.5": 5
  std::uint64_t per = 100;   ///< what these are parts of: 1000
};

/// Throws Error if it is not a percentage, or more than 1000000%.
Percent parse_percent(std::string_view text);

/// The greatest whole number that is not more than `base` and that much on top. Throws Error beyond 2^64.
Count plus(Count base, Percent percent);

}  // namespace thoplw

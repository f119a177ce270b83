// Numbers as text: the one place that writes a count raw, in units of 1000, or as a share.
#pragma once

#include <cstdint>
#include <string>

#include "render/options.h"
#include "report/measure.h"

namespace thoplw {

/// 1824010216 with "%.3f" -> "1.824 G". Throws Error where `format` is no printf format of one real number.
std::string clever_format(Count value, const std::string& format = "%6.2f");

/// `amount` in the wanted format; `total` is what its share is of.
std::string number_text(Amount amount, Count total, NumberFormat numbers);

/// " 6.34 %": of what was counted.
std::string share_text(Count part, Count whole);

/// A change: with its sign, as a share of `base`, and not padded.
std::string signed_text(std::int64_t amount, Count base, NumberFormat numbers, bool seconds = false);

/// Picoseconds: "12.35 us", "1.204 s".
std::string time_text(Count picoseconds);

/// "12.3", "0.042": of what is 0 for each, nothing.
std::string quotient_text(Count of, Count per);

/// Without the spaces before it that line numbers up in a table.
std::string unpadded(const std::string& number);

/// 115605504 -> "115.61 M".
std::string short_number(Amount amount);

/// 115605504 -> "115,605,504".
std::string grouped(Amount amount);

}  // namespace thoplw

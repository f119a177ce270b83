// Reports that were written as JSON, read again.
#pragma once

#include <string>
#include <string_view>

#include "report/report.h"

namespace thoplw {

/// The value of "format" that a saved report begins with.
constexpr std::string_view kSavedFormat = "thoplw report 1";

/// What the `json` renderer made of a report gives that report again, but for bytes of names that are not UTF-8: they
/// were written as U+FFFD. One that was written sorted has the rows of each module in that order.
/// Throws Error("report.json: rows[3].macs: why"); `path` is for messages.
Report read_report(const std::string& path, std::string_view text);

/// One record of a report alone, as the `json` renderer writes it.
Row read_row(std::string_view text);
Step read_step(std::string_view text);
Uncounted read_uncounted(std::string_view text);

}  // namespace thoplw

// Two reports, row by row: what is new, what is gone, what has another name, and what costs more or less.
#pragma once

#include <string_view>
#include <vector>

#include "report/report.h"

namespace thoplw {

/// A module before and after; one of the two is kNone where it is new or gone.
struct RowPair {
  Id before = kNone;  ///< index of its row there
  Id after = kNone;

  bool operator==(const RowPair&) const = default;
};

/// Each row of both reports is in one pair, so the changes of all pairs add up to the change of the totals.
struct Diff {
  Report before, after;
  std::vector<RowPair> pairs;  ///< in the order of `after`, what is gone where it was

  const Row* before_of(const RowPair& pair) const;  ///< null where it is new
  const Row* after_of(const RowPair& pair) const;   ///< null where it is gone

  bool operator==(const Diff&) const = default;
};

/// What happened to a module.
enum class Fate : std::uint8_t { same, changed, renamed, added, gone };

std::string_view name(Fate fate);  ///< "unchanged", "changed", "renamed", "new", "gone"

/// "renamed" goes before "changed": such a row may cost something else too.
Fate fate(const Diff& diff, const RowPair& pair);

/// Modules are matched by their path; then those that were renamed: of the same class, shapes and counts, inside of the
/// same module, or under another prefix. Throws Error where the reports were counted in different ways.
Diff diff(Report before, Report after);

}  // namespace thoplw

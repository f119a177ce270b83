// What a model may cost, and which of its modules are to blame where it costs more.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/amount.h"
#include "report/report.h"

namespace thoplw {

/// How much of each measure a model may have, and no more.
struct Limits {
  std::array<std::optional<Count>, kMeasures> most{};
  std::optional<Count> memory;            ///< bytes at the peak of a training step
  std::optional<Count> inference_memory;  ///< bytes at the peak of a forward

  std::optional<Count>& operator[](Measure measure) { return most[static_cast<std::size_t>(measure)]; }
  const std::optional<Count>& operator[](Measure measure) const { return most[static_cast<std::size_t>(measure)]; }
  bool any() const;
  bool any_of(Question question) const;  ///< that only reports have that answer it
};

struct Budget {
  Limits limits;
  Percent growth;  ///< over the baseline, if there is one
};

/// A row that adds to what is too much.
struct Blame {
  std::string path, cls;
  Count amount;
  std::int64_t growth = 0;  ///< since the baseline
};

enum class Standing : std::uint8_t {
  within,
  over,
  unknown,  ///< what is counted is within, but it is a lower bound
};

/// How much of one limit is used.
struct Use {
  std::string_view what;         ///< "MACs", "FLOPs" or "params"
  std::string_view blamed = "";  ///< what rows have of it; empty: the same
  Count used;
  bool exact = true;
  bool seconds = false;  ///< are they picoseconds?
  Count most;
  std::optional<Count> baseline;  ///< what the limit comes from, if not from the user
  std::vector<Blame> blame;       ///< if it is over: the costliest rows, or those that grew most

  Standing standing() const { return used > most ? Standing::over : exact ? Standing::within : Standing::unknown; }
};

struct Verdict {
  std::string model;
  std::string error;               ///< why there is none, if there is none
  std::vector<Use> uses;           ///< one per limit
  std::vector<std::string> notes;  ///< what is not known
};

/// The worst of what is used: over, unknown, within.
Standing standing(const Verdict& verdict);

/// Throws Error where the baseline was counted in another way, or there is neither a limit nor a baseline.
Verdict check(const Report& report, const Budget& budget, const Report* baseline);

}  // namespace thoplw

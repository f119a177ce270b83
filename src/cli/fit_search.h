// Looks for the largest value of a size of the inputs at which a model fits into a given memory.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "base/count.h"
#include "report/report.h"

namespace thoplw::cli {

/// Reports at this or that value, each counted once.
class Tries {
 public:
  /// `count` throws Error where the model does not take the value.
  explicit Tries(std::function<Report(std::int64_t)> count) : count_(std::move(count)) {}

  const Report& with(std::int64_t value);
  Count peak(std::int64_t value) { return with(value).memory()->peak; }

 private:
  std::function<Report(std::int64_t)> count_;
  std::map<std::int64_t, Report> reports_;
};

/// Values are `least`, and whole steps above it, up to `most`.
struct Range {
  std::int64_t least = 1, step = 1, most = 1 << 24;
};

struct Largest {
  std::int64_t fits = 0;               ///< 0: none does
  std::optional<std::int64_t> next{};  ///< the next value; none: `fits` is the most that is tried
  std::string refused{};               ///< why the model does not take the next value; empty: it does, and does not fit
};

/// Memory is nearly affine in the size, so a guess from two values is tried, and then narrowed. The value found was
/// counted, and so was the next. Throws Error where the model does not take the least value.
Largest find_largest(Tries& tries, Range range, Count memory);

}  // namespace thoplw::cli

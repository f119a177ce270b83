// One trace under several conventions, and where their differences come from.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "report/report.h"

namespace thoplw {

struct Convention;
struct Trace;

/// A part of the difference between two totals. The parts of a difference add up to it.
struct Part {
  std::string_view what;  ///< a kind of work; "x2": FLOPs of a multiply-add; "batch": samples but one
  std::int64_t amount = 0;
  std::vector<Id> rows;  ///< in which it arises

  bool operator==(const Part&) const = default;
};

struct Comparison {
  std::vector<Report> reports;           ///< one per convention, as asked for
  std::size_t base = 0;                  ///< of the reports, the one to which the others are compared
  std::vector<std::vector<Part>> parts;  ///< by report; none for the base
  std::vector<std::string> notes;        ///< which conventions are left out, as they cannot price the model

  bool operator==(const Comparison&) const = default;
};

/// Throws Error where a total is beyond 2^63.
Comparison compare(const Trace& trace, std::span<const Convention* const> conventions, const Convention& base);

}  // namespace thoplw

// Counts once per convention, and takes the difference of two costs apart by the kind of work that they pay.
#include "count/compare.h"

#include <algorithm>

#include "base/formatted.h"
#include "base/overflow.h"
#include "conventions/convention.h"
#include "count/count.h"

namespace thoplw {
namespace {

constexpr std::string_view kDoubled = "x2", kBatch = "batch";

bool is_product(std::size_t kind) {
  return kind == static_cast<std::size_t>(Kind::contraction) || kind == static_cast<std::size_t>(Kind::attention);
}

/// What the row would cost if a multiply-add counted once.
Count single(const Report& report, const Row& row, std::size_t kind) {
  const Count cost = row.cost.by_kind[kind];
  return report.unit == Unit::flop && is_product(kind) ? Count(cost.value() / 2) : cost;
}

Count doubled(const Report& report, const Row& row) {
  Count sum = 0;
  for (std::size_t kind = 0; kind < kKinds; ++kind) sum += row.cost.by_kind[kind] - single(report, row, kind);
  return sum;
}

/// What the convention takes off for it counts a single sample.
Count other_samples(const Report&, const Row& row) { return row.cost.sum() - row.own[Measure::macs]; }

/// The sum over all rows of what the second report has more of than the first.
template <class Amount>
void add_part(std::vector<Part>& parts, std::string_view what, const Report& a, const Report& b, Amount amount) {
  Part part{what, 0, {}};
  for (std::size_t i = 0; i < a.rows.size(); ++i) {
    const std::int64_t more = difference(amount(a, a.rows[i]), amount(b, b.rows[i]));
    if (more == 0) continue;
    part.rows.push_back(static_cast<Id>(i));
    if (add_overflows(part.amount, more, part.amount)) throw Error("the difference exceeds 2^63");
  }
  if (!part.rows.empty()) parts.push_back(std::move(part));
}

std::vector<Part> parts_of(const Report& a, const Report& b) {
  std::vector<Part> parts;
  add_part(parts, kDoubled, a, b, doubled);
  for (std::size_t kind = 0; kind < kKinds; ++kind) {
    add_part(parts, kKindNames[kind], a, b,
             [kind](const Report& report, const Row& row) { return single(report, row, kind); });
  }
  add_part(parts, kBatch, b, a, other_samples);
  return parts;
}

}  // namespace

Comparison compare(const Trace& trace, std::span<const Convention* const> conventions, const Convention& base) {
  Comparison comparison;
  for (const Convention* convention : conventions) {
    if (convention == &base) comparison.base = comparison.reports.size();
    try {
      comparison.reports.push_back(count(trace, *convention));
    } catch (const Error& error) {
      if (convention == &base) throw;
      comparison.notes.push_back(formatted("{} is left out: {}", convention->name, error.what()));
    }
  }
  if (std::ranges::find(conventions, &base) == conventions.end()) {
    comparison.reports.insert(comparison.reports.begin(), count(trace, base));
  }
  const Report& from = comparison.reports[comparison.base];
  for (const Report& report : comparison.reports) {
    comparison.parts.push_back(&report == &from ? std::vector<Part>() : parts_of(from, report));
  }
  return comparison;
}

}  // namespace thoplw

// Prices a trace by every convention, in the units and per batch or sample, and sorts by nearness to a quoted number.
#include "count/explain.h"

#include <algorithm>
#include <cmath>

#include "base/amount.h"
#include "conventions/convention.h"
#include "count/count.h"

namespace thoplw {
namespace {

class Readings {
 public:
  explicit Readings(const Quoted& quoted) : quoted_(quoted) {}

  void add(const Report& report, const std::string& what, double value) {
    if (value <= 0) return;
    const bool matches = value >= quoted_.least && value <= quoted_.most;
    found_.push_back({report.convention, what, value, matches, std::abs(quoted_.value - value) / value});
  }

  std::vector<Reading> sorted() && {
    std::ranges::stable_sort(found_, {}, &Reading::distance);
    std::stable_partition(found_.begin(), found_.end(), [](const Reading& reading) { return reading.matches; });
    return std::move(found_);
  }

 private:
  const Quoted& quoted_;
  std::vector<Reading> found_;
};

}  // namespace

// The last digit that is written was rounded: half of it either way.
Quoted parse_quoted(std::string_view text) {
  const std::string shown(text);
  const Written written = take_apart(text);
  const std::string& digits = written.digits;
  Quoted quoted;
  std::string_view rest = digits;
  quoted.value = take_real(rest).value_or(0);
  if (!rest.empty() || !(quoted.value > 0)) {
    throw Error("'" + shown + "' is not a count; write one such as 4.09G, 25.6M or 1824010216");
  }
  constexpr std::string_view kUnits[] = {"", "MAC", "MACs", "FLOP", "FLOPs", "FLOPS", "Flops", "params", "parameters"};
  if (std::ranges::find(kUnits, written.rest) == std::end(kUnits)) {
    throw Error("'" + shown + "' ends in '" + written.rest + "'; write a count such as 4.09G or 4.09 GFLOPs");
  }
  const auto dot = digits.find('.');
  const auto decimals = dot == std::string::npos ? 0 : static_cast<int>(digits.size() - dot - 1);
  const double factor = std::pow(10, written.power);
  const double half = written.power == 0 && decimals == 0 ? 0 : 0.5 * std::pow(10, -decimals) * factor;
  quoted.value *= factor;
  quoted.least = quoted.value - half;
  quoted.most = quoted.value + half;
  return quoted;
}

std::vector<Reading> readings(const Trace& trace, const Quoted& quoted, std::int64_t batch) {
  Readings found(quoted);
  for (const Convention* convention : conventions()) {
    const Report report = count(trace, *convention);
    const bool flops = report.unit == Unit::flop;
    const auto total = static_cast<double>(report.total[Measure::macs].value());
    const std::string unit(words(Measure::macs, report.unit));
    found.add(report, unit, total);
    found.add(report, flops ? "FLOPs / 2" : "MACs x 2", flops ? total / 2 : total * 2);
    found.add(report, "parameters", static_cast<double>(report.total[Measure::params].value()));
    if (batch < 2) continue;
    const double sample = total / static_cast<double>(batch);
    found.add(report, unit + " of one sample", sample);
    found.add(report, (flops ? "FLOPs / 2" : "MACs x 2") + std::string(" of one sample"),
              flops ? sample / 2 : sample * 2);
  }
  return std::move(found).sorted();
}

}  // namespace thoplw

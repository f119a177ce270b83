// Turns work into time for arithmetic, and traffic into time for memory; of each operator the longer of both counts.
#include "count/times.h"

#include <algorithm>
#include <set>
#include <stdexcept>

#include "base/formatted.h"
#include "base/wide.h"
#include "count/count.h"
#include "count/op_work.h"
#include "count/traffic.h"
#include "operators/rule.h"
#include "operators/work/formulas.h"
#include "trace/usage.h"
#include "variants/types.h"

namespace thoplw {
namespace {

/// How tensors of a number type are held; four bits are four bits.
DType held_as(NumberType type) {
  switch (type) {
    case NumberType::fp64:
      return DType::f64;
    case NumberType::fp32:
    case NumberType::tf32:
      return DType::f32;
    case NumberType::fp16:
      return DType::f16;
    case NumberType::bf16:
      return DType::bf16;
    case NumberType::fp8:
      return DType::f8e4m3;
    case NumberType::int8:
      return DType::qi8;
    case NumberType::fp4:
    case NumberType::int4:
    case NumberType::count_:
      break;
  }
  return DType::f4;
}

/// The type that products of an operator are computed in: that of its first floating or quantized input.
DType type_of(const Trace& trace, const Op& op) {
  for (const Id id : op.in) {
    if (id == kNone) continue;
    const DType type = at(trace.values, id).dtype;
    if (is_floating(type) || !is_integral(type)) return type;
  }
  for (const Id id : op.in) {
    if (id != kNone) return at(trace.values, id).dtype;
  }
  return DType::other;
}

class Times {
 public:
  Times(const Target& target, const Trace& trace, Report& report)
      : target_(target), trace_(trace), report_(report), weights_(made_of_weights(trace)) {
    for (const std::string& name : trace.op_names) rules_.push_back(find_rule(name));
  }

  void add(const TraceTraffic& traffic) {
    for (std::size_t i = 0; i < trace_.ops.size(); ++i) add_op(trace_.ops[i], traffic.ops[i]);
    for (const Measure measure : {Measure::arithmetic_time, Measure::memory_time, Measure::time}) know(measure);
    add_whole(traffic);
  }

 private:
  void know(Measure measure) {
    report_.known.set(static_cast<std::size_t>(measure));
    for (Row& row : report_.rows) row.known.set(static_cast<std::size_t>(measure));
  }

  /// Multiply-adds of products; none where no rule says how many.
  std::optional<Count> products(const Op& op) const {
    const Rule* rule = at(rules_, op.name);
    if (!rule && !Trace::attr(op, "flops")) return std::nullopt;
    if (rule && !rule->formula.computes()) return 0;
    try {
      return work_of(trace_, op, rule ? rule->formula : work::registered, weights_).products();
    } catch (const work::NotCounted&) {
      return std::nullopt;
    }
  }

  void add_op(const Op& op, const Traffic& traffic) {
    const Id module = op.call == kNone ? 0 : at(trace_.calls, op.call).module;
    const Count times = op.call == kNone ? Count(1) : at(trace_.calls, op.call).times;
    Row& row = at(report_.rows, module);
    const std::optional<Count> macs = products(op);
    Count arithmetic = 0;
    bool exact = macs.has_value() && traffic.exact;
    if (macs && *macs > 0) {
      const std::uint64_t peak = rate(target_, type_of(trace_, op));
      if (peak == 0) {
        exact = false;
        untimed_.insert(std::string(target_.type ? name(*target_.type) : name(type_of(trace_, op))));
      } else {
        arithmetic = picoseconds(*macs * 2, peak);
        whole_ += arithmetic * times;
      }
    }
    const Count memory = picoseconds(traffic.bytes(), target_.device->bandwidth);
    if (!exact) lower_bound(row);
    if (arithmetic == 0 && memory == 0) return;
    OpMoves& all = moves_of(trace_, op, places_, report_);
    for (Amounts* own : {&row.own, &all.own}) {
      (*own)[Measure::arithmetic_time] += arithmetic * times;
      (*own)[Measure::memory_time] += memory * times;
      (*own)[Measure::time] += std::max(arithmetic, memory) * times;
    }
  }

  void lower_bound(Row& row) {
    for (const Measure measure : {Measure::arithmetic_time, Measure::memory_time, Measure::time}) {
      row.least.set(static_cast<std::size_t>(measure));
      report_.least.set(static_cast<std::size_t>(measure));
    }
    whole_exact_ = false;
  }

  void add_whole(const TraceTraffic& traffic) {
    const Device& device = *target_.device;
    Timing timing;
    timing.device = device.name;
    timing.title = device.title;
    if (target_.type) timing.type = name(*target_.type);
    timing.arithmetic = whole_;
    timing.arithmetic_exact = whole_exact_;
    timing.bytes = traffic.least;
    timing.memory = picoseconds(traffic.least, device.bandwidth);
    timing.memory_known = device.bandwidth > 0;
    timing.untimed.assign(untimed_.begin(), untimed_.end());
    report_.timing = std::move(timing);
  }

  const Target& target_;
  const Trace& trace_;
  Report& report_;
  std::vector<bool> weights_;
  std::vector<const Rule*> rules_;   ///< by name
  std::vector<std::size_t> places_;  ///< by name
  std::set<std::string> untimed_;
  Count whole_;
  bool whole_exact_ = true;
};

/// Throws Error where the device has no figure that a time could come from.
void require_speed(const Target& target) {
  const Device& device = *target.device;
  std::string known;
  for (std::size_t i = 0; i < kNumberTypes; ++i) {
    if (device.peaks.by[i] > 0) known += (known.empty() ? "" : " ") + std::string(number_types()[i].name);
  }
  if (!has_speed(device)) {
    throw Error(
        formatted("nothing public says how fast {} is, so that there is no time to give; its memory is known: "
                  "see `thoplw devices {}`",
                  device.title, device.name));
  }
  if (!target.type || device.peaks[*target.type] > 0 || known.empty()) return;
  throw Error(formatted("{} has no public figure for {}; it has for: {}", device.title, name(*target.type), known));
}

}  // namespace

std::uint64_t rate(const Target& target, DType type) {
  return target.type ? target.device->peaks[*target.type] : fastest(*target.device, type);
}

Count picoseconds(Count many, std::uint64_t per_second) {
  if (per_second == 0) return 0;
  const UnsignedWide time = (static_cast<UnsignedWide>(many.value()) * 1'000'000'000'000 + per_second / 2) / per_second;
  if ((time >> 64) != 0) throw Error("the time exceeds 2^64 picoseconds, which are seven months");
  return static_cast<std::uint64_t>(time);
}

Trace in_type_of(const Target& target, Trace trace) {
  if (!target.type) return trace;
  Retyper types(trace);
  for (std::size_t i = 0; i < trace.values.size(); ++i) {
    if (is_castable(trace.values[i].dtype)) types.set(static_cast<Id>(i), held_as(*target.type));
  }
  return trace;
}

Report count_on(const Target& target, const Trace& trace, const Convention& convention) {
  require_speed(target);
  if (trace.ops.empty()) {
    throw Error("weights alone take no time: there are no operators in this; name the model itself");
  }
  const auto timed = [&](const Trace& typed) {
    Report report = count(typed, convention);
    Times(target, typed, report).add(traffic_of(typed));
    add_up(report);
    report.timing->estimate = report.total[Measure::time];
    return report;
  };
  return target.type ? timed(in_type_of(target, trace)) : timed(trace);
}

}  // namespace thoplw

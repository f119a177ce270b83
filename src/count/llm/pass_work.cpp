// Walks the operators of a pass.
#include "count/llm/pass_work.h"

#include <algorithm>
#include <map>
#include <set>

#include "count/op_work.h"
#include "operators/rule.h"
#include "trace/usage.h"

namespace thoplw {
namespace {

/// Follows what is read from the cache, up to the products with what is new.
class FromCache {
 public:
  FromCache(const Trace& trace, const std::vector<Id>& cached, const std::vector<std::int64_t>& lengths)
      : trace_(trace), lengths_(lengths), from_cache_(trace.values.size(), false) {
    for (const Id value : cached) at(from_cache_, value) = true;
  }

  /// Is it a product of weights with all that the cache has?
  bool works_out_anew(const Op& op, const Work& work) {
    const bool reads = std::ranges::any_of(op.in, [&](Id value) { return value != kNone && at(from_cache_, value); });
    if (!reads || work[Kind::attention] > 0) return false;
    bool long_result = false;
    for (const Id value : op.out) {
      if (value == kNone) continue;
      at(from_cache_, value) = true;
      for (const std::int64_t size : at(trace_.values, value).shape) {
        long_result = long_result || std::ranges::find(lengths_, size) != lengths_.end();
      }
    }
    return long_result && work[Kind::contraction] > 0;
  }

 private:
  const Trace& trace_;
  const std::vector<std::int64_t>& lengths_;
  std::vector<bool> from_cache_;  ///< by value
};

Count part(Count work, std::uint32_t devices) { return (work.value() + devices - 1) / devices; }

}  // namespace

PassWork work_of_pass(const LlmPasses& passes, const OpRange& pass, const Sharding& sharding, std::uint32_t stages,
                      const std::vector<Id>& cached, const std::vector<std::int64_t>& lengths) {
  const Trace& trace = passes.trace;
  const std::vector<bool> weights = made_of_weights(trace);
  FromCache from_cache(trace, cached, lengths);
  PassWork result;
  result.by_stage.resize(stages);
  std::set<std::string> uncounted;
  for (Id i = pass.first_op; i < pass.end_op; ++i) {
    const Op& op = at(trace.ops, i);
    const Rule* rule = find_rule(trace.op_name(op));
    if (!rule) uncounted.insert(trace.op_name(op));
    const Work work = rule && rule->formula.computes() ? work_of(trace, op, rule->formula, weights) : Work{};
    const bool again = from_cache.works_out_anew(op, work);
    const std::uint32_t devices = sharding.divides(op) ? sharding.devices() : 1;
    const auto add = [&](Products& to, std::uint32_t parts) {
      to.weights += part(work[Kind::contraction], parts);
      to.activations += part(work[Kind::attention], parts);
      if (again) to.again += part(work[Kind::contraction], parts);
    };
    add(result.all, 1);
    add(result.by_stage[sharding.stage_of_op(op)], devices);
  }
  result.uncounted.assign(uncounted.begin(), uncounted.end());
  return result;
}

std::vector<WeightRead> weights_read(const Trace& trace, const OpRange& pass) {
  const std::vector<bool> weights = made_of_weights(trace);
  std::vector<std::vector<Id>> sources(trace.values.size());  // by value: the parameters that it is made of
  for (const Param& param : trace.params) at(sources, param.value) = {param.value};
  std::map<Id, WeightRead> read;
  for (std::size_t i = 0; i < trace.ops.size(); ++i) {
    const Op& op = trace.ops[i];
    const bool in_pass = static_cast<Id>(i) >= pass.first_op && static_cast<Id>(i) < pass.end_op;
    const bool moves = std::ranges::all_of(op.out, [&](Id value) { return value != kNone && at(weights, value); });
    const bool looks_up = trace.op_name(op) == "aten::embedding";
    for (std::size_t input = 0; input < op.in.size(); ++input) {
      const Id value = op.in[input];
      if (value == kNone || !at(weights, value)) continue;
      for (const Id source : at(sources, value)) {
        for (const Id out : op.out) {
          if (moves && std::ranges::find(at(sources, out), source) == at(sources, out).end()) {
            at(sources, out).push_back(source);
          }
        }
        if (moves || !in_pass) continue;
        WeightRead& reads = read.try_emplace(source, WeightRead{source, 0, false}).first->second;
        if (looks_up && input == 0) {
          reads.fetched += numel(at(trace.values, op.out.at(0)));
        } else {
          reads.whole = true;
        }
      }
    }
  }
  std::vector<WeightRead> result;
  for (const auto& [value, reads] : read) result.push_back(reads);
  return result;
}

}  // namespace thoplw

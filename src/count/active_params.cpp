// A weight takes part once per token that it is multiplied with: multiply-adds over tokens is what is active.
#include "count/active_params.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string_view>

#include "count/routing.h"
#include "operators/rule.h"

namespace thoplw {
namespace {

constexpr std::string_view kViews[] = {"aten::_to_copy", "aten::alias", "aten::contiguous", "aten::detach",
                                       "aten::permute",  "aten::t",     "aten::to",         "aten::transpose"};
constexpr std::string_view kChoices[] = {"aten::index", "aten::index_select", "aten::select"};

bool is_one_of(const auto& names, std::string_view name) { return std::ranges::find(names, name) != std::end(names); }

/// The first floating tensor into a call, of two dimensions or more; the last one holds features.
Id activations(const Trace& trace, const Call& call) {
  for (Id value : call.in) {
    if (value == kNone || !is_floating(at(trace.values, value).dtype)) continue;
    const Tensor& tensor = at(trace.values, value);
    return tensor.shape.size() < 2 || tensor.shape.back() == 0 ? kNone : value;
  }
  return kNone;
}

std::uint64_t tokens_into(const Trace& trace, Id call) {
  const Id value = activations(trace, at(trace.calls, call));
  if (value == kNone) return 0;
  const Dims& shape = at(trace.values, value).shape;
  return numel(shape).value() / static_cast<std::uint64_t>(shape.back());
}

std::uint64_t tokens_into(const Trace& trace, const std::set<Id>& calls) {
  std::uint64_t sum = 0;
  for (Id call : calls) sum += tokens_into(trace, call);
  return sum;
}

/// What experts that are stacked in one tensor do: products with a part of it, or grouped products with all of it.
struct Stacked {
  Count work;
  std::set<Id> calls;  ///< in which they were
};

/// Whole matrices out of a stack of them, as a table of positions or of words is not.
bool takes_matrices(const Tensor& stack, const Tensor& taken) {
  const std::size_t rank = stack.shape.size();
  return rank >= 3 && taken.shape.size() + 1 >= rank &&
         std::equal(stack.shape.begin() + 1, stack.shape.end(),
                    taken.shape.end() - static_cast<std::ptrdiff_t>(rank - 1));
}

/// Whether a router has a say in a product with experts: it picked the rows, or it says where those of each expert are.
bool is_routed(const Trace& trace, const Routing& routing, const Op& op, Id experts) {
  return std::ranges::any_of(op.in, [&](Id value) {
    if (value == kNone || value == experts) return false;
    const bool offsets = !is_floating(at(trace.values, value).dtype) && routing.learned(value);
    return offsets || routing.picked_from(value) != kNone;
  });
}

std::map<Id, Stacked> find_stacked(const Trace& trace, const Routing& routing) {
  std::vector<Id> origin(trace.values.size(), kNone);  // by value: the parameter that it is a view or a part of
  std::vector<bool> part(trace.values.size(), false);
  for (const Param& param : trace.params) at(origin, param.value) = param.value;
  std::map<Id, Stacked> stacked;
  for (const Op& op : trace.ops) {
    const std::string& name = trace.op_name(op);
    const bool choice = is_one_of(kChoices, name);
    if ((choice || is_one_of(kViews, name)) && !op.in.empty() && op.in[0] != kNone && !op.out.empty() &&
        op.out[0] != kNone) {
      if (choice && !takes_matrices(at(trace.values, op.in[0]), at(trace.values, op.out[0]))) continue;
      at(origin, op.out[0]) = at(origin, op.in[0]);
      at(part, op.out[0]) = at(part, op.in[0]) || choice;
      continue;
    }
    const Rule* rule = find_rule(name);
    for (Id value : op.in) {
      if (!rule || op.call == kNone || value == kNone || at(origin, value) == kNone) continue;
      if (!at(part, value) && !name.ends_with("grouped_mm")) continue;
      if (routing.picked_from(value) == kNone && !is_routed(trace, routing, op, value)) continue;
      const Count work = rule->formula({trace, op}).products();
      if (work == 0) continue;
      Stacked& uses = stacked[at(origin, value)];
      uses.work += work;
      uses.calls.insert(op.call);
    }
  }
  return stacked;
}

/// A part of a whole: of all tokens, those that a module got.
struct Share {
  std::uint64_t some = 1, all = 1;
};

/// Modules of one list, of one class, that are called with different numbers of tokens are experts, if a router picked
/// the tokens of each from among the same.
class Experts {
 public:
  Experts(const Trace& trace, const Routing& routing)
      : trace_(trace), routing_(routing), calls_(trace.modules.size()), share_(trace.modules.size()) {
    for (std::size_t i = 0; i < trace.calls.size(); ++i) {
      at(calls_, trace.calls[i].module).push_back(static_cast<Id>(i));
    }
    std::map<Id, std::vector<Id>> lists;
    for (std::size_t i = 0; i < trace.modules.size(); ++i) {
      const Id parent = trace.modules[i].parent;
      if (parent == kNone) continue;
      if (is_list(parent)) lists[parent].push_back(static_cast<Id>(i));
    }
    for (const auto& [list, experts] : lists) settle(experts);
    inherit();
  }

  std::optional<Share> share(Id module) const { return at(share_, module); }

 private:
  bool is_list(Id module) const { return trace_.class_of(module).name == "torch.nn.ModuleList"; }

  void settle(const std::vector<Id>& experts) {
    std::set<Id> around;
    std::set<std::uint64_t> tokens;
    std::set<Id> picked_from;
    std::vector<std::uint64_t> by_expert;
    for (Id expert : experts) {
      std::uint64_t sum = 0;
      for (Id call : at(calls_, expert)) {
        const Id input = activations(trace_, at(trace_.calls, call));
        const bool rows = input != kNone && at(trace_.values, input).shape.size() == 2;
        if (!rows || at(trace_.modules, expert).cls != at(trace_.modules, experts[0]).cls) return;
        picked_from.insert(routing_.picked_from(input));
        around.insert(at(trace_.calls, call).parent);
        sum += tokens_into(trace_, call);
      }
      by_expert.push_back(sum);
      tokens.insert(sum);
    }
    around.erase(kNone);
    const std::uint64_t all = tokens_into(trace_, around);
    if (all == 0 || tokens.size() == 1 || picked_from.size() != 1 || picked_from.contains(kNone)) return;
    for (std::size_t i = 0; i < experts.size(); ++i) at(share_, experts[i]) = Share{by_expert[i], all};
  }

  /// Modules are listed after the module that they are in.
  void inherit() {
    for (std::size_t i = 1; i < trace_.modules.size(); ++i) {
      if (!share_[i]) share_[i] = at(share_, trace_.modules[i].parent);
    }
  }

  const Trace& trace_;
  const Routing& routing_;
  std::vector<std::vector<Id>> calls_;       ///< by module
  std::vector<std::optional<Share>> share_;  ///< by module; none: all tokens
};

/// What the average token goes through of each parameter.
class Parts {
 public:
  explicit Parts(const Trace& trace)
      : trace_(trace), routing_(trace), stacked_(find_stacked(trace, routing_)), experts_(trace, routing_) {}

  struct Part {
    std::uint64_t active = 0;
    std::optional<Share> share;  ///< of `active`; none: all of it
  };
  Part of(const Param& param) const {
    const std::uint64_t all = numel(at(trace_.values, param.value).shape).value();
    Part part{all, experts_.share(param.module)};
    if (const auto found = stacked_.find(param.value); found != stacked_.end()) {
      const std::uint64_t tokens = tokens_into(trace_, found->second.calls);
      if (tokens > 0) part.active = std::min(all, found->second.work.value() / tokens);
    }
    return part;
  }

 private:
  const Trace& trace_;
  Routing routing_;
  std::map<Id, Stacked> stacked_;
  Experts experts_;
};

}  // namespace

Active active_params(const Trace& trace, const Usage& usage) {
  const Parts parts(trace);
  std::vector<bool> seen(trace.values.size(), false);
  Active sum;
  std::map<std::uint64_t, Count> of_experts;  // by the tokens around them: parameters times tokens; divided once
  for (const Param& param : trace.params) {
    if (param.buffer || !usage.used(param.module) || at(seen, param.value)) continue;
    at(seen, param.value) = true;
    sum.all += numel(at(trace.values, param.value).shape);
    const Parts::Part part = parts.of(param);
    if (part.share) {
      of_experts[part.share->all] += Count(part.active) * part.share->some;
    } else {
      sum.active += part.active;
    }
  }
  for (const auto& [tokens, product] : of_experts) sum.active += product.value() / tokens;
  return sum;
}

std::vector<Count> active_elements(const Trace& trace) {
  const Parts parts(trace);
  std::vector<Count> active;
  for (const Param& param : trace.params) {
    const Parts::Part part = parts.of(param);
    const Share share = part.share.value_or(Share{});
    active.push_back((Count(part.active) * share.some).value() / share.all);
  }
  return active;
}

}  // namespace thoplw

// torchinfo: every module without inner ones by its parameters' names and the size of its first result.
#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "conventions/tools/tools.h"

namespace thoplw::tools {
namespace {

/// The product of the sizes in [begin, end), as far as there are so many.
Count sizes(const Tensor& tensor, std::size_t begin, std::size_t end) {
  Count product = 1;
  for (std::size_t i = begin; i < std::min(end, tensor.shape.size()); ++i) product *= tensor.shape[i];
  return product;
}

/// Weights and biases once per sample, those of convolutions once per place, those of longer names, as recurrent layers
/// have them, once per sample and step.
Work leaf(const CallView& call) {
  const Tensor& out = call.out();
  const std::string& cls = call.trace.class_of(call.call.module).name;
  const bool convolution = cls.find("Conv", cls.rfind('.') + 1) != cls.npos;
  Count cost = 0;
  for (const Param* param : call.params) {
    if (param->buffer) continue;
    const Count elements = numel(at(call.trace.values, param->value));
    if (param->name == "weight" || param->name == "bias") {
      cost += elements * sizes(out, 0, 1) * (convolution ? sizes(out, 2, out.shape.size()) : Count(1));
    } else if (param->name.find("weight") != param->name.npos || param->name.find("bias") != param->name.npos) {
      cost += elements * sizes(out, 0, 2);
    }
  }
  return only(Kind::contraction, cost);
}

constexpr ClassRule kLeaf = {"", leaf};

/// Whatever its class, a module has this rule if none is inside of it.
void give_to_leaves(const Trace& trace, std::vector<const ClassRule*>& rules) {
  const std::vector<bool> leaf = leaves(trace);
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (leaf[i] && !rules[i]) rules[i] = &kLeaf;
  }
}

// ---- parameters: lists what ran as torchinfo lists it; each line has the parameters that lines inside of it do not
// show

/// A module that ran, once for each time, or one around it that did not.
struct Entry {
  Id module;
  int depth;
  bool again;     ///< an entry before it has the same module
  bool inserted;  ///< it did not run
};

class Leftovers {
 public:
  explicit Leftovers(const Trace& trace) : trace_(trace) {
    find_held();
    find_parents();
    list_entries();
    insert_containers();
  }

  /// From the last entry on: each has what it holds, less what later entries inside of it show.
  std::vector<Count> by_module() {
    std::vector<Count> elements(trace_.modules.size());
    std::vector<std::int64_t> left(entries_.size());
    for (std::size_t i = entries_.size(); i-- > 0;) {
      left[i] = held(entries_[i].module);
      for (std::size_t j = i + 1; j < entries_.size() && entries_[j].depth > entries_[i].depth; ++j) {
        if (!entries_[j].again) left[i] -= left[j];
      }
      if (!entries_[i].again && left[i] > 0) at(elements, entries_[i].module) += left[i];
    }
    return elements;
  }

 private:
  std::set<Id>& values_of(Id module) { return at(held_, module); }

  std::int64_t held(Id module) {
    Count sum = 0;
    for (Id value : values_of(module)) sum += numel(at(trace_.values, value).shape);
    return static_cast<std::int64_t>(sum.value());
  }

  /// A module holds what is in it, and modules that it calls if they are elsewhere in the tree, too.
  void find_held() {
    held_.resize(trace_.modules.size());
    for (const Param& param : trace_.params) {
      if (param.buffer) continue;
      for (Id m = param.module; m != kNone; m = module(m).parent) values_of(m).insert(param.value);
    }
    for (const Call& call : trace_.calls) {
      if (module(call.module).places == 1) continue;
      for (Id around = call.parent; around != kNone; around = at(trace_.calls, around).parent) {
        const std::set<Id> inner = values_of(call.module);
        values_of(at(trace_.calls, around).module).insert(inner.begin(), inner.end());
      }
    }
  }

  const Module& module(Id id) const { return at(trace_.modules, id); }
  Id parent(Id id) const { return at(parents_, id); }
  int depth(Id id) const { return parent(id) == kNone ? 0 : depth(parent(id)) + 1; }

  /// A module in several places is listed under the last of them that called it.
  void find_parents() {
    for (const Module& each : trace_.modules) parents_.push_back(each.parent);
    for (const Call& call : trace_.calls) {
      if (module(call.module).places == 1 || call.parent == kNone) continue;
      Id& known = at(parents_, call.module);
      known = std::max(known, at(trace_.calls, call.parent).module);
    }
  }

  void list_entries() {
    for (const Call& call : trace_.calls) {
      entries_.push_back({call.module, depth(call.module), !met_.insert(call.module).second, false});
    }
  }

  /// A container that did not run, such as a list of modules, is listed before the first of what it holds.
  void insert_containers() {
    std::map<int, Id> open;  // by depth
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      const Entry entry = entries_[i];
      std::vector<Id> around(static_cast<std::size_t>(entry.depth) + 1, kNone);
      for (Id m = parent(entry.module); m != kNone; m = parent(m)) at(around, depth(m)) = m;
      std::size_t inserted = 0;
      for (int depth = 1; depth < entry.depth; ++depth) {
        const Id container = at(around, depth);
        const auto known = open.find(depth);
        if (known != open.end() && known->second == container) continue;
        const std::size_t place = i + inserted;
        if (place > 0 && entries_[place - 1].inserted && entries_[place - 1].module == container) continue;
        const Entry fresh{container, depth, !met_.insert(container).second, true};
        entries_.insert(entries_.begin() + static_cast<std::ptrdiff_t>(place), fresh);
        open[depth] = container;
        ++inserted;
      }
      open[entry.depth] = entry.module;
      for (int depth = entry.depth + 1; open.erase(depth) > 0;) ++depth;
    }
  }

  const Trace& trace_;
  std::vector<std::set<Id>> held_;  ///< by module: values of its parameters
  std::vector<Id> parents_;         ///< by module
  std::vector<Entry> entries_;
  std::set<Id> met_;
};

constexpr ParamCount kParams = {"all. Shared ones count in each of their modules that runs",
                                [](const ParamView& view) { return Leftovers(view.trace).by_module(); }};

}  // namespace

constinit const Convention kTorchinfo = {
    .name = "torchinfo",
    .doc =
        "what torchinfo prints as total mult-adds: for each run of a module without inner ones, its parameters x the "
        "size of its output; all parameters, shared ones in each module that runs",
    .more_class_rules = give_to_leaves,
    .params = {.instead = &kParams},
    .tool = {.version = "torchinfo 1.8.0",
             .source = "https://github.com/TylerYep/torchinfo",
             .gaps = "linear layers, norms and embeddings count once per sample, however many positions it has; "
                     "nothing for functional calls, torch.nn.MultiheadAttention and modules with inner ones"},
};

}  // namespace thoplw::tools

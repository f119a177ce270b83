// Lists what ran as torchinfo lists it, and gives each line the parameters that lines inside of it do not show.
#include "count/leftovers.h"

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "trace/trace.h"

namespace thoplw {
namespace {

/// A module that ran, once for each time, or one around it that did not.
struct Entry {
  Id module;
  int depth;
  bool again;     ///< an entry before it has the same module
  bool inserted;  ///< it did not run
};

class Leftovers {
 public:
  Leftovers(const Trace& trace, Report& report) : trace_(trace), report_(report) {
    find_held();
    find_parents();
    list_entries();
    insert_containers();
  }

  /// From the last entry on: each has what it holds without what those behind and below it show.
  void add() {
    std::vector<std::int64_t> left(entries_.size());
    for (std::size_t i = entries_.size(); i-- > 0;) {
      left[i] = held(entries_[i].module);
      for (std::size_t j = i + 1; j < entries_.size() && entries_[j].depth > entries_[i].depth; ++j) {
        if (!entries_[j].again) left[i] -= left[j];
      }
      if (!entries_[i].again && left[i] > 0) row(entries_[i].module).params += left[i];
    }
  }

 private:
  Row& row(Id module) { return at(report_.rows, module); }
  std::set<Id>& values_of(Id module) { return at(held_, module); }

  std::int64_t held(Id module) {
    Count sum = 0;
    for (Id value : values_of(module)) sum += numel(at(trace_.values, value).shape);
    return static_cast<std::int64_t>(sum.value());
  }

  /// A module holds what is in it, and what it calls that stands elsewhere in the tree too.
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

  /// Before the first of what it holds stands a container that did not run, such as a list of modules.
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
  Report& report_;
  std::vector<std::set<Id>> held_;  ///< by module: values of its parameters
  std::vector<Id> parents_;         ///< by module
  std::vector<Entry> entries_;
  std::set<Id> met_;
};

}  // namespace

void add_leftovers(const Trace& trace, Report& report) { Leftovers(trace, report).add(); }

}  // namespace thoplw

// Puts modules, calls and operators in order, and works out what the file leaves unsaid.
#include "load/build/trace_finisher.h"

#include <algorithm>

#include "load/build/base_classes.h"

namespace thoplw {
namespace {

constexpr std::ptrdiff_t kDeepestPath = 200;

// Each level of a path is a module, and has the path up to there as its name. A real name shares most of them.
constexpr std::size_t kSomeModules = 10'000, kSomeBytes = std::size_t{1} << 24, kPerName = 4;

/// "torch.nn.modules.conv.Conv2d" is "torch.nn.Conv2d" to its users.
std::string public_name(const std::string& cls) {
  constexpr std::string_view kInternal = "torch.nn.modules.";
  if (cls.empty()) return "torch.nn.Module";
  return cls.starts_with(kInternal) ? "torch.nn" + cls.substr(cls.rfind('.')) : cls;
}

/// A module whose parameter gets a parametrization gets a class of its own, which says what it derives from.
std::vector<std::string> named_bases(std::string_view cls) {
  constexpr std::string_view kParametrized = "torch.nn.utils.parametrize.Parametrized";
  if (!cls.starts_with(kParametrized)) return {};
  return {"torch.nn." + std::string(cls.substr(kParametrized.size()))};
}

}  // namespace

Finisher::Finisher(TraceBuilder&& builder) : from_(std::move(builder)) {
  trace_.values = std::move(from_.trace_.values);
  trace_.memory = std::move(from_.trace_.memory);
  trace_.notes = std::move(from_.trace_.notes);
  trees_.emplace_back();
  by_path_.emplace("", 0);
}

Trace Finisher::finish(std::string model, Origin origin, std::string source) {
  trace_.model = std::move(model);
  trace_.origin = origin;
  trace_.source = std::move(source);
  find_modules();
  number_modules(0, kNone);
  name_classes();
  place_params();
  order_calls();
  find_ends();
  note_bases();
  return std::move(trace_);
}

/// Behind all others in its parent. What no list names, as it has no parameters, stands behind what ran before it.
void Finisher::insert(std::size_t parent, std::size_t child, bool called) {
  Tree& around = trees_[parent];
  const std::size_t before = called ? around.last_called : around.last;
  trees_[child].parent = parent;
  std::size_t& link = before == 0 ? around.first : trees_[before].next;
  trees_[child].next = link;
  link = child;
  if (before == around.last) around.last = child;
}

std::size_t Finisher::mention(std::string_view path, bool called) {
  const auto known = by_path_.find(path);
  std::size_t index = 0;
  if (known != by_path_.end()) {
    index = known->second;
  } else {
    const std::size_t dot = path.rfind('.');
    const std::size_t parent = mention(dot == std::string_view::npos ? "" : path.substr(0, dot), called);
    index = trees_.size();
    trees_.emplace_back().path = path;
    path_bytes_ += path.size();
    if (trees_.size() > kSomeModules + kPerName * names_ || path_bytes_ > kSomeBytes + kPerName * name_bytes_) {
      throw Error("its names make more modules than a file of its size can mean; it is damaged");
    }
    by_path_.emplace(path, index);
    insert(parent, index, called);
  }
  if (called && index != 0) trees_[trees_[index].parent].last_called = index;
  return index;
}

void Finisher::count_name(std::string_view path) {
  ++names_;
  name_bytes_ += path.size();
}

void Finisher::find_modules() {
  const auto require_shallow = [](std::string_view path) {
    if (std::ranges::count(path, '.') > kDeepestPath) {
      throw Error("a module path has more than 200 levels: '" + std::string(path.substr(0, 60)) + "...'");
    }
  };
  for (const std::string& path : from_.modules_) {
    require_shallow(path);
    count_name(path);
    mention(path, false);
  }
  for (const auto& param : from_.params_) {
    require_shallow(param.name);
    count_name(param.name);
    const std::size_t dot = param.name.rfind('.');
    mention(dot == std::string::npos ? "" : std::string_view(param.name).substr(0, dot), false);
  }
  std::vector<bool> seen(from_.nodes_.size(), false);
  for (const auto& placed : from_.ops_) {
    count_name(at(from_.nodes_, placed.node).path);
    for (Id node = placed.node; node > 0 && !at(seen, node); node = at(from_.nodes_, node).parent) {
      at(seen, node) = true;
      require_shallow(at(from_.nodes_, node).path);
      mention(at(from_.nodes_, node).path, true);
    }
  }
}

void Finisher::number_modules(std::size_t tree, Id parent) {
  trace_.modules.reserve(trees_.size());
  module_ends_.reserve(trees_.size());
  const auto id = static_cast<Id>(trace_.modules.size());
  trees_[tree].module = id;
  trace_.modules.push_back({trees_[tree].path, kNone, parent});
  for (std::size_t inside = trees_[tree].first; inside != 0; inside = trees_[inside].next) number_modules(inside, id);
  module_ends_.resize(std::max(module_ends_.size(), static_cast<std::size_t>(id) + 1));
  at(module_ends_, id) = static_cast<Id>(trace_.modules.size());
}

Id Finisher::class_id(const std::string& name) {
  const auto [found, fresh] = class_ids_.try_emplace(name, static_cast<Id>(trace_.classes.size()));
  if (fresh) trace_.classes.push_back({name, named_bases(name)});
  return found->second;
}

void Finisher::name_classes() {
  for (const Node& node : from_.nodes_) {
    const auto tree = by_path_.find(node.path);
    if (tree == by_path_.end()) continue;  // all of its operators were dropped
    Module& module = at(trace_.modules, trees_[tree->second].module);
    if (module.cls == kNone && !node.cls.empty()) module.cls = class_id(public_name(node.cls));
  }
  for (Module& module : trace_.modules) {
    if (module.cls == kNone) module.cls = class_id(public_name(""));
  }
}

void Finisher::place_params() {
  owners_.resize(trace_.values.size());
  for (const auto& [full_name, value, buffer, trainable] : from_.params_) {
    const std::size_t dot = full_name.rfind('.');
    const bool root = dot == std::string::npos;
    const auto owner = by_path_.find(root ? std::string_view() : std::string_view(full_name).substr(0, dot));
    const Id module = trees_[owner->second].module;
    trace_.params.push_back({root ? full_name : full_name.substr(dot + 1), module, value, buffer, trainable});
    at(owners_, value).push_back(module);
  }
  for (std::vector<Id>& owners : owners_) std::ranges::sort(owners);
}

/// The operators of a call stand together, also where the file has others between them.
void Finisher::order_calls() {
  items_.resize(from_.nodes_.size());
  std::vector<bool> placed(from_.nodes_.size(), false);
  placed[0] = true;
  for (std::size_t i = 0; i < from_.ops_.size(); ++i) {
    Id node = from_.ops_[i].node;
    at(items_, node).push_back({.is_op = true, .index = i});
    for (; !at(placed, node); node = at(from_.nodes_, node).parent) {
      at(placed, node) = true;
      at(items_, at(from_.nodes_, node).parent).push_back({.is_op = false, .index = static_cast<std::size_t>(node)});
    }
  }
  from_.children_.clear();
  trace_.calls.reserve(from_.nodes_.size());
  trace_.ops.reserve(from_.ops_.size());
  emit(0, kNone);
  from_.ops_ = {};
  from_.nodes_ = {};
  items_ = {};
}

void Finisher::emit(std::size_t node, Id parent_call) {
  const auto id = static_cast<Id>(trace_.calls.size());
  Call call;
  call.module = trees_[by_path_.find(from_.nodes_[node].path)->second].module;
  call.parent = parent_call;
  call.first_op = static_cast<Id>(trace_.ops.size());
  call.times = from_.nodes_[node].times;
  trace_.calls.push_back(std::move(call));
  for (const Item& item : items_[node]) {
    if (!item.is_op) {
      emit(item.index, id);
      continue;
    }
    NewOp& from = from_.ops_[item.index].op;
    const auto [name, fresh] = op_ids_.try_emplace(from.name, static_cast<Id>(trace_.op_names.size()));
    if (fresh) trace_.op_names.push_back(from.name);
    trace_.ops.push_back({name->second, id, std::move(from.in), std::move(from.out), std::move(from.attrs)});
  }
  at(trace_.calls, id).end_op = static_cast<Id>(trace_.ops.size());
}

bool Finisher::is_own_param(Id value, Id module) const {
  const auto first_inside = std::ranges::lower_bound(at(owners_, value), module);
  return first_inside != at(owners_, value).end() && *first_inside < at(module_ends_, module);
}

/// What is read inside and made outside, in the order in which it is read; not the module's own parameters.
void Finisher::find_inputs(Call& call, std::size_t stamp) {
  for (Id i = call.first_op; i < call.end_op; ++i) {
    for (Id value : at(trace_.ops, i).in) {
      if (value == kNone || at(seen_, value) == stamp) continue;
      at(seen_, value) = stamp;
      const bool made_inside = at(made_, value) >= call.first_op && at(made_, value) < call.end_op;
      if (!made_inside && !is_own_param(value, call.module)) call.in.push_back(value);
    }
  }
}

/// What is made inside and read outside, the last first: that is what a module returns first, if it returns several.
void Finisher::find_outputs(Call& call, std::size_t stamp) {
  for (Id i = call.end_op; i-- > call.first_op;) {
    for (Id value : at(trace_.ops, i).out) {
      if (value == kNone || at(seen_, value) == stamp) continue;
      at(seen_, value) = stamp;
      if (at(is_output_, value) || at(last_read_, value) >= call.end_op) call.out.push_back(value);
    }
  }
  if (!call.out.empty() || call.first_op == call.end_op) return;
  for (Id value : at(trace_.ops, call.end_op - 1).out) {
    if (value != kNone) call.out.push_back(value);
  }
}

void Finisher::find_ends() {
  made_.assign(trace_.values.size(), kNone);
  last_read_.assign(trace_.values.size(), kNone);
  is_output_.assign(trace_.values.size(), false);
  seen_.assign(trace_.values.size(), 0);
  for (std::size_t i = 0; i < trace_.ops.size(); ++i) {
    const Op& op = trace_.ops[i];
    for (Id value : op.in) {
      if (value != kNone) at(last_read_, value) = static_cast<Id>(i);
    }
    for (Id value : op.out) {
      if (value != kNone && at(made_, value) == kNone) at(made_, value) = static_cast<Id>(i);
    }
  }
  for (Id value : from_.outputs_) {
    if (value != kNone) at(is_output_, value) = true;
  }
  std::size_t stamp = 0;
  for (Call& call : trace_.calls) {
    find_inputs(call, ++stamp);
    find_outputs(call, ++stamp);
  }
}

void Finisher::note_bases() {
  const std::vector<std::string_view> bases = find_bases(trace_, owners_);
  for (std::size_t i = 0; i < bases.size(); ++i) {
    if (bases[i].empty()) continue;
    Class& cls = trace_.classes[i];
    cls.bases.emplace_back(bases[i]);
    trace_.notes.push_back(cls.name + " is taken for a " + std::string(bases[i]) +
                           ": the file names classes, not what they derive from");
  }
}

Trace TraceBuilder::finish(std::string model, Origin origin, std::string source) && {
  return Finisher(std::move(*this)).finish(std::move(model), origin, std::move(source));
}

}  // namespace thoplw

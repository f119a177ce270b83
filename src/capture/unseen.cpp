// Works on the finished trace: which values were made, written and read by whom.
#include "capture/unseen.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/formatted.h"
#include "capture/nested.h"
#include "operators/rule.h"

namespace thoplw::capture {
namespace {

constexpr std::string_view kKernel = "outside::kernel";

/// An operator at the end of a call that is over.
void insert_op(Pass& pass, Id call, std::string_view name) {
  Trace& trace = pass.trace;
  const Id place = at(trace.calls, call).end_op;
  std::set<Id> around;
  for (Id id = call; id != kNone; id = at(trace.calls, id).parent) around.insert(id);
  for (std::size_t i = 0; i < trace.calls.size(); ++i) {
    Call& other = trace.calls[i];
    const bool later = other.first_op >= place && !around.contains(static_cast<Id>(i));
    if (later) ++other.first_op;
    if (later || other.end_op > place || around.contains(static_cast<Id>(i))) ++other.end_op;
  }
  for (Region& region : trace.regions) {
    if (region.first_op >= place) ++region.first_op;
    if (region.end_op > place) ++region.end_op;
  }
  for (Storage& storage : trace.memory.storages) {
    if (storage.born != kNone && storage.born >= place) ++storage.born;
    if (storage.died != kNone && storage.died > place) ++storage.died;
  }
  Op op = std::move(add_op(pass, name));
  op.call = call;
  trace.ops.pop_back();
  trace.ops.insert(trace.ops.begin() + place, std::move(op));
}

bool is_view(const Trace& trace, const Op& op) {
  const Rule* rule = find_rule(trace.op_name(op));
  return rule && !rule->formula.computes() && !op.in.empty() && op.in[0] != kNone;
}

bool holds_activations(const Tensor& tensor) {
  return is_floating(tensor.dtype) && !tensor.shape.empty() && numel(tensor.shape).value() > 1;
}

bool has_memory(std::string_view name, Memory memory) {
  const Rule* rule = find_rule(name);
  return rule && rule->memory == memory;
}
bool makes_unwritten(std::string_view name) { return has_memory(name, Memory::unwritten); }
bool fills_inputs(std::string_view name) { return has_memory(name, Memory::fills_input); }

/// The calls that made tensors without values, of which some were read though no operator ever wrote there.
std::set<Id> calls_with_unwritten_results(const Trace& trace) {
  if (std::ranges::none_of(trace.op_names, makes_unwritten)) return {};
  std::map<Id, Id> made_in;  // by value: the call
  std::map<Id, Id> base;     // by value: the tensor that it is a view of, or itself
  std::set<Id> written, read;
  for (const Op& op : trace.ops) {
    if (makes_unwritten(trace.op_name(op)) && op.out.size() == 1 && op.call != kNone &&
        holds_activations(at(trace.values, op.out[0]))) {
      made_in[op.out[0]] = op.call;
      base[op.out[0]] = op.out[0];
      continue;
    }
    if (base.empty()) continue;
    for (Id out : op.out) {
      if (const auto found = base.find(out); found != base.end()) written.insert(found->second);
    }
    const bool view = is_view(trace, op), fills = fills_inputs(trace.op_name(op));
    for (Id in : op.in) {
      const auto found = base.find(in);
      if (found == base.end()) continue;
      if (!view) read.insert(found->second);
      if (fills) written.insert(found->second);
      for (Id out : op.out) {
        if (view) base.emplace(out, found->second);
      }
    }
  }
  for (const Call& call : trace.calls) {
    if (call.parent != kNone) continue;
    for (Id out : call.out) {
      if (const auto found = base.find(out); found != base.end()) read.insert(found->second);
    }
  }
  std::set<Id> calls;
  for (Id value : read) {
    if (!written.contains(value)) calls.insert(made_in[value]);
  }
  return calls;
}

/// Values of a real forward that no operator made, and values that none reads.
class LooseEnds {
 public:
  LooseEnds(Pass& pass, std::size_t given)
      : trace_(pass.trace), made_(trace_.values.size(), false), used_(made_), derived_(made_) {
    std::fill_n(made_.begin(), given, true);
    for (const Call& call : trace_.calls) {
      if (call.parent != kNone) continue;
      for (Id value : call.in) at(made_, value) = true;
      for (Id value : call.out) at(used_, value) = true;
    }
    derived_ = made_;
    for (const Op& op : trace_.ops) {
      const bool derived = std::ranges::any_of(op.in, [&](Id in) { return in != kNone && at(derived_, in); });
      for (Id out : op.out) {
        at(made_, out) = true;
        if (derived) at(derived_, out) = true;
      }
    }
    for (auto op = trace_.ops.rbegin(); op != trace_.ops.rend(); ++op) {
      const bool writes = trace_.op_name(*op).ends_with('_');
      const bool used = writes || !is_view(trace_, *op) || op->out.empty() ||
                        std::ranges::any_of(op->out, [&](Id out) { return at(used_, out); });
      for (Id in : op->in) {
        if (used && in != kNone) at(used_, in) = true;
      }
    }
    for (const nb::object& module : pass.modules) {  // what they keep was there before
      each_tensor(pass.api, take(PyObject_GenericGetDict(module.ptr(), nullptr)).ptr(), [&](PyObject* tensor) {
        const Id id = pass.tensors.known(tensor).value;
        if (static_cast<std::size_t>(id) < made_.size()) at(made_, id) = true;
      });
    }
  }

  std::set<Id> calls() const {
    std::map<Id, Id> from_nowhere;  // by value: the innermost call that returns it, or the one that reads it
    for (const Op& op : trace_.ops) {
      for (Id in : op.in) {
        if (in != kNone && op.call != kNone && is_from_nowhere(in)) from_nowhere.emplace(in, op.call);
      }
    }
    for (std::size_t i = 0; i < trace_.calls.size(); ++i) {
      for (Id out : trace_.calls[i].out) {
        if (is_from_nowhere(out)) from_nowhere[out] = static_cast<Id>(i);
      }
    }
    std::set<Id> calls;
    for (const auto& [value, call] : from_nowhere) {
      if (leads_nowhere(call, at(trace_.values, value).shape.front())) calls.insert(call);
    }
    return calls;
  }

 private:
  bool is_from_nowhere(Id value) const { return !at(made_, value) && holds_activations(at(trace_.values, value)); }

  /// Whether activations of so many rows that came into the call, or arose in it, are read by no operator.
  bool leads_nowhere(Id call, std::int64_t rows) const {
    const auto loose = [&](Id value) {
      const Tensor& tensor = at(trace_.values, value);
      return at(derived_, value) && !at(used_, value) && holds_activations(tensor) && tensor.shape.front() == rows;
    };
    if (std::ranges::any_of(at(trace_.calls, call).in, loose)) return true;
    for (const Op& op : trace_.ops) {
      if (op.call == call && std::ranges::any_of(op.out, loose)) return true;
    }
    return std::ranges::any_of(
        trace_.calls, [&](const Call& inner) { return inner.parent == call && std::ranges::any_of(inner.out, loose); });
  }

  const Trace& trace_;
  std::vector<bool> made_;     ///< by value: by an operator, or there from the start
  std::vector<bool> used_;     ///< by value: by more than views of it
  std::vector<bool> derived_;  ///< by value: from inputs and weights
};

/// The calls that read or return activations which appeared on the meta device though everything there was real.
std::set<Id> calls_with_strangers(Pass& pass, std::size_t given) {
  const std::vector<Id> strangers = pass.tensors.strangers(static_cast<Id>(given));
  std::set<Id> calls, explained;
  if (strangers.empty()) return calls;
  for (const Call& call : pass.trace.calls) {
    if (call.custom) explained.insert(call.out.begin(), call.out.end());
  }
  const auto is_strange = [&](Id value) {
    return std::ranges::find(strangers, value) != strangers.end() && !explained.contains(value) &&
           holds_activations(at(pass.trace.values, value));
  };
  for (const Op& op : pass.trace.ops) {
    if (op.call != kNone && std::ranges::any_of(op.in, is_strange)) calls.insert(op.call);
  }
  for (std::size_t i = 0; i < pass.trace.calls.size(); ++i) {
    if (std::ranges::any_of(pass.trace.calls[i].out, is_strange)) calls.insert(static_cast<Id>(i));
  }
  return calls;
}

/// "prim::mkldnn_convolution", as often as it stands in the graph of a scripted module.
std::vector<std::string> undispatched(const nb::object& module) {
  const std::string graph = str_of(nb::object(module.attr("inlined_graph")).ptr());
  std::vector<std::string> names;
  for (std::size_t at = graph.find("prim::mkldnn_"); at != std::string::npos;
       at = graph.find("prim::mkldnn_", at + 1)) {
    names.push_back(graph.substr(at, graph.find_first_of("[( ", at) - at));
  }
  return names;
}

/// Records them, and takes their calls out of those that are left to explain.
void record_undispatched(Pass& pass, std::set<Id>& unexplained) {
  static auto* names = new std::set<std::string>;  // the pass keeps views of them
  const auto is_scripted = [](const Class& cls) {
    return std::ranges::find(cls.bases, "torch.jit._script.ScriptModule") != cls.bases.end();
  };
  if (std::ranges::none_of(pass.trace.classes, is_scripted)) return;
  for (std::size_t i = 0; i < pass.trace.calls.size(); ++i) {
    const Id module = pass.trace.calls[i].module;
    if (!is_scripted(pass.trace.class_of(module))) continue;
    for (const std::string& name : undispatched(at(pass.modules, module))) {
      unexplained.erase(static_cast<Id>(i));
      insert_op(pass, static_cast<Id>(i), *names->insert(name).first);
    }
  }
}

/// Whether the user has said what the call, or one around it, costs.
bool has_cost(const Trace& trace, Id call) {
  for (; call != kNone; call = at(trace.calls, call).parent) {
    if (at(trace.calls, call).custom) return true;
  }
  return false;
}

}  // namespace

void record_unseen(Pass& pass, std::size_t given) {
  std::set<Id> calls = calls_with_unwritten_results(pass.trace);
  if (pass.real) calls.merge(LooseEnds(pass, given).calls());
  if (!pass.real && pass.home.is_valid()) calls.merge(calls_with_strangers(pass, given));
  record_undispatched(pass, calls);
  std::erase_if(calls, [&](Id call) { return has_cost(pass.trace, call); });
  std::set<std::string> places;
  for (Id call : calls) {
    insert_op(pass, call, kKernel);
    const Module& module = at(pass.trace.modules, at(pass.trace.calls, call).module);
    places.insert(module.path.empty() ? pass.trace.model : module.path);
  }
  for (const std::string& place : places) {
    pass.trace.notes.push_back(formatted(
        "{}: a result was made by no operator of torch, but by numpy, say, or a kernel of its own: that work is not "
        "counted; custom_ops can say what it costs",
        place));
  }
}

}  // namespace thoplw::capture

#include "count/memory/last_use.h"

#include <algorithm>

#include "operators/views.h"

namespace thoplw {
namespace {

/// Lays values out in memory, where nothing was observed.
class Layout {
 public:
  explicit Layout(Trace& trace) : trace_(trace) { trace_.memory.places.resize(trace_.values.size()); }

  bool all_known() {
    for (std::size_t i = 0; i < trace_.ops.size(); ++i) add(trace_.ops[i], static_cast<Id>(i));
    for (const Param& param : trace_.params) place(param.value, kNone);
    for (const Call& call : trace_.calls) {
      if (call.parent != kNone) continue;
      for (const std::vector<Id>& values : {call.in, call.out}) {
        for (const Id value : values) place(value, kNone);
      }
    }
    return known_;
  }

 private:
  void add(const Op& op, Id id) {
    for (const Id value : op.in) place(value, kNone);
    const OpView view{trace_, op};
    const bool shares = trace_.origin == Origin::onnx ? is_onnx_view(view) : is_view(view, trace_.memory.places);
    for (const Id value : op.out) {
      if (value == kNone || at(trace_.memory.places, value).storage != kNone) continue;
      if (shares) {
        at(trace_.memory.places, value).storage = at(trace_.memory.places, op.in.front()).storage;
      } else {
        place(value, id);
      }
    }
  }

  /// In memory of its own, unless it lies somewhere already.
  void place(Id value, Id born) {
    if (value == kNone || at(trace_.memory.places, value).storage != kNone) return;
    const std::optional<Count> bytes = known_bytes(at(trace_.values, value));
    known_ = known_ && bytes.has_value();
    at(trace_.memory.places, value).storage = static_cast<Id>(trace_.memory.storages.size());
    trace_.memory.storages.push_back({.bytes = bytes.value_or(0), .born = born});
  }

  Trace& trace_;
  bool known_ = true;
};

void end_after_last_use(Trace& trace, bool observed) {
  std::vector<Storage>& storages = trace.memory.storages;
  std::vector<bool> stays(storages.size(), false);
  for (std::size_t s = 0; observed && s < storages.size(); ++s) stays[s] = storages[s].died == kNone;
  const auto storage_of = [&](Id value) { return value == kNone ? kNone : at(trace.memory.places, value).storage; };
  for (const Call& call : trace.calls) {
    if (call.parent != kNone || observed) continue;
    for (const Id value : call.out) {
      if (const Id storage = storage_of(value); storage != kNone) at(stays, storage) = true;
    }
  }
  for (std::size_t s = 0; s < storages.size(); ++s) {
    if (storages[s].born != kNone) storages[s].died = stays[s] ? kNone : storages[s].born + 1;
  }
  for (std::size_t i = 0; i < trace.ops.size(); ++i) {
    for (const std::vector<Id>& values : {trace.ops[i].in, trace.ops[i].out}) {
      for (const Id value : values) {
        const Id id = storage_of(value);
        if (id == kNone) continue;
        Storage& storage = at(storages, id);
        if (storage.born != kNone && !at(stays, id)) {
          storage.died = std::max(storage.died, static_cast<Id>(i) + 1);
        }
      }
    }
  }
}

}  // namespace

bool free_after_last_use(Trace& trace) {
  const bool observed = trace.memory.known();
  const bool known = observed || Layout(trace).all_known();
  end_after_last_use(trace, observed);
  return known;
}

}  // namespace thoplw

// Ends the lives of copies of frozen weights.
#include "variants/copies.h"

#include <algorithm>

namespace thoplw {
namespace {

/// By storage: one more than the last operator that has a value in it.
std::vector<Id> ends(const Trace& trace) {
  std::vector<Id> end(trace.memory.storages.size(), 0);
  for (std::size_t i = 0; i < trace.ops.size(); ++i) {
    for (const auto* values : {&trace.ops[i].in, &trace.ops[i].out}) {
      for (const Id value : *values) {
        const Id storage = value == kNone ? kNone : at(trace.memory.places, value).storage;
        if (storage != kNone) at(end, storage) = static_cast<Id>(i) + 1;
      }
    }
  }
  return end;
}

}  // namespace

void let_go_of_frozen_copies(Trace& trace) {
  if (!trace.memory.known()) return;
  std::vector<bool> frozen(trace.values.size());
  for (const Param& param : trace.params) {
    if (!param.buffer && !param.trainable) at(frozen, param.value) = true;
  }
  const std::vector<Id> end = ends(trace);
  const auto last = static_cast<Id>(trace.ops.size());
  for (const Op& op : trace.ops) {
    if (trace.op_name(op) != "aten::to" || op.in.size() != 1 || op.in.front() == kNone || !at(frozen, op.in.front()))
      continue;
    const Id storage = at(trace.memory.places, op.out.front()).storage;
    if (storage == kNone || op.out == op.in) continue;
    if (Id& died = at(trace.memory.storages, storage).died; died == last) died = at(end, storage);
  }
}

}  // namespace thoplw

// Renumbers operators wherever a trace names them by number.
#include "variants/editor.h"

#include <algorithm>
#include <utility>

namespace thoplw {
namespace {

Count dense_bytes(const Tensor& tensor) { return ((numel(tensor) * bits(tensor.dtype)).value() + 7) / 8; }

}  // namespace

Editor::Editor(Trace given) : trace(std::move(given)), storages_(trace.memory.storages.size()) {
  ops_.reserve(trace.ops.size() * 2);
}

Op& Editor::reach(Id op) {
  begin_.push_back(now());
  return at(trace.ops, op);
}

Id Editor::keep() {
  place_.push_back(now());
  ops_.push_back(std::move(trace.ops[place_.size() - 1]));
  return place_.back();
}

Id Editor::add(Op op) {
  ops_.push_back(std::move(op));
  return now() - 1;
}

Id Editor::name(std::string_view op_name) {
  const auto found = std::ranges::find(trace.op_names, op_name);
  if (found == trace.op_names.end()) trace.op_names.emplace_back(op_name);
  return static_cast<Id>(std::ranges::find(trace.op_names, op_name) - trace.op_names.begin());
}

Id Editor::fresh(Tensor tensor, Id like) {
  const Count bytes = trace.memory.known() ? dense_bytes(tensor) : Count(0);
  trace.values.push_back(std::move(tensor));
  if (trace.memory.known()) {
    Place place{.storage = static_cast<Id>(trace.memory.storages.size()), .strides = {}};
    if (like != kNone) place.strides = at(trace.memory.places, like).strides;
    trace.memory.storages.push_back({.bytes = bytes, .born = now()});
    trace.memory.places.push_back(std::move(place));
  }
  return static_cast<Id>(trace.values.size()) - 1;
}

void Editor::dies(Id value, Id op) {
  if (trace.memory.known()) at(trace.memory.storages, at(trace.memory.places, value).storage).died = op;
}

void Editor::born(Id value, Id op) {
  if (trace.memory.known()) born_.emplace_back(at(trace.memory.places, value).storage, op);
}

void Editor::gone(Id value, Id op) {
  if (trace.memory.known()) gone_.emplace_back(at(trace.memory.places, value).storage, op);
}

Trace Editor::finish() && {
  begin_.push_back(now());
  const auto move = [](Id& op, const std::vector<Id>& to) {
    if (op != kNone) op = at(to, std::min(op, static_cast<Id>(to.size()) - 1));
  };
  for (Call& call : trace.calls) {
    move(call.first_op, begin_);
    move(call.end_op, begin_);
  }
  for (Region& region : trace.regions) {
    move(region.first_op, begin_);
    move(region.end_op, begin_);
  }
  for (std::size_t i = 0; i < storages_; ++i) {
    Storage& storage = trace.memory.storages[i];
    move(storage.born, place_);
    move(storage.died, begin_);
  }
  for (const auto& [storage, op] : born_) at(trace.memory.storages, storage).born = op;
  for (const auto& [storage, op] : gone_) at(trace.memory.storages, storage).died = op;
  trace.ops = std::move(ops_);
  return std::move(trace);
}

}  // namespace thoplw

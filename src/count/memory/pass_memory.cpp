#include "count/memory/pass_memory.h"

#include "operators/backward/kept.h"

namespace thoplw {

Id row_of_op(const Trace& trace, Id op) {
  if (op == kNone) return 0;
  const Id call = at(trace.ops, op).call;
  return call == kNone ? 0 : at(trace.calls, call).module;
}

std::string kernel_of_attention(const Trace& trace, Flavour flavour) {
  for (const Op& op : trace.ops) {
    if (trace.op_name(op) != "aten::scaled_dot_product_attention") continue;
    const AttentionKernel kernel = attention_kernel({{trace, op}, {}, flavour});
    for (const AttentionKernelName& row : attention_kernels()) {
      if (row.kernel == kernel) return std::string(row.name);
    }
  }
  return "";
}

std::vector<bool> storages_of_model(const Trace& trace) {
  std::vector<bool> of_model(trace.memory.storages.size(), false);
  for (const Param& param : trace.params) {
    const Id storage = at(trace.memory.places, param.value).storage;
    if (storage != kNone) at(of_model, storage) = true;
  }
  return of_model;
}

std::vector<bool> storages_given(const Trace& trace) {
  std::vector<bool> given(trace.memory.storages.size(), false);
  for (const Call& call : trace.calls) {
    if (call.parent != kNone) continue;
    for (const Id value : call.out) {
      const Id id = value == kNone ? kNone : at(trace.memory.places, value).storage;
      if (id == kNone) continue;
      const Storage& storage = at(trace.memory.storages, id);
      if (storage.born != kNone && storage.died == kNone) at(given, id) = true;
    }
  }
  return given;
}

Count bytes_of_inputs(const Trace& trace, std::uint64_t unit) {
  const std::vector<bool> of_model = storages_of_model(trace);
  Count bytes = 0;
  for (std::size_t s = 0; s < of_model.size(); ++s) {
    const Storage& storage = trace.memory.storages[s];
    if (storage.born == kNone && !of_model[s]) bytes += rounded_up(storage.bytes, unit);
  }
  return bytes;
}

std::vector<Alive> in_words(const std::vector<AliveAt>& pieces, const Trace& trace, const Report& report) {
  std::vector<Alive> alive;
  for (const AliveAt& piece : pieces) {
    const bool made = piece.op != kNone;
    alive.push_back({.what = piece.what,
                     .path = made ? at(report.rows, row_of_op(trace, piece.op)).path : "",
                     .op = made ? trace.op_name(at(trace.ops, piece.op)) : "",
                     .bytes = piece.bytes});
  }
  return alive;
}

}  // namespace thoplw

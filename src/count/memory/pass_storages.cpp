#include "count/memory/pass_storages.h"

namespace thoplw {

PassStorages::ByOp::ByOp(const std::vector<Storage>& storages, std::size_t ops, Id Storage::*op) : first(ops + 2, 0) {
  for (const Storage& storage : storages) {
    if (storage.born != kNone && storage.*op != kNone) ++first[static_cast<std::size_t>(storage.*op) + 1];
  }
  for (std::size_t i = 1; i < first.size(); ++i) first[i] += first[i - 1];
  list.resize(first.back());
  std::vector<std::size_t> next(first.begin(), first.end() - 1);
  for (std::size_t s = 0; s < storages.size(); ++s) {
    const Id at_op = storages[s].*op;
    if (storages[s].born != kNone && at_op != kNone) {
      list[next[static_cast<std::size_t>(at_op)]++] = static_cast<Id>(s);
    }
  }
}

PassStorages::PassStorages(const Trace& trace, AliveMemory& memory)
    : memory_(memory),
      born_(trace.memory.storages, trace.ops.size(), &Storage::born),
      gone_(trace.memory.storages, trace.ops.size(), &Storage::died) {
  pieces_.reserve(trace.memory.storages.size());
  for (const Storage& storage : trace.memory.storages) {
    pieces_.push_back(memory.put(storage.born == kNone ? Count(0) : storage.bytes, "activation", storage.born));
  }
}

void PassStorages::make_again(Id storage) {
  AliveMemory::Index& piece = at(pieces_, storage);
  piece = memory_.put(memory_[piece].bytes, memory_[piece].what, memory_[piece].op);
}

}  // namespace thoplw

#include "count/memory/forward_walk.h"

#include "count/memory/pass_storages.h"
#include "operators/backward/kept.h"

namespace thoplw {

Temporaries temporaries_of(const Trace& trace, Flavour flavour) {
  Temporaries temporaries;
  temporaries.bytes.reserve(trace.ops.size());
  for (std::size_t i = 0; i < trace.ops.size(); ++i) {
    const Kept inside = kept(GradOp{{trace, trace.ops[i]}, {}, flavour});
    temporaries.bytes.push_back(inside.temporary);
    if (!inside.inside) temporaries.unknown.push_back(static_cast<Id>(i));
  }
  return temporaries;
}

void walk_forward(const Trace& trace, const Temporaries& temporaries, AliveMemory& memory) {
  const PassStorages storages(trace, memory);
  for (std::size_t i = 0; i < trace.ops.size(); ++i) {
    const auto op = static_cast<Id>(i);
    memory.begin(Phase::forward, op);
    for (const Id storage : storages.gone_before(op)) memory.drop(storages.piece(storage));
    for (const Id storage : storages.born_at(op)) memory.refer(storages.piece(storage));
    memory.observe(temporaries.bytes[i]);
  }
}

}  // namespace thoplw

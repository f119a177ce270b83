// The storages of a pass as pieces of memory, and by operator which of them are made and which are gone.
#pragma once

#include <span>
#include <vector>

#include "count/memory/alive_memory.h"
#include "trace/trace.h"

namespace thoplw {

/// What was there before the pass has no bytes here.
class PassStorages {
 public:
  PassStorages(const Trace& trace, AliveMemory& memory);

  AliveMemory::Index piece(Id storage) const { return at(pieces_, storage); }
  /// The operator makes it once more: a piece of its own, as the first one may still be there.
  void make_again(Id storage);

  /// The storages that the operator makes, and those that are gone before it runs. The number of operators stands for
  /// the end of the pass.
  std::span<const Id> born_at(Id op) const { return born_.at(op); }
  std::span<const Id> gone_before(Id op) const { return gone_.at(op); }

 private:
  /// Storages by the operator at which something happens to them: those of operator i are list[first[i], first[i + 1]).
  struct ByOp {
    std::vector<std::size_t> first;
    std::vector<Id> list;

    ByOp(const std::vector<Storage>& storages, std::size_t ops, Id Storage::*op);
    std::span<const Id> at(Id op) const {
      const auto i = static_cast<std::size_t>(op);
      return std::span(list).subspan(first[i], first[i + 1] - first[i]);
    }
  };

  AliveMemory& memory_;
  std::vector<AliveMemory::Index> pieces_;  ///< by storage
  ByOp born_, gone_;
};

}  // namespace thoplw

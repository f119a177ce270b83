// Counts references to each piece of memory: by the forward's own variables, by what autograd keeps, by gradients.
#include "count/training/memory_walk.h"

#include <algorithm>

#include "count/memory/pass_storages.h"
#include "count/training/gradients.h"
#include "operators/backward/flow.h"
#include "operators/backward/formula.h"

namespace thoplw {
namespace {

using Index = AliveMemory::Index;
constexpr Index kNoPiece = AliveMemory::kNoPiece;

class MemoryWalk {
 public:
  MemoryWalk(const Trace& trace, const Autograd& autograd, const PassKept& kept, Flavour flavour,
             const WalkOptions& options, std::size_t listed = static_cast<std::size_t>(-1))
      : trace_(trace),
        autograd_(autograd),
        kept_(kept),
        flavour_(flavour),
        options_(options),
        memory_(options.round, listed),
        gradients_(trace, autograd, memory_, options.gradients_exist),
        storages_(trace, memory_),
        of_op_(trace.ops.size()),
        of_region_(trace.regions.size()),
        begins_(trace.ops.size() + 1),
        ends_(trace.ops.size() + 1) {
    for (std::size_t i = 0; i < trace.regions.size(); ++i) {
      const Region& region = trace.regions[i];
      const bool function = region.kind == Region::Kind::function;
      at(begins_, function ? region.end_op : region.first_op).push_back(static_cast<Id>(i));
      at(ends_, region.end_op).insert(at(ends_, region.end_op).begin(), static_cast<Id>(i));
    }
  }

  void walk() {
    forward(0, static_cast<Id>(trace_.ops.size()), nullptr);
    begin_regions(static_cast<Id>(trace_.ops.size()));
    return_from_forward();
    backward();
  }

  AliveMemory& memory() { return memory_; }

 private:
  // Forward

  void hold(std::vector<Index>& by, const std::vector<PassKept::Item>& items, Id op) {
    for (const PassKept::Item& item : items) {
      if (item.storage == kNone) {
        by.push_back(memory_.add(item.bytes, "saved", op));
        continue;
      }
      const Index piece = storages_.piece(item.storage);
      if (memory_[piece].bytes == 0) continue;  // it was there before
      memory_.refer(piece);
      by.push_back(piece);
    }
  }

  /// Runs operators; `region`: that of the checkpoint that runs again, or null.
  void forward(Id first, Id end, const Region* region) {
    for (Id op = first; op < end; ++op) {
      const auto i = static_cast<std::size_t>(op);
      memory_.begin(region ? Phase::backward : Phase::forward, op);
      for (const Id storage : storages_.gone_before(op)) {
        if (!region || is_inside(*region, storage, op)) memory_.drop(storages_.piece(storage));
      }
      if (!region) begin_regions(op);
      for (const Id storage : storages_.born_at(op)) {
        if (region) storages_.make_again(storage);
        memory_.refer(storages_.piece(storage));
      }
      const PassKept::OfOp& kept = kept_.ops[i];
      const bool keeps = autograd_.held[i] && (region || kept_.checkpoint_of[i] == kNone);
      if (keeps) hold(of_op_[i], kept.items, op);
      memory_.observe(kept.temporary);
    }
    if (region) end_again(*region, end);
  }

  /// What the outermost call had in variables is gone; what it gave is not.
  void return_from_forward() {
    std::vector<Id> given;
    for (const Call& call : trace_.calls) {
      if (call.parent != kNone) continue;
      for (const Id value : call.out) {
        if (value != kNone) given.push_back(at(trace_.memory.places, value).storage);
      }
    }
    for (const Id storage : storages_.gone_before(static_cast<Id>(trace_.ops.size()))) {
      if (std::ranges::find(given, storage) == given.end()) memory_.drop(storages_.piece(storage));
    }
  }

  bool is_inside(const Region& region, Id storage, Id op) const {
    const Id born = at(trace_.memory.storages, storage).born;
    return born >= region.first_op && born < op;
  }

  void begin_regions(Id op) {
    for (const Id id : at(begins_, op)) {
      const Region& region = at(trace_.regions, id);
      const bool keeps = region.kind == Region::Kind::function ? at(autograd_.region_held, id) != 0 : is_live(region);
      if (keeps) hold(at(of_region_, id), at(kept_.regions, id), op);
    }
  }

  bool is_live(const Region& region) const {
    for (Id op = region.first_op; op < region.end_op; ++op) {
      if (at(autograd_.live, op)) return true;
    }
    return false;
  }

  /// The function that ran again has returned, and its variables are gone.
  void end_again(const Region& region, Id end) {
    for (Id op = region.first_op; op < end; ++op) {
      for (const Id storage : storages_.born_at(op)) {
        const Id died = at(trace_.memory.storages, storage).died;
        if (died == kNone || died >= end) memory_.drop(storages_.piece(storage));
      }
    }
  }

  // Backward

  void backward() {
    std::vector<Index> held;
    for (const Id value : autograd_.loss) {
      memory_.begin(Phase::backward, trace_.ops.empty() ? kNone : static_cast<Id>(trace_.ops.size()) - 1);
      gradients_.start(value);
      if (numel(at(trace_.values, value)) == 1) hold_root(gradients_.of(value).piece, held);
      memory_.observe();
    }
    for (std::size_t i = trace_.ops.size(); i-- > 0;) {
      backward_of_functions(static_cast<Id>(i + 1));
      const Id checkpoint = kept_.checkpoint_of[i];
      if (autograd_.live[i]) {
        if (checkpoint != kNone) run_again(checkpoint);
        memory_.begin(Phase::backward, static_cast<Id>(i));
        backward_of(static_cast<Id>(i));
      } else {
        gradients_.forget(trace_.ops[i]);
      }
      if (checkpoint != kNone && at(trace_.regions, checkpoint).first_op == static_cast<Id>(i)) {
        memory_.let_go(at(of_region_, checkpoint));
      }
    }
    backward_of_functions(0);
    memory_.let_go(held);
  }

  /// A number is the loss itself: backward(), which made its gradient, refers to that until it returns.
  void hold_root(Index piece, std::vector<Index>& held) {
    memory_.refer(piece);
    held.push_back(piece);
  }

  void run_again(Id checkpoint) {
    if (checkpoint == again_) return;
    again_ = checkpoint;
    const Region& region = at(trace_.regions, checkpoint);
    forward(region.first_op, recompute_end(autograd_, kept_, region), &region);
    if (region.kind == Region::Kind::reentrant) hold_results(region, at(of_region_, checkpoint));
  }

  /// A backward inside of the backward: what it starts from, and the gradients of that, are there until it returns.
  void hold_results(const Region& region, std::vector<Index>& by) {
    for (const Id value : region.out) {
      if (value == kNone) continue;
      const Id storage = at(trace_.memory.places, value).storage;
      for (const Index piece : {gradients_.of(value).piece, storage == kNone ? kNoPiece : storages_.piece(storage)}) {
        if (piece == kNoPiece || memory_[piece].bytes == 0) continue;
        memory_.refer(piece);
        by.push_back(piece);
      }
    }
  }

  void backward_of(Id id) {
    const Op& op = at(trace_.ops, id);
    const std::span<const std::uint8_t> needs = autograd_.needs(id);
    const GradOp view{{trace_, op}, needs, flavour_};
    const Gradients::Gradient incoming = gradients_.of_any(op.out);
    for (std::size_t k = 0; k < op.in.size(); ++k) {
      if (!needs[k] || !at(autograd_.wanted, op.in[k])) continue;
      gradients_.make(op.in[k], incoming.piece == kNoPiece ? GradientFlow::fresh : gradient_flow(view, k), incoming,
                      id);
    }
    const FormulaBytes formula = formula_bytes(view);
    memory_.observe(formula.makes, formula.lacks);
    memory_.let_go(at(of_op_, id));
    gradients_.finish(op.out);
  }

  void backward_of_functions(Id end) {
    for (const Id id : at(ends_, end)) {
      const Region& region = at(trace_.regions, id);
      if (region.kind != Region::Kind::function || !at(autograd_.region_live, id)) continue;
      memory_.begin(Phase::backward, end == 0 ? 0 : end - 1);
      for (const Id value : region.in) {
        if (value != kNone && at(autograd_.wanted, value)) gradients_.make(value, GradientFlow::fresh, {}, end - 1);
      }
      memory_.observe();
      memory_.let_go(at(of_region_, id));
      gradients_.finish(region.out);
    }
  }

  const Trace& trace_;
  const Autograd& autograd_;
  const PassKept& kept_;
  Flavour flavour_;
  WalkOptions options_;
  AliveMemory memory_;
  Gradients gradients_;
  PassStorages storages_;
  std::vector<std::vector<Index>> of_op_;  ///< by operator: the pieces that autograd keeps of it
  std::vector<std::vector<Index>> of_region_;
  std::vector<std::vector<Id>> begins_,
      ends_;          ///< by operator: regions that are kept before it, and that end before it
  Id again_ = kNone;  ///< the checkpoint that ran again last
};

}  // namespace

std::vector<Breath> memory_walk(const Trace& trace, const Autograd& autograd, const PassKept& kept, Flavour flavour,
                                const WalkOptions& options) {
  MemoryWalk walk(trace, autograd, kept, flavour, options);
  walk.walk();
  return walk.memory().entries();
}

std::vector<AliveAt> alive_at(const Trace& trace, const Autograd& autograd, const PassKept& kept, Flavour flavour,
                              const WalkOptions& options, std::size_t entry) {
  MemoryWalk walk(trace, autograd, kept, flavour, options, entry);
  walk.walk();
  return walk.memory().list();
}

}  // namespace thoplw

// Counts references to each piece of memory: by the forward's own variables, by what autograd keeps, by gradients.
#include "count/training/memory_walk.h"

#include <algorithm>

#include "operators/backward/flow.h"

namespace thoplw {
namespace {

using Index = std::size_t;
constexpr Index kNoPiece = static_cast<Index>(-1);

/// Operators by the moment of something that happens to storages: those of moment i are list[first[i], first[i + 1]).
struct ByMoment {
  std::vector<std::size_t> first;
  std::vector<Id> list;

  ByMoment(const std::vector<Storage>& storages, std::size_t ops, Id Storage::*moment) : first(ops + 2, 0) {
    for (const Storage& storage : storages) {
      if (storage.born != kNone && storage.*moment != kNone) ++first[static_cast<std::size_t>(storage.*moment) + 1];
    }
    for (std::size_t i = 1; i < first.size(); ++i) first[i] += first[i - 1];
    list.resize(first.back());
    std::vector<std::size_t> next(first.begin(), first.end() - 1);
    for (std::size_t s = 0; s < storages.size(); ++s) {
      const Id at_op = storages[s].*moment;
      if (storages[s].born != kNone && at_op != kNone) {
        list[next[static_cast<std::size_t>(at_op)]++] = static_cast<Id>(s);
      }
    }
  }

  std::span<const Id> at_moment(std::size_t op) const {
    return std::span(list).subspan(first[op], first[op + 1] - first[op]);
  }
};

struct Piece {
  Count bytes;
  int references = 0;
  bool of_parameter = false;  ///< a gradient of one
  bool expanded = false;      ///< a gradient that is a repeated view
  const char* what = "activation";
  Id op = kNone;
};

class MemoryWalk {
 public:
  MemoryWalk(const Trace& trace, const Autograd& autograd, const PassKept& kept, Flavour flavour,
             const WalkOptions& options)
      : trace_(trace),
        autograd_(autograd),
        kept_(kept),
        flavour_(flavour),
        options_(options),
        born_(trace.memory.storages, trace.ops.size(), &Storage::born),
        died_(trace.memory.storages, trace.ops.size(), &Storage::died),
        is_leaf_(trace.values.size(), 0),
        gradient_(trace.values.size(), kNoPiece),
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
    pieces_.reserve(trace.memory.storages.size() * 2);
    piece_of_.reserve(trace.memory.storages.size());
    for (const Storage& storage : trace.memory.storages) {
      piece_of_.push_back(pieces_.size());
      pieces_.push_back({.bytes = storage.born == kNone ? Count(0) : rounded(storage.bytes), .op = storage.born});
    }
    for (const Param& param : trace.params) at(is_leaf_, param.value) = param.buffer ? 0 : 1;
  }

  std::vector<Breath> walk() {
    if (options_.gradients_exist) {
      for (std::size_t v = 0; v < is_leaf_.size(); ++v) {
        if (is_leaf_[v] && autograd_.wanted[v]) gradients_ += size_of(static_cast<Id>(v));
      }
    }
    forward(0, static_cast<Id>(trace_.ops.size()), nullptr);
    begin_regions(static_cast<Id>(trace_.ops.size()));
    return_from_forward();
    if (options_.backward) backward();
    return std::move(breaths_);
  }

  std::vector<AliveAt> alive(std::size_t entry) {
    wanted_entry_ = entry;
    walk();
    return std::move(alive_);
  }

 private:
  Count rounded(Count bytes) const {
    const std::uint64_t unit = std::max<std::uint64_t>(options_.round.value(), 1);
    return bytes == 0 || unit == 1 ? bytes : (bytes + (unit - 1)).value() / unit * unit;
  }
  Count size_of(Id value) const { return rounded(known_bytes(at(trace_.values, value)).value_or(0)); }

  // References

  Count& sum_of(const Piece& piece) { return piece.of_parameter ? gradients_ : activations_; }
  void refer(Index index) {
    Piece& piece = pieces_[index];
    if (piece.references++ == 0) sum_of(piece) += piece.bytes;
  }
  void drop(Index index) {
    Piece& piece = pieces_[index];
    if (--piece.references == 0) sum_of(piece) -= piece.bytes;
  }
  Index add(Count bytes, const char* what, Id op) {
    pieces_.push_back({.bytes = bytes, .what = what, .op = op});
    refer(pieces_.size() - 1);
    return pieces_.size() - 1;
  }

  void begin(Phase phase, Id op) { breaths_.push_back({.phase = phase, .op = op, .gradients = 0, .activations = 0}); }

  /// The most that is alive while the current operator runs is at least what is alive now.
  void observe(Count besides = 0) {
    Breath& breath = breaths_.back();
    const Count now = activations_ + besides;
    if (gradients_ + now <= breath.gradients + breath.activations) return;
    breath.gradients = gradients_;
    breath.activations = now;
    if (breaths_.size() - 1 == wanted_entry_) list_alive(breath.op, besides);
  }

  void list_alive(Id op, Count besides) {
    alive_.clear();
    for (const Piece& piece : pieces_) {
      if (piece.references > 0 && piece.bytes > 0) alive_.push_back({piece.what, piece.op, piece.bytes});
    }
    if (besides > 0) alive_.push_back({"temporary", op, besides});
  }

  // Forward

  void hold(std::vector<Index>& by, const std::vector<PassKept::Item>& items, Id op) {
    for (const PassKept::Item& item : items) {
      if (item.storage == kNone) {
        by.push_back(add(rounded(item.bytes), "saved", op));
        continue;
      }
      const Index piece = at(piece_of_, item.storage);
      if (pieces_[piece].bytes == 0) continue;  // it was there before
      refer(piece);
      by.push_back(piece);
    }
  }
  void let_go(std::vector<Index>& pieces) {
    for (const Index piece : pieces) drop(piece);
    pieces.clear();
  }

  /// Runs operators; `region`: that of the checkpoint that runs again, or null.
  void forward(Id first, Id end, const Region* region) {
    for (Id op = first; op < end; ++op) {
      const auto i = static_cast<std::size_t>(op);
      begin(region ? Phase::backward : Phase::forward, op);
      for (const Id storage : died_.at_moment(i)) {
        if (!region || is_inside(*region, storage, op)) drop(at(piece_of_, storage));
      }
      if (!region) begin_regions(op);
      for (const Id storage : born_.at_moment(i)) {
        if (region) start_again(storage);
        refer(at(piece_of_, storage));
      }
      const PassKept::OfOp& kept = kept_.ops[i];
      const bool keeps = options_.backward && autograd_.held[i] && (region || kept_.checkpoint_of[i] == kNone);
      if (keeps) hold(of_op_[i], kept.items, op);
      observe(rounded(kept.temporary));
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
    for (const Id storage : died_.at_moment(trace_.ops.size())) {
      if (std::ranges::find(given, storage) == given.end()) drop(at(piece_of_, storage));
    }
  }

  bool is_inside(const Region& region, Id storage, Id op) const {
    const Id born = at(trace_.memory.storages, storage).born;
    return born >= region.first_op && born < op;
  }

  void begin_regions(Id op) {
    if (!options_.backward) return;
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

  /// What the operator makes the second time is a piece of its own: the first one may still be there.
  void start_again(Id storage) {
    const Piece& old = pieces_[at(piece_of_, storage)];
    const Piece copy{.bytes = old.bytes, .op = old.op};
    at(piece_of_, storage) = pieces_.size();
    pieces_.push_back(copy);
  }

  /// The function that ran again has returned, and its variables are gone.
  void end_again(const Region& region, Id end) {
    for (Id op = region.first_op; op < end; ++op) {
      for (const Id storage : born_.at_moment(static_cast<std::size_t>(op))) {
        const Id died = at(trace_.memory.storages, storage).died;
        if (died == kNone || died >= end) drop(at(piece_of_, storage));
      }
    }
  }

  // Backward

  void backward() {
    for (const Id value : autograd_.loss) {
      begin(Phase::backward, trace_.ops.empty() ? kNone : static_cast<Id>(trace_.ops.size()) - 1);
      if (at(gradient_, value) == kNoPiece) at(gradient_, value) = add(size_of(value), "gradient", kNone);
      observe();
    }
    for (std::size_t i = trace_.ops.size(); i-- > 0;) {
      backward_of_functions(static_cast<Id>(i + 1));
      const Id checkpoint = kept_.checkpoint_of[i];
      if (autograd_.live[i]) {
        if (checkpoint != kNone) run_again(checkpoint);
        begin(Phase::backward, static_cast<Id>(i));
        backward_of(static_cast<Id>(i));
      }
      if (checkpoint != kNone && at(trace_.regions, checkpoint).first_op == static_cast<Id>(i)) {
        let_go(at(of_region_, checkpoint));
      }
    }
    backward_of_functions(0);
  }

  void run_again(Id checkpoint) {
    if (checkpoint == again_) return;
    again_ = checkpoint;
    const Region& region = at(trace_.regions, checkpoint);
    forward(region.first_op, recompute_end(autograd_, kept_, region), &region);
  }

  struct Made {
    Id value;
    Index piece;
    bool shared;
  };

  void backward_of(Id id) {
    const Op& op = at(trace_.ops, id);
    const std::span<const std::uint8_t> needs = autograd_.needs(id);
    const GradOp view{{trace_, op}, needs, flavour_};
    const Index incoming = gradient_of_any(op.out);
    made_.clear();
    for (std::size_t k = 0; k < op.in.size(); ++k) {
      if (!needs[k] || !at(autograd_.wanted, op.in[k])) continue;
      make(op.in[k], incoming == kNoPiece ? GradientFlow::fresh : gradient_flow(view, k), incoming, id);
    }
    observe();
    let_go(at(of_op_, id));
    finish(op.out);
  }

  void backward_of_functions(Id end) {
    for (const Id id : at(ends_, end)) {
      const Region& region = at(trace_.regions, id);
      if (region.kind != Region::Kind::function || !at(autograd_.region_live, id)) continue;
      begin(Phase::backward, end == 0 ? 0 : end - 1);
      made_.clear();
      for (const Id value : region.in) {
        if (value != kNone && at(autograd_.wanted, value)) make(value, GradientFlow::fresh, kNoPiece, end - 1);
      }
      observe();
      let_go(at(of_region_, id));
      finish(region.out);
    }
  }

  Index gradient_of_any(const std::vector<Id>& values) const {
    for (const Id value : values) {
      if (value != kNone && at(gradient_, value) != kNoPiece) return at(gradient_, value);
    }
    return kNoPiece;
  }

  void make(Id value, GradientFlow flow, Index incoming, Id op) {
    if (flow == GradientFlow::nothing) return;
    if (flow == GradientFlow::fresh) {
      made_.push_back({value, add(size_of(value), "gradient", op), false});
      return;
    }
    refer(incoming);
    if (flow == GradientFlow::expanded) pieces_[incoming].expanded = true;
    made_.push_back({value, incoming, true});
  }

  /// The gradients that came in are gone, and those that were made are handed on.
  void finish(const std::vector<Id>& out) {
    for (const Id value : out) {
      if (value == kNone || at(gradient_, value) == kNoPiece) continue;
      drop(at(gradient_, value));
      at(gradient_, value) = kNoPiece;
    }
    for (const Made& made : made_) {
      give(made);
      if (at(is_leaf_, made.value)) settle(made.value);
    }
  }

  /// A second gradient is added to the first in place, if nothing else refers to that.
  void give(const Made& made) {
    Index& gradient = at(gradient_, made.value);
    if (gradient == kNoPiece) {
      gradient = made.piece;
      return;
    }
    const Piece& old = pieces_[gradient];
    if (old.references == 1 && !old.expanded) {
      drop(made.piece);
      return;
    }
    const Index sum = add(size_of(made.value), "gradient", pieces_[made.piece].op);
    observe();
    drop(gradient);
    drop(made.piece);
    gradient = sum;
  }

  /// A parameter keeps its gradient, in memory that nothing else refers to.
  void settle(Id value) {
    Index& gradient = at(gradient_, value);
    if (options_.gradients_exist) {  // added to what is there
      drop(gradient);
      gradient = kNoPiece;
      return;
    }
    if (pieces_[gradient].references > 1 && !pieces_[gradient].of_parameter) {
      const Index own = add(size_of(value), "gradient", pieces_[gradient].op);
      observe();
      drop(gradient);
      gradient = own;
    }
    Piece& piece = pieces_[gradient];
    if (piece.of_parameter) return;
    activations_ -= piece.bytes;
    gradients_ += piece.bytes;
    piece.of_parameter = true;
    piece.what = "gradient of a parameter";
    observe();
  }

  const Trace& trace_;
  const Autograd& autograd_;
  const PassKept& kept_;
  Flavour flavour_;
  WalkOptions options_;
  ByMoment born_, died_;  ///< storages by operator
  std::vector<Piece> pieces_;
  std::vector<Index> piece_of_;            ///< by storage
  std::vector<std::uint8_t> is_leaf_;      ///< by value: is it a parameter?
  std::vector<Index> gradient_;            ///< by value: that has arrived so far
  std::vector<std::vector<Index>> of_op_;  ///< by operator: the pieces that autograd keeps of it
  std::vector<std::vector<Index>> of_region_;
  std::vector<std::vector<Id>> begins_,
      ends_;  ///< by operator: regions that are kept before it, and that end before it
  std::vector<Made> made_;
  Id again_ = kNone;  ///< the checkpoint that ran again last
  Count activations_, gradients_;
  std::vector<Breath> breaths_;
  std::size_t wanted_entry_ = static_cast<std::size_t>(-1);
  std::vector<AliveAt> alive_;
};

}  // namespace

std::vector<Breath> memory_walk(const Trace& trace, const Autograd& autograd, const PassKept& kept, Flavour flavour,
                                const WalkOptions& options) {
  return MemoryWalk(trace, autograd, kept, flavour, options).walk();
}

std::vector<AliveAt> alive_at(const Trace& trace, const Autograd& autograd, const PassKept& kept, Flavour flavour,
                              const WalkOptions& options, std::size_t entry) {
  return MemoryWalk(trace, autograd, kept, flavour, options).alive(entry);
}

}  // namespace thoplw

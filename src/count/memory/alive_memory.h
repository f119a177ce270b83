// Pieces of memory that are counted by who refers to them, and the most that is alive from moment to moment.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/count.h"
#include "report/memory.h"
#include "trace/id.h"

namespace thoplw {

/// Bytes that come and go within a forward and its backward.
struct Breath {
  Phase phase = Phase::forward;
  Id op = kNone;      ///< that runs
  Count gradients;    ///< of parameters
  Count activations;  ///< all else
};

/// A piece of memory that is alive: who made it.
struct AliveAt {
  const char* what;
  Id op;
  Count bytes;
};

/// The most bytes that are no gradients of parameters.
Count most_activations(const std::vector<Breath>& breaths);

/// Up to a multiple; of 0 or 1, as it is.
Count rounded_up(Count bytes, std::uint64_t unit);

class AliveMemory {
 public:
  using Index = std::size_t;
  static constexpr Index kNoPiece = static_cast<Index>(-1);

  struct Piece {
    Count bytes;
    int references = 0;
    bool of_parameter = false;  ///< a gradient of one
    const char* what = "activation";
    Id op = kNone;
  };

  /// `round`: bytes of each piece are rounded up to a multiple. `listed`: the entry that list() tells of.
  explicit AliveMemory(Count round, std::size_t listed = static_cast<std::size_t>(-1))
      : round_(std::max<std::uint64_t>(round.value(), 1)), listed_(listed) {}

  const Piece& operator[](Index index) const { return pieces_[index]; }

  /// A piece that nothing refers to yet.
  Index put(Count bytes, const char* what, Id op);
  /// A piece with one reference.
  Index add(Count bytes, const char* what, Id op);
  void refer(Index index);
  void drop(Index index);
  void let_go(std::vector<Index>& pieces);
  /// The piece is the gradient of a parameter from now on.
  void give_to_parameter(Index index);
  /// Gradients of parameters that are there from the start.
  void start_with_gradients(Count bytes) { gradients_ += rounded(bytes); }

  /// A new entry: an operator runs.
  void begin(Phase phase, Id op) { breaths_.push_back({.phase = phase, .op = op, .gradients = 0, .activations = 0}); }
  /// The most that is alive while it runs is at least what is alive now, with what is not told of one by one: made and
  /// freed besides, or lacking, as it is alive at another moment.
  void observe(Count besides = 0, Count lacking = 0);

  std::vector<Breath> entries() { return std::move(breaths_); }
  std::vector<AliveAt> list() { return std::move(alive_); }

 private:
  Count rounded(Count bytes) const { return rounded_up(bytes, round_); }
  Count& sum_of(const Piece& piece) { return piece.of_parameter ? gradients_ : activations_; }

  std::uint64_t round_;
  std::size_t listed_;
  std::vector<Piece> pieces_;
  Count activations_, gradients_;
  std::vector<Breath> breaths_;
  std::vector<AliveAt> alive_;
};

}  // namespace thoplw

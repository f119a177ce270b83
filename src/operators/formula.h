// A work formula: what an operator computes, in code and in words.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "operators/op_view.h"
#include "operators/work.h"

namespace thoplw {

/// What a formula counts as one kind of work, in words: "output elements".
struct Counted {
  Kind kind = Kind::count_;
  std::string_view what;
};

/// Which elements of a tensor a formula counts.
enum class Reads : std::uint8_t {
  sizes,   ///< all that its sizes span: wrong for sparse and nested tensors, which hold fewer
  stored,  ///< those that it holds
};

using WorkFn = Work (*)(const OpView&);

struct Formula {
  static constexpr std::size_t kMostKinds = 5;

  Counted counts[kMostKinds];  ///< every kind of work that it may count, the main one first; the rest is empty
  Reads reads = Reads::sizes;
  WorkFn work;

  std::span<const Counted> kinds() const {
    std::size_t size = 0;
    while (size < kMostKinds && !counts[size].what.empty()) ++size;
    return {counts, size};
  }
  /// False for operators that move, make or describe tensors.
  bool computes() const { return !kinds().empty(); }

  Work operator()(const OpView& op) const { return work(op); }
  bool operator==(const Formula& other) const { return this == &other; }
};

}  // namespace thoplw

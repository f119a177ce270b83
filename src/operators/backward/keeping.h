// What a lowering is written with: an operator taken apart as torch does it, and what autograd keeps of the parts.
#pragma once

#include <string_view>
#include <utility>

#include "operators/backward/kept.h"
#include "operators/shape/strides.h"

namespace thoplw {

Count bytes_of(const Tensor& tensor);
Count bytes_of(DType dtype, Count elements);

/// A tensor inside of a composite operator: one of its inputs, perhaps seen with other sizes, or memory of its own.
struct Operand {
  static constexpr std::size_t kOwn = static_cast<std::size_t>(-1);
  static constexpr std::size_t kElsewhere = kOwn - 1;  ///< of its own too, but looked after already

  Strided layout;
  std::size_t input = kOwn;
  bool needs = false;  ///< a gradient

  Count bytes() const;  ///< of all its elements
};

class Keeping {
 public:
  /// `clones_self`: an in-place operator, which overwrites its first input: a clone is kept in its place.
  explicit Keeping(const GradOp& of, bool clones_self = false) : op(of), clones_self_(clones_self) {}

  const GradOp& op;

  /// The operator keeps its i-th input, if there is one.
  void input(std::size_t i);
  void output(std::size_t i = 0);
  /// It makes memory inside, and keeps it or frees it.
  void fresh(Count bytes, bool kept = true);
  /// So many bytes lie in memory of its own at one time, with results that are new: what of them is neither kept nor a
  /// result is freed again. For operators that do not hold all that they free at the same time.
  void at_once(Count bytes);
  /// It keeps the operand, or not; memory of its own is then freed.
  void operand(const Operand& operand, bool kept);
  /// The operand is reshaped, and what comes of that kept or not: the operand itself, or a copy where one is needed.
  void reshaped(const Operand& operand, const Dims& sizes, bool kept);
  /// What is kept is not all.
  void incomplete() {
    result_.known = !op.need_any();
    result_.inside = false;
  }

  Operand operand_of(std::size_t i) const;
  Kept take();

 private:
  void add(const KeptTensor& tensor);

  bool clones_self_;
  Count at_once_;
  Kept result_;
};

/// Throws Error where the operand has fewer dimensions.
void require_rank(const Operand& operand, std::size_t rank);

/// A number, a switch or a text that the operator was called with; `otherwise` where the trace does not have it.
double number(const OpView& op, std::string_view name, double otherwise);
bool flag(const OpView& op, std::string_view name, bool otherwise);
std::string_view word(const OpView& op, std::string_view name);
Dims numbers(const OpView& op, std::string_view name);

/// Takes one operator apart. Throws Error, or std::out_of_range, where its tensors are not those that it has in torch.
using Lowering = void (*)(Keeping&);

}  // namespace thoplw

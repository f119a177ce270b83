// As autograd's engine does: see torch/csrc/autograd/input_buffer.cpp and functions/accumulate_grad.h.
#include "count/training/gradients.h"

#include <algorithm>

namespace thoplw {
namespace {

using Index = AliveMemory::Index;
constexpr Index kNoPiece = AliveMemory::kNoPiece;

}  // namespace

Gradients::Gradients(const Trace& trace, const Autograd& autograd, AliveMemory& memory, bool exist)
    : trace_(trace), memory_(memory), exist_(exist), gradient_(trace.values.size()) {
  count_uses(autograd);
  for (std::size_t v = 0; exist && v < uses_.size(); ++v) {
    if (uses_[v] > 0) memory_.start_with_gradients(size_of(static_cast<Id>(v)));
  }
}

void Gradients::count_uses(const Autograd& autograd) {
  uses_.assign(trace_.values.size(), kNoParameter);
  for (const Param& param : trace_.params) {
    if (!param.buffer) at(uses_, param.value) = 0;
  }
  const auto use = [&](Id value) {
    if (value != kNone && at(autograd.wanted, value) && at(uses_, value) != kNoParameter) ++at(uses_, value);
  };
  for (std::size_t i = 0; i < trace_.ops.size(); ++i) {
    if (!autograd.live[i]) continue;
    const std::span<const std::uint8_t> needs = autograd.needs(static_cast<Id>(i));
    for (std::size_t k = 0; k < needs.size(); ++k) {
      if (needs[k]) use(trace_.ops[i].in[k]);
    }
  }
  for (std::size_t i = 0; i < trace_.regions.size(); ++i) {
    if (trace_.regions[i].kind != Region::Kind::function || !autograd.region_live[i]) continue;
    for (const Id value : trace_.regions[i].in) use(value);
  }
}

void Gradients::start(Id value) {
  if (at(gradient_, value).piece == kNoPiece) at(gradient_, value) = {memory_.add(size_of(value), "gradient", kNone)};
}

void Gradients::drop(Id value) {
  memory_.drop(at(gradient_, value).piece);
  at(gradient_, value) = {};
}

void Gradients::forget(const Op& op) {
  for (const Id value : op.out) {
    if (value == kNone || at(gradient_, value).piece == kNoPiece || at(uses_, value) != kNoParameter) continue;
    if (std::ranges::find(op.in, value) != op.in.end()) continue;
    drop(value);
  }
}

Gradients::Gradient Gradients::of_any(const std::vector<Id>& values) const {
  for (const Id value : values) {
    if (value != kNone && at(gradient_, value).piece != kNoPiece) return at(gradient_, value);
  }
  return {};
}

void Gradients::make(Id value, GradientFlow flow, Gradient incoming, Id op) {
  Gradient gradient;
  switch (flow) {
    case GradientFlow::fresh:
    case GradientFlow::fresh_view:
      gradient = {memory_.add(size_of(value), "gradient", op), flow == GradientFlow::fresh_view};
      break;
    case GradientFlow::handed_on:
    case GradientFlow::view:
      memory_.refer(incoming.piece);
      gradient = {incoming.piece, incoming.view || flow == GradientFlow::view};
      break;
    case GradientFlow::nothing:
      break;
  }
  made_.push_back({value, gradient});
}

void Gradients::finish(const std::vector<Id>& out) {
  for (const Id value : out) {
    if (value == kNone || at(gradient_, value).piece == kNoPiece) continue;
    drop(value);
  }
  for (const Made& made : made_) {
    if (made.gradient.piece != kNoPiece) give(made);
    if (at(uses_, made.value) != kNoParameter && --at(uses_, made.value) == 0) settle(made.value);
  }
  made_.clear();
}

/// A second gradient is added to the first in place, if nothing else refers to that.
void Gradients::give(const Made& made) {
  Gradient& gradient = at(gradient_, made.value);
  if (gradient.piece == kNoPiece) {
    gradient = made.gradient;
    return;
  }
  if (!gradient.view && memory_[gradient.piece].references == 1) {
    memory_.drop(made.gradient.piece);
    return;
  }
  const Index sum = memory_.add(size_of(made.value), "gradient", memory_[made.gradient.piece].op);
  memory_.observe();
  memory_.drop(gradient.piece);
  memory_.drop(made.gradient.piece);
  gradient = {sum};
}

/// A parameter keeps its gradient when all of it has arrived. It is copied if something else refers to it, or if it
/// repeats what lies in less memory; a view of what others refer to is kept as it is.
void Gradients::settle(Id value) {
  Gradient& gradient = at(gradient_, value);
  if (gradient.piece == kNoPiece) return;
  if (exist_) {  // added to what is there
    return drop(value);
  }
  const bool repeated = memory_[gradient.piece].bytes < size_of(value);
  if (repeated || (!gradient.view && memory_[gradient.piece].references > 1)) {
    const Index own = memory_.add(size_of(value), "gradient", memory_[gradient.piece].op);
    memory_.observe();
    memory_.drop(gradient.piece);
    gradient = {own};
  }
  memory_.give_to_parameter(gradient.piece);
  memory_.observe();
}

}  // namespace thoplw

// The types that a model computes in, while it is trained.
#pragma once

#include <span>
#include <string_view>

#include "operators/backward/grad_op.h"
#include "trace/trace.h"

namespace thoplw {

struct Precision {
  std::string_view name, doc;
  DType type = DType::f32;  ///< of weights and of what is computed, or what autocast casts to
  bool as_is = false;       ///< the types that the trace has
  bool autocast = false;
  bool masters = false;  ///< the optimizer holds the weights in fp32, too
};

std::span<const Precision> precisions();
/// Throws Error with the known names.
const Precision& find_precision(std::string_view name);

/// The model as it is in that precision. Conversions that its code asks for, and that change nothing in the types of
/// the trace, are not seen: a model that computes its norms in fp32 whatever its type is shows that in a trace of that
/// type.
Trace in_precision(Trace trace, const Precision& precision, Processor processor);

/// What torch.autocast makes of the trace: casts as it has them, and the types that follow from them. Copies of weights
/// that are trained are made once and live to the end of the forward; others are gone after the operator.
Trace autocast(Trace trace, DType lower, Processor processor);

}  // namespace thoplw

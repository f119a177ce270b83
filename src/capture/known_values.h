// Values of meta tensors that follow from known ones, such as a mask made of token ids. They are worked out only when
// somebody asks for them.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "capture/op_call.h"

namespace thoplw::capture {

struct KnownValues;

/// An operator that was answered on meta, kept so that it can run for real.
struct Derivation {
  struct Source {
    std::shared_ptr<KnownValues> values;
    std::optional<std::int64_t> writes;  ///< how often they had been written to; nothing: they were not worked out yet
  };

  const Operator* op = nullptr;
  nb::object args, kwargs;  ///< with an Ellipsis in the place of each tensor
  std::vector<Source> sources;
  nb::object results;  ///< null until it has run
  bool failed = false;
  int depth = 0;  ///< how many operators run one after the other
};

/// What is known of a tensor: its values, or how they follow from others.
struct KnownValues {
  nb::object real;                         ///< null until they are worked out
  std::int64_t writes = 0;                 ///< how often `real` had been written to then
  std::shared_ptr<Derivation> derivation;  ///< null where `real` was there from the start
  std::size_t index = 0;                   ///< which of the derivation's results
  Strided layout;                          ///< of an operand of which no more matters, which has neither of the above
  bool stale = false;                      ///< the pass pretended to write to it
};

/// An input of floats, whose values count as known until the pass pretends to write to it.
std::shared_ptr<KnownValues> given_values(const nb::object& input);

/// Whether the results follow from known values.
bool follows(const OpCall& call);

/// Keeps how the results follow from what went in.
void remember(const OpCall& call, const nb::object& results);

/// A real tensor with the values of this one, not to be written to; null where they are not known.
nb::object values_known(Pass& pass, KnownTensor& tensor);

/// The answer to an operator that torch refuses on meta for want of values, where all that it reads is known; else
/// null.
nb::object answer_by_values(const OpCall& call);

/// The answer to an in-place operator on known integers, which is done to their values; null where they are not known.
nb::object write_values(const OpCall& call);

/// The pass pretends to write to the tensor: what it or any tensor that it may share memory with says is out of date.
void forget_values(Pass& pass, KnownTensor& tensor);

}  // namespace thoplw::capture

// Operators that run for real: small integer work, and all of a real forward.
#pragma once

#include "capture/op_call.h"
#include "capture/recording.h"

namespace thoplw::capture {

// Real operators only on what a model may look at: masks, positions, token ids, a scalar. Floats that are made of
// nothing but these count as they do, since a mask may be of any type; but like all activations they say that they are
// on the meta device, and their values are kept beside them, in a shadow.
inline constexpr std::int64_t kMaxRealIntegers = 1 << 20;
inline constexpr std::int64_t kMaxRealFloats = 256;

std::int64_t elements(const Dims& sizes);

/// The tensor that has the values: its shadow where there is one.
nb::handle values_of(const KnownTensor& tensor);

/// Remembers that the values of a real tensor are no longer true: the pass only pretends to write to it.
void mark_stale(Pass& pass, nb::handle tensor);

/// Whether all that the operator reads is real and small, and its results are.
bool all_real_and_small(const OpCall& call);

/// Keeps what the operator is about to overwrite.
void keep_written(const OpCall& call);

/// Calls a real kernel. What a model keeps of its results must be of use to autograd later on, which tensors made under
/// inference mode never are; and those may be written to only there.
nb::object call_for_real(const OpCall& call, PyObject* args, PyObject* kwargs);

/// Runs the operator on its real operands. Where it is asked to put its result on the meta device, because the
/// activations say that they are there, integers stay real and floats keep their values.
nb::object run_real(const OpCall& call, bool on_meta = false);

}  // namespace thoplw::capture

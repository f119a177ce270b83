// Operators that run for real: small integer work, and all of a real forward.
#pragma once

#include "capture/op_call.h"
#include "capture/recording.h"

namespace thoplw::capture {

// An operator runs for real only if it reads nothing but what a model may look at: masks, positions, token ids,
// scalars. Floats that are made of these alone are treated alike, since a mask may be of any type. Like all activations
// they say that they are on the meta device; their values are kept in a second tensor, the shadow.
inline constexpr std::int64_t kMaxRealIntegers = 1 << 20;
inline constexpr std::int64_t kMaxRealFloats = 256;

std::int64_t elements(const Dims& sizes);

/// The tensor that has the values: the shadow, if there is one.
nb::handle values_of(const KnownTensor& tensor);

/// Remembers that the values of a real tensor are out of date, because the pass only pretended to write to it.
void mark_stale(Pass& pass, nb::handle tensor);

/// Whether everything that the operator reads is real and small, and its results are small, too.
bool all_real_and_small(const OpCall& call);

/// Keeps what the operator is about to overwrite.
void keep_written(const OpCall& call);

/// Calls a real kernel, outside of inference mode: a model may keep the results, and autograd can never use tensors
/// that were made under it. But if the operator writes to such a tensor, it runs under inference mode, as it must.
nb::object call_for_real(const OpCall& call, PyObject* args, PyObject* kwargs);

/// Runs the operator on its real operands. Where it is asked to put its result on the meta device, because the
/// activations say that they are there, integers stay real and floats keep their values.
nb::object run_real(const OpCall& call, bool on_meta = false);

}  // namespace thoplw::capture

// One operator call's Python arguments in schema order, as shape rules read them.
#pragma once

#include <vector>

#include "capture/operators.h"
#include "capture/tensors.h"

namespace thoplw::capture {

/// Refilled for each call; a nested call uses another one.
struct Arguments {
  std::vector<Arg> args;
  std::vector<PyObject*> objects;     ///< per schema argument, borrowed; null where the default stands
  std::vector<KnownTensor*> tensors;  ///< every tensor in order, lists flattened; null is None in a tensor's place
  std::vector<const Strided*> lists;  ///< storage behind Arg::tensors
  std::vector<std::int64_t> ints;     ///< storage behind Arg::ints
  std::vector<double> reals;          ///< storage behind Arg::reals

  void clear();
  /// Appends the next argument in schema order. Where `copies` is more than one, a single int stands for that many.
  void add(const TorchApi& api, TensorTable& table, PyObject* value, int copies = 1);
};

/// Shapes and types only; see `read_strides`.
void read_arguments(const TorchApi& api, const Operator& op, PyObject* args, PyObject* kwargs, TensorTable& table,
                    Arguments& out);

/// A value without tensors, such as a default; `ints` keeps what the result points into.
Arg constant_arg(PyObject* value, Dims& ints);

}  // namespace thoplw::capture

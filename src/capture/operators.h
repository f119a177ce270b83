// What is known of a torch operator, resolved once per OpOverload: schema, rule, how it may be run.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "capture/torch_api.h"
#include "operators/rule.h"

namespace thoplw::capture {

struct SchemaArg {
  PyObject* name = nullptr;  ///< interned
  bool keyword_only = false;
  bool statistics = false;  ///< running ones, which a norm may change though its schema does not say so
  bool written = false;     ///< the operator changes this tensor
  bool device = false;
  bool tensor = false;  ///< a tensor, or none: keeps its place among the inputs when absent
  nb::object fallback;  ///< default value; keeps what `fallback_arg` points into
  Dims fallback_ints;
  Arg fallback_arg;  ///< the default as shape rules see it
};

struct Operator {
  enum class Returns : std::uint8_t { tensor, list, tuple, other };
  enum class Picks : std::uint8_t { none, by_index, by_mask };

  nb::object func;   ///< the OpOverload
  nb::object call;   ///< what calls it: the function inside, which spares a Python frame
  std::string name;  ///< without overload: "aten::add_"
  std::vector<SchemaArg> args;
  const Rule* rule = nullptr;
  Returns returns = Returns::other;
  bool composite = false;       ///< torch can take it apart into others
  bool in_place = false;        ///< returns its first argument, written to
  bool changes_layout = false;  ///< an in-place view such as unsqueeze_
  bool writes = false;          ///< some argument is written to
  bool takes_device = false;
  bool asks_layout = false;      ///< a subclass of Tensor is asked for its sizes or layout: no operator of the model
  bool asks_compatible = false;  ///< whether a tensor may have another's data: see tensor_setters.cpp
  bool asks_to_pack = false;     ///< whether padded sequences may be packed: see dispatch.cpp
  bool is_dual = false;          ///< aten::_make_dual: forward-mode differentiation, for which autograd has to be there
  bool lifts = false;            ///< aten::lift_fresh, which torch.tensor() gives its result to
  bool random = false;
  bool repeatable = false;             ///< its results follow from its arguments, at whatever time it runs
  bool shares = false;                 ///< a result may lie in the memory of an argument
  std::size_t shapes_from = SIZE_MAX;  ///< from which tensor on only their shapes and types matter, not their values
  Picks picks = Picks::none;           ///< elements of its first argument, by its second
  bool dear = false;                   ///< a function such as the sine: dear for real, and never how a mask is made
  bool spelt = false;                  ///< its spelling is recorded
  bool by_parts = false;               ///< of nested operands the sizes of their parts are recorded
  bool resizes = false;                ///< what its caller asked for is recorded
  bool flattens = false;               ///< whether its input lies in one piece is recorded: see recording.cpp
  using Attrs = std::vector<std::pair<std::size_t, std::string>>;
  Attrs attrs;           ///< arguments that the work formula reads
  Attrs training_attrs;  ///< and those besides that training needs
};

/// Linear layers and kin: torch adds the bias in the product where the input lies in one piece, else apart from it.
bool flattens_input(std::string_view name);

/// The operator behind an OpOverload; lives as long as the process.
const Operator& operator_of(PyObject* func);

}  // namespace thoplw::capture

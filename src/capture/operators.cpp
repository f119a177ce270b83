// Reads the schema of an OpOverload, once.
#include "capture/operators.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <unordered_map>

#include "capture/arguments.h"
#include "capture/resizing.h"
#include "capture/spelling.h"
#include "operators/backward/kept.h"
#include "operators/work/formulas.h"

namespace thoplw::capture {
namespace {

Operator::Returns returns_of(const nb::object& schema) {
  const nb::object returns = schema.attr("returns");
  if (nb::len(returns) != 1) return Operator::Returns::tuple;
  const std::string type = str_of(nb::object(returns[0].attr("type")).ptr());
  if (type == "Tensor") return Operator::Returns::tensor;
  return type == "List[Tensor]" ? Operator::Returns::list : Operator::Returns::other;
}

SchemaArg schema_arg(nb::handle argument) {
  SchemaArg arg;
  PyObject* name = nb::object(argument.attr("name")).release().ptr();
  PyUnicode_InternInPlace(&name);
  arg.name = name;
  arg.keyword_only = nb::cast<bool>(argument.attr("kwarg_only"));
  const nb::object alias = argument.attr("alias_info");
  arg.written = !alias.is_none() && nb::cast<bool>(alias.attr("is_write"));
  arg.statistics = text_of(name) == "running_mean" || text_of(name) == "running_var";
  const std::string type = str_of(nb::object(argument.attr("type")).ptr());
  arg.device = type.find("Device") != std::string::npos || type.find("device") != std::string::npos;
  arg.tensor = type == "Tensor" || type == "Optional[Tensor]";
  if (nb::cast<bool>(argument.attr("has_default_value")())) {
    arg.fallback = argument.attr("default_value");
    arg.fallback_arg = constant_arg(arg.fallback.ptr(), arg.fallback_ints);
  }
  return arg;
}

/// The arguments of these names, which are separated by a space.
Operator::Attrs arguments_named(const std::vector<SchemaArg>& args, std::string_view names) {
  Operator::Attrs found;
  while (!names.empty()) {
    const std::size_t end = std::min(names.find(' '), names.size());
    const std::string_view name = names.substr(0, end);
    for (std::size_t i = 0; i < args.size(); ++i) {
      if (text_of(args[i].name) == name) found.emplace_back(i, name);
    }
    names.remove_prefix(std::min(end + 1, names.size()));
  }
  return found;
}

bool is_dear(std::string_view name) {
  constexpr std::string_view kThese[] = {"aten::cos", "aten::exp", "aten::pow", "aten::sin"};
  return std::ranges::find(kThese, name) != std::end(kThese);
}

Operator::Picks picks_of(std::string_view name) {
  if (name == "aten::index" || name == "aten::index_put") return Operator::Picks::by_index;
  return name == "aten::masked_select" ? Operator::Picks::by_mask : Operator::Picks::none;
}

std::size_t shapes_from(std::string_view name) {
  constexpr std::string_view kLikeAll[] = {"aten::full_like", "aten::new_full",  "aten::new_ones",
                                           "aten::new_zeros", "aten::ones_like", "aten::zeros_like"};
  constexpr std::string_view kLikeSecond[] = {"aten::expand_as", "aten::reshape_as", "aten::to", "aten::type_as",
                                              "aten::view_as"};
  if (std::ranges::find(kLikeAll, name) != std::end(kLikeAll)) return 0;
  return std::ranges::find(kLikeSecond, name) != std::end(kLikeSecond) ? 1 : SIZE_MAX;
}

Operator resolve(PyObject* func) {
  const TorchApi& api = torch_api();
  Operator op;
  op.func = nb::borrow(func);
  op.call = nb::getattr(op.func, "_op", op.func);
  const nb::object schema = op.func.attr("_schema");
  op.name = nb::cast<std::string>(schema.attr("name"));
  for (nb::handle argument : schema.attr("arguments")) {
    op.args.push_back(schema_arg(argument));
    op.writes |= op.args.back().written;
    op.takes_device |= op.args.back().device;
  }
  op.rule = find_rule(op.name);
  op.returns = returns_of(schema);
  op.in_place = op.name.ends_with('_') && !op.args.empty() && op.args[0].written;
  const nb::object tags = op.func.attr("tags");
  op.changes_layout = nb::cast<bool>(tags.attr("__contains__")(api.inplace_view_tag)) || op.name == "aten::resize_" ||
                      op.name == "aten::set_" || op.name == "aten::resize_as_";
  op.random = nb::cast<bool>(tags.attr("__contains__")(api.seeded_tag));
  op.repeatable = !op.random && !op.writes && op.name.find("empty") == std::string::npos;
  op.picks = picks_of(op.name);
  op.shapes_from = shapes_from(op.name);
  op.is_dual = op.name == "aten::_make_dual";
  op.lifts = op.name == "aten::lift_fresh";
  op.asks_compatible = op.name == "aten::_has_compatible_shallow_copy_type";
  op.asks_to_pack = op.name == "aten::_nested_tensor_from_mask_left_aligned";
  try {
    op.composite = nb::cast<bool>(api.has_kernel(op.func.attr("name")(), "CompositeImplicitAutograd"));
  } catch (const nb::python_error& error) {
    pass_on_interrupt(error);
    op.asks_layout = true;  // the dispatcher has no such operator: prim::layout, aten::sym_size
  }
  op.shares = op.composite || std::ranges::any_of(schema.attr("returns"), [](nb::handle result) {
                return !nb::object(result.attr("alias_info")).is_none();
              });
  op.spelt = spelling_matters(op.name);
  op.by_parts = op.rule && (op.rule->formula == work::attention || op.rule->formula == work::matmul);
  op.resizes = is_resize(op.name);
  op.dear = is_dear(op.name);
  op.flattens = flattens_input(op.name);
  op.attrs = arguments_named(op.args, op.rule ? op.rule->attrs : "");
  op.training_attrs = arguments_named(op.args, kept_attrs(op.name));
  std::erase_if(op.training_attrs,
                [&](const auto& attr) { return std::ranges::find(op.attrs, attr) != op.attrs.end(); });
  return op;
}

}  // namespace

bool flattens_input(std::string_view name) {
  return name == "aten::linear" || name == "aten::gru" || name == "aten::lstm" || name == "aten::rnn_relu" ||
         name == "aten::rnn_tanh";
}

const Operator& operator_of(PyObject* func) {
  static auto* operators = new std::unordered_map<PyObject*, std::unique_ptr<Operator>>;
  auto& slot = (*operators)[func];
  if (!slot) slot = std::make_unique<Operator>(resolve(func));
  return *slot;
}

}  // namespace thoplw::capture

// Asks the shape rule of an operator, and makes the meta tensors that it describes.
#include "capture/native_answers.h"

#include <array>

#include "capture/attention_kernel.h"
#include "capture/real_kernels.h"
#include "capture/recording.h"
#include "operators/backward/kept.h"
#include "operators/shape/rules.h"

namespace thoplw::capture {

namespace {

/// Where memory is observed, results lie as on the device that the model runs on: copies that are not made there take
/// no memory.
ShapeFn shape_of(const OpCall& call) {
  const ShapeFn shape = call.op.rule->shape;
  if (!call.pass.observes || shape != shape::scaled_dot_product_attention) return shape;
  return has_learned_mask(call) ? shape : shape::fused_attention;
}

}  // namespace

bool ask_rule(const OpCall& call, std::vector<Result>& results) {
  if (!call.op.rule || !call.op.rule->shape) return false;
  for (KnownTensor* tensor : call.read.tensors) {
    if (!tensor) continue;
    if (!tensor->plain) return false;
    call.pass.tensors.strided(*tensor);
  }
  results.clear();
  return shape_of(call)(call.read.args, results);
}

namespace {

nb::object make_view(const OpCall& call, const Result& result) {
  Pass& pass = call.pass;
  KnownTensor& base = *call.read.tensors[static_cast<std::size_t>(result.alias_of)];
  // A meta tensor has no data that views could share, so a view of one is simply a tensor of that layout. Under
  // inference mode torch refuses that for views of parameters.
  if (base.made) return pass.tensors.make(result.tensor, &base);
  std::int64_t offset = result.offset;
  const nb::object at = take(PyObject_CallMethodNoArgs(base.object, pass.api.names.storage_offset));
  offset += nb::cast<std::int64_t>(at);
  const nb::object view = pass.api.as_strided(nb::handle(base.object), to_tuple(result.tensor.sizes),
                                              to_tuple(result.tensor.strides), offset);
  pass.tensors.add(view.ptr(), &base).constant = base.constant;
  return view;
}

nb::object make_result(const OpCall& call, Result& result) {
  if (result.same) return nb::borrow(call.read.tensors[static_cast<std::size_t>(result.alias_of)]->object);
  if (result.alias_of >= 0) return make_view(call, result);
  return call.pass.tensors.make(std::move(result.tensor));
}

nb::object results_object(const Operator& op, std::vector<nb::object>& items) {
  if (op.returns == Operator::Returns::tensor) return std::move(items.front());
  nb::list list;
  for (nb::object& item : items) list.append(std::move(item));
  return op.returns == Operator::Returns::list ? nb::object(list) : nb::object(nb::tuple(list));
}

}  // namespace

nb::object answer_natively(const OpCall& call) {
  std::vector<Result> results;
  if (!ask_rule(call, results)) return {};
  std::vector<nb::object> items;
  std::vector<Id> out;
  for (Result& result : results) {
    items.push_back(make_result(call, result));
    out.push_back(call.pass.tensors.known(items.back().ptr()).value);
  }
  record(call).out = std::move(out);
  return results_object(call.op, items);
}

nb::object answer_in_place(const OpCall& call) {
  KnownTensor* self = call.read.tensors.empty() ? nullptr : call.read.tensors.front();
  if (!self) return {};
  std::vector<Result> results;
  if (call.pass.native_rules && ask_rule(call, results) && results.size() == 1 && !results[0].same &&
      results[0].tensor.sizes != self->layout.sizes) {
    return {};
  }
  mark_stale(call.pass, self->object);
  record(call).out.push_back(self->value);
  return nb::borrow(self->object);
}

namespace {

/// Outside the mode's own __torch_dispatch__, which torch calls with the mode off, making a tensor would come back to
/// it.
class ModeOff {
 public:
  explicit ModeOff(Pass& pass) : pass_(pass) { pass_.api.pop(); }
  ~ModeOff() { pass_.api.push(pass_.mode.ptr()); }
  ModeOff(const ModeOff&) = delete;
  ModeOff& operator=(const ModeOff&) = delete;

 private:
  Pass& pass_;
};

}  // namespace

nb::object answer_leaf(Pass& pass, std::string_view name, bool in_place, std::span<const std::string_view> arguments,
                       Arguments& read) {
  static auto* operators = new std::unordered_map<std::string_view, std::array<Operator, 2>>;
  auto& [plain, written] = (*operators)[name];
  if (plain.name.empty()) {
    plain.name = name;
    written.name = plain.name + '_';
    plain.rule = written.rule = find_rule(name);
    plain.flattens = flattens_input(name);
    plain.returns = written.returns = Operator::Returns::tensor;
    for (std::size_t i = 0; i < arguments.size() && plain.rule; ++i) {
      if (reads(*plain.rule, arguments[i])) plain.attrs.emplace_back(i, arguments[i]);
    }
    written.attrs = plain.attrs;
    for (std::size_t i = 0; i < arguments.size() && plain.rule; ++i) {
      const bool known = reads(*plain.rule, arguments[i]);
      if (!known && lists(kept_attrs(name), arguments[i])) plain.training_attrs.emplace_back(i, arguments[i]);
    }
    written.training_attrs = plain.training_attrs;
  }
  const OpCall call{pass, in_place ? written : plain, nullptr, nullptr, read};
  if (!plain.rule) return {};
  for (const auto& [index, attr] : plain.attrs) {
    if (!read.args[index].given()) return {};  // forward finds a value for it
  }
  const ModeOff off(pass);
  return in_place ? answer_in_place(call) : answer_natively(call);
}

nb::object shape_rule(nb::object func, nb::tuple args, nb::dict kwargs) {
  Pass pass(torch_api());
  pass.tensors.real = true;  // to be told of tensors that have no meta form, not refused
  const Operator& op = operator_of(func.ptr());
  Arguments read;
  read_arguments(pass.api, op, args.ptr(), kwargs.ptr(), pass.tensors, read);
  std::vector<Result> results;
  if (!ask_rule({pass, op, args.ptr(), kwargs.ptr(), read}, results)) return nb::none();
  nb::list list;
  for (const Result& result : results) {
    const nb::object sizes = to_tuple(result.tensor.sizes);
    const nb::object strides = to_tuple(result.tensor.strides);
    if (result.same) {
      list.append(nb::make_tuple("same", result.alias_of));
    } else if (result.alias_of >= 0) {
      list.append(nb::make_tuple("view", result.alias_of, sizes, strides, result.offset));
    } else {
      list.append(nb::make_tuple("new", sizes, strides, nb::handle(pass.api.dtype_objects.at(result.tensor.dtype))));
    }
  }
  return list;
}

}  // namespace thoplw::capture

// Chooses branches and runs loops as Python would. Torch implements the other such operators by plain operators.
#include "capture/higher_order.h"

#include "capture/dispatch.h"

namespace thoplw::capture {
namespace {

bool is_true(const nb::object& value) {
  const int truth = PyObject_IsTrue(value.ptr());  // raises for a tensor on meta, as an `if` would
  if (truth < 0) throw nb::python_error();
  return truth == 1;
}

/// The i-th argument, by position or by name.
nb::object argument(const nb::tuple& args, const nb::dict& kwargs, std::size_t i, const char* name) {
  if (i < args.size()) return args[i];
  return kwargs.contains(name) ? nb::object(kwargs[name]) : nb::object(nb::tuple());
}

/// cond(pred, true_fn, false_fn, operands)
nb::object run_cond(const nb::tuple& args, const nb::dict& kwargs) {
  const bool chosen = is_true(argument(args, kwargs, 0, "pred"));
  const nb::object branch = chosen ? argument(args, kwargs, 1, "true_fn") : argument(args, kwargs, 2, "false_fn");
  return branch(*argument(args, kwargs, 3, "operands"));
}

/// while_loop(cond_fn, body_fn, carried_inputs, additional_inputs)
nb::object run_while(const nb::tuple& args, const nb::dict& kwargs) {
  const nb::object condition = argument(args, kwargs, 0, "cond_fn");
  const nb::object body = argument(args, kwargs, 1, "body_fn");
  nb::object carried = argument(args, kwargs, 2, "carried_inputs");
  const nb::object additional = argument(args, kwargs, 3, "additional_inputs");
  while (is_true(condition(*nb::tuple(carried), *nb::tuple(additional)))) {
    carried = body(*nb::tuple(carried), *nb::tuple(additional));
  }
  return carried;
}

nb::object joined(const nb::object& a, const nb::object& b) {
  return take(PySequence_Concat(nb::list(a).ptr(), nb::list(b).ptr()));
}

/// scan(combine_fn, init, xs, additional_inputs): combine_fn(carry..., slice of each x..., additional...) gives the
/// next carry and then the results of this step, which are stacked. It steps along the first dimension.
nb::object run_scan(const nb::tuple& args, const nb::dict& kwargs) {
  const nb::object combine = argument(args, kwargs, 0, "combine_fn");
  nb::list carry(argument(args, kwargs, 1, "init"));
  const nb::list xs(argument(args, kwargs, 2, "xs"));
  const nb::object additional = argument(args, kwargs, 3, "additional_inputs");
  const std::size_t carried = carry.size();
  const std::int64_t steps = nb::cast<std::int64_t>(nb::object(xs[0]).attr("size")(0));
  std::vector<nb::list> results;
  for (std::int64_t step = 0; step < steps; ++step) {
    nb::list slices;
    for (nb::handle x : xs) slices.append(x.attr("select")(0, step));
    const nb::list out(combine(*nb::tuple(joined(joined(carry, slices), additional))));
    results.resize(out.size() - carried);
    carry = nb::list();
    for (std::size_t i = 0; i < out.size(); ++i) (i < carried ? carry : results[i - carried]).append(out[i]);
  }
  const nb::object stack = torch_api().torch.attr("stack");
  for (const nb::list& result : results) carry.append(stack(result));
  return nb::tuple(carry);
}

/// By name; torch's own implementations of these refuse to run inside of a mode.
struct HigherOrder {
  std::string_view name;
  nb::object (*run)(const nb::tuple& args, const nb::dict& kwargs);
};
constexpr HigherOrder kOperators[] = {
    {"cond", run_cond},
    {"scan", run_scan},
    {"while_loop", run_while},
};

/// Torch's own implementation by plain operators, or a null object.
nb::object implementation(const TorchApi& api, nb::handle func) {
  const nb::object kernels = nb::getattr(func, "py_kernels", nb::dict());
  const nb::object key = api.torch.attr("_C").attr("DispatchKey").attr("CompositeExplicitAutograd");
  return nb::cast<bool>(kernels.attr("__contains__")(key)) ? nb::object(kernels[key]) : nb::object();
}

void record_unknown(Pass& pass, const std::string& name) {
  static auto* names = new std::unordered_set<std::string>;  // the pass keeps views of them
  add_op(pass, *names->insert("higher_order::" + name).first);
}

}  // namespace

nb::object dispatch_higher_order(Pass& pass, nb::handle func, const nb::tuple& args, const nb::dict& kwargs) {
  const std::string name = str_of(nb::object(func.attr("__name__")).ptr());
  for (const HigherOrder& row : kOperators) {
    if (row.name != name) continue;
    const ModeOn on(pass);
    return row.run(args, kwargs);
  }
  const nb::object parts = implementation(pass.api, func);
  // Kernels of other languages, such as triton's, are functions of no operators.
  if (!parts.is_valid() || name.starts_with("triton_kernel")) {
    record_unknown(pass, name);
    const nb::object result = func(*args, **kwargs);
    for (nb::handle item : PyTuple_Check(result.ptr()) ? nb::borrow(result) : nb::object(nb::make_tuple(result))) {
      if (pass.api.is_tensor(item.ptr())) pass.tensors.add(item.ptr());
    }
    return result;
  }
  const ModeOn on(pass);
  return parts(*args, **kwargs);
}

}  // namespace thoplw::capture

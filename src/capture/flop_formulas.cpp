// Asks torch's registry of FLOP formulas, if the process has loaded it, as FlopCounterMode does.
#include "capture/flop_formulas.h"

#include "base/formatted.h"

namespace thoplw::capture {

nb::object registered_formula(const Operator& op) {
  static PyObject* module = interned("torch.utils.flop_counter");
  if (op.rule) return {};
  const nb::object loaded = nb::steal(PyImport_GetModule(module));
  if (!loaded.is_valid()) return {};
  const nb::object registry = nb::getattr(loaded, "flop_registry", nb::none());
  if (!PyDict_Check(registry.ptr())) return {};
  const nb::object packet = nb::getattr(op.func, "overloadpacket", nb::none());
  PyObject* formula = PyDict_GetItem(registry.ptr(), packet.ptr());
  if (!formula) formula = PyDict_GetItem(registry.ptr(), op.func.ptr());  // where torch 2.4 puts those of users
  if (!formula || nb::getattr(formula, "__module__", nb::none()).equal(nb::str("torch.utils.flop_counter"))) return {};
  return nb::borrow(formula);
}

std::int64_t registered_flops(const nb::object& formula, const Operator& op, PyObject* args, PyObject* kwargs,
                              const nb::object& result) {
  nb::dict named;
  if (kwargs) named.update(nb::borrow<nb::dict>(kwargs));
  named["out_val"] = result;
  nb::object flops;
  try {
    flops = take(PyObject_Call(formula.ptr(), args, named.ptr()));
  } catch (const nb::python_error& error) {
    pass_on_interrupt(error);
    raise_from(error, formatted("the FLOP formula registered for {} raised {}", op.name, brief(error)));
  }
  std::int64_t count = -1;
  if (!nb::try_cast(flops, count) || count < 0) {
    throw Error(formatted(
        "the FLOP formula registered for {} returned {}; it must return a number of FLOPs, an int of 0 or more",
        op.name, str_of(take(PyObject_Repr(flops.ptr())).ptr())));
  }
  return count;
}

}  // namespace thoplw::capture

// Casts arguments, and answers a forward that asks about autocast.
#include "capture/casts.h"

#include <algorithm>

#include "capture/dispatch.h"
#include "capture/interrupts.h"
#include "capture/pass.h"
#include "variants/types.h"

namespace thoplw::capture {
namespace {

bool is_cast(Pass& pass, nb::handle value, DType to) {
  if (!pass.api.is_tensor(value.ptr())) return false;
  const DType type = pass.tensors.known(value.ptr()).layout.dtype;
  return is_castable(type) && type != to;
}

template <typename Visit>
void each_tensor_in(const Pass& pass, nb::handle value, const Visit& visit) {
  if (pass.api.is_tensor(value.ptr())) visit(value);
  if (PyList_Check(value.ptr()) || PyTuple_Check(value.ptr())) {
    for (nb::handle item : nb::borrow(value)) each_tensor_in(pass, item, visit);
  }
}

/// Of inputs of several types the widest, and not less than `lower`.
DType widest(Pass& pass, nb::handle args, DType lower) {
  DType type = lower;
  each_tensor_in(pass, args, [&](nb::handle tensor) {
    if (pass.tensors.known(tensor.ptr()).layout.dtype == DType::f32) type = DType::f32;
  });
  return type;
}

/// The place of an argument in the schema, or its end.
std::size_t place_of(const Operator& op, std::string_view name) {
  const auto found = std::ranges::find_if(
      op.args, [&](const SchemaArg& arg) { return nb::cast<std::string>(nb::handle(arg.name)) == name; });
  return static_cast<std::size_t>(found - op.args.begin());
}

bool is_given(const Operator& op, std::size_t place, nb::handle args, PyObject* kwargs) {
  PyObject* value = nullptr;
  if (place < nb::len(args)) value = nb::object(args[place]).ptr();
  if (kwargs && !value) value = PyDict_GetItem(kwargs, op.args[place].name);
  return value && value != Py_None;
}

}  // namespace

Casts::Casts(const TorchApi& api, DType lower, Processor processor)
    : lower_(lower),
      processor_(processor),
      lower_type_(api.torch.attr(lower == DType::f16 ? "float16" : "bfloat16")),
      fp32_(api.torch.attr("float32")),
      to_(api.torch.attr("ops").attr("aten").attr("to").attr("dtype")) {}

Cast Casts::cast_of(const Operator& op) {
  if (inside_ > 0 || !on()) return Cast::none;
  const auto [found, fresh] = casts_.try_emplace(&op, Cast::none);
  if (fresh) found->second = thoplw::cast_of(op.name, processor_);
  return found->second;
}

Casts::Given Casts::cast(Pass& pass, const Operator& op, Cast cast, PyObject* args, PyObject* kwargs) {
  Given given{nb::borrow(args), kwargs ? nb::borrow(kwargs) : nb::object()};
  if (cast == Cast::output) {
    const std::size_t place = place_of(op, "dtype");
    const nb::object first = nb::len(given.args) > 0 ? nb::object(given.args[0]) : nb::none();
    if (!is_cast(pass, first, DType::f32)) return given;
    if (place < op.args.size()) {
      if (is_given(op, place, given.args, kwargs)) return given;
      nb::dict named = kwargs ? nb::cast<nb::dict>(given.kwargs.attr("copy")()) : nb::dict();
      named["dtype"] = fp32_;
      if (place < nb::len(given.args)) given.args = given.args[nb::slice(nb::int_(0), nb::int_(place), nb::none())];
      given.kwargs = named;
      return given;
    }
    cast = Cast::fp32;
  }
  const DType type = cast == Cast::lower    ? lower_
                     : cast == Cast::widest ? widest(pass, given.args, lower_)
                                            : DType::f32;
  given.args = nb::tuple(cast_value(pass, given.args, type));
  if (kwargs) {
    nb::dict named;
    for (const auto& [name, value] : nb::borrow<nb::dict>(kwargs)) named[name] = cast_value(pass, value, type);
    given.kwargs = named;
  }
  return given;
}

nb::object Casts::cast_value(Pass& pass, nb::handle value, DType type) {
  if (is_cast(pass, value, type)) return cast_tensor(pass, value.ptr(), type);
  if (!PyList_Check(value.ptr()) && !PyTuple_Check(value.ptr())) return nb::borrow(value);
  nb::list items;
  for (nb::handle item : nb::borrow(value)) items.append(cast_value(pass, item, type));
  return PyTuple_Check(value.ptr()) ? nb::object(nb::tuple(items)) : nb::object(items);
}

nb::object Casts::cast_tensor(Pass& pass, PyObject* tensor, DType type) {
  const auto make = [&] {
    const nb::tuple args = nb::make_tuple(nb::handle(tensor), type == DType::f32 ? fp32_ : lower_type_);
    return dispatch(pass, to_.ptr(), args.ptr(), nullptr);
  };
  const bool kept = type == lower_ && pass.tensors.known(tensor).layout.dtype == DType::f32 &&
                    nb::cast<bool>(nb::handle(tensor).attr("requires_grad")) &&
                    nb::cast<bool>(nb::handle(tensor).attr("is_leaf"));
  if (!kept) return make();
  nb::object& copy = copies_[tensor];
  if (!copy.is_valid()) copy = make();
  return copy;
}

AutocastTold::AutocastTold(Pass& pass) {
  if (!pass.casts) return;
  Casts& casts = *pass.casts;
  const nb::object torch = pass.api.torch, type = torch.attr("autocast"), init = type.attr("__init__");
  exchange(torch, "is_autocast_enabled", nb::cpp_function([&casts](const nb::args&) { return casts.on(); }));
  exchange(torch, "get_autocast_dtype", nb::cpp_function([&casts](const nb::args&) { return casts.lower_type(); }));
  exchange(type, "__init__",
           nb::cpp_function(
               [init](nb::handle self, const nb::args& args, const nb::kwargs& kwargs) {
                 constexpr std::size_t kEnabled = 2;  // torch.autocast(device_type, dtype=None, enabled=True, ...)
                 const nb::object on = args.size() > kEnabled ? nb::object(args[kEnabled])
                                                              : nb::object(kwargs.get("enabled", nb::bool_(true)));
                 init(self, "cpu", nb::arg("enabled") = false);
                 self.attr("_enabled") = nb::bool_(PyObject_IsTrue(on.ptr()) == 1);
               },
               nb::is_method()));
  exchange(type, "__enter__",
           nb::cpp_function(
               [&casts](nb::handle self) {
                 casts.asked.push_back(nb::cast<bool>(self.attr("_enabled")));
                 return nb::borrow(self);
               },
               nb::is_method()));
  exchange(type, "__exit__",
           nb::cpp_function(
               [&casts](nb::handle, const nb::args&) {
                 if (!casts.asked.empty()) casts.asked.pop_back();
               },
               nb::is_method()));
}

AutocastTold::~AutocastTold() {
  undo("thoplw: putting autocast back", [&] {
    for (; !exchanged_.empty(); exchanged_.pop_back()) {
      nb::setattr(exchanged_.back().owner, exchanged_.back().name, exchanged_.back().was);
    }
  });
}

void AutocastTold::exchange(const nb::object& owner, const char* name, nb::object with) {
  exchanged_.push_back({owner, name, owner.attr(name)});
  nb::setattr(owner, name, with);
}

}  // namespace thoplw::capture

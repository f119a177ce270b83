// Makes code that passes all its arguments on.
#include "capture/exchanged_code.h"

#include "capture/interrupts.h"

namespace thoplw::capture {
namespace {

/// One within a class, for functions that know theirs, as those that use super() do, and one for others.
constexpr const char* kSource = R"(
class Any:
    def within(*args, **kwargs):
        __class__
        ours = "ours"
        return ours(*args, **kwargs)
    def plain(*args, **kwargs):
        ours = "ours"
        return ours(*args, **kwargs)
)";

nb::object code_that_calls(const nb::object& ours, bool within_class) {
  nb::dict scope;
  scope["__builtins__"] = nb::module_::import_("builtins");
  take(PyRun_String(kSource, Py_file_input, scope.ptr(), scope.ptr()));
  const nb::object code = nb::object(scope["Any"]).attr(within_class ? "within" : "plain").attr("__code__");
  nb::list constants;
  for (nb::handle constant : nb::object(code.attr("co_consts"))) {
    constants.append(constant.equal(nb::str("ours")) ? nb::handle(ours) : constant);
  }
  return code.attr("replace")(nb::arg("co_consts") = nb::tuple(constants));
}

}  // namespace

void ExchangedCode::exchange(const nb::object& function, Ours ours) {
  if (!PyFunction_Check(function.ptr())) return;
  undo("thoplw: exchanging the code of a function", [&] { set(function, ours); });
}

void ExchangedCode::set(const nb::object& function, Ours ours) {
  nb::object code = function.attr("__code__");
  if (!code.is(code_)) {
    const nb::tuple outer = nb::borrow<nb::tuple>(nb::object(code.attr("co_freevars")));
    if (outer.size() > 1 || (outer.size() == 1 && !outer[0].equal(nb::str("__class__")))) return;
    const nb::object type = nb::borrow(reinterpret_cast<PyObject*>(&PyFunction_Type));
    original_ = type(code, function.attr("__globals__"), function.attr("__name__"), function.attr("__defaults__"),
                     function.attr("__closure__"));
    original_.attr("__kwdefaults__") = function.attr("__kwdefaults__");
    our_code_ = code_that_calls(nb::cpp_function(ours), outer.size() == 1);
    code_ = std::move(code);
  }
  function_ = function;
  function_.attr("__code__") = our_code_;
}

void ExchangedCode::put_back() {
  if (!function_.is_valid()) return;
  undo("thoplw: putting the code of a function back", [&] { function_.attr("__code__") = code_; });
  function_.reset();
}

}  // namespace thoplw::capture

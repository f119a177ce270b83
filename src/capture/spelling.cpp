// Reads the spelling of a call from the Python frame that it was made in.
#include "capture/spelling.h"

#include <algorithm>
#include <array>
#include <span>
#include <string>

#include "capture/python.h"

namespace thoplw::capture {
namespace {

constexpr std::string_view kInfix[] = {"aten::add", "aten::matmul", "aten::mul"};
/// Those that torch.nn.functional has and torch itself too.
constexpr std::string_view kFunctional[] = {"aten::elu", "aten::relu", "aten::softmax"};

bool is_among(std::span<const std::string_view> names, std::string_view name) {
  if (name.ends_with('_')) name.remove_suffix(1);
  return std::ranges::find(names, name) != names.end();
}

/// By opcode: is it arithmetic of two operands?
const std::array<bool, 256>& arithmetic() {
  static const std::array<bool, 256> codes = [] {
    std::array<bool, 256> found{};
    const nb::object names = nb::module_::import_("opcode").attr("opname");
    for (std::size_t i = 0; i < found.size(); ++i) {
      const std::string name = nb::cast<std::string>(names[i]);
      found[i] = name.starts_with("BINARY_") || name.starts_with("INPLACE_");
    }
    return found;
  }();
  return codes;
}

}  // namespace

bool spelling_matters(std::string_view op_name) { return is_among(kInfix, op_name) || is_among(kFunctional, op_name); }

std::string_view spelling(std::string_view op_name) {
  PyObject* frame = reinterpret_cast<PyObject*>(PyEval_GetFrame());
  if (!frame) return "";
  const nb::object code = nb::borrow(frame).attr("f_code");
  if (is_among(kFunctional, op_name)) {
    const std::string file = nb::cast<std::string>(code.attr("co_filename"));
    return file.ends_with("torch/nn/functional.py") || file.ends_with("torch\\nn\\functional.py") ? "" : "method";
  }
  const auto last = nb::cast<std::int64_t>(nb::borrow(frame).attr("f_lasti"));
  const nb::bytes bytes(code.attr("co_code"));
  if (last < 0 || last >= static_cast<std::int64_t>(bytes.size())) return "";
  return arithmetic()[static_cast<unsigned char>(bytes.c_str()[last])] ? "infix" : "";
}

}  // namespace thoplw::capture

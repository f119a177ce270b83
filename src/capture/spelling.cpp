// Reads the spelling of a call from the Python frame that it was made in.
#include "capture/spelling.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

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

std::string_view Spellings::of(std::string_view op_name) {
  auto* frame = reinterpret_cast<PyObject*>(PyEval_GetFrame());
  if (!frame) return "";
  const Code& code = code_of(frame);
  if (is_among(kFunctional, op_name)) {
    return op_name.substr(op_name.find("::") + 2).starts_with(code.function) && !code.function.empty() ? "" : "method";
  }
  const auto last = nb::cast<std::int64_t>(nb::borrow(frame).attr("f_lasti"));
  if (last < 0 || last >= static_cast<std::int64_t>(code.instructions.size())) return "";
  return arithmetic()[static_cast<unsigned char>(code.instructions.c_str()[last])] ? "infix" : "";
}

const Spellings::Code& Spellings::code_of(PyObject* frame) {
  nb::object object = nb::borrow(frame).attr("f_code");
  const auto [found, fresh] = codes_.try_emplace(object.ptr());
  Code& code = found->second;
  if (!fresh) return code;
  const std::string file = name_of(object, "co_filename");
  const bool functional = file.ends_with("torch/nn/functional.py") || file.ends_with("torch\\nn\\functional.py");
  if (functional) code.function = name_of(object, "co_name");
  code.instructions = nb::bytes(object.attr("co_code"));
  code.object = std::move(object);
  return code;
}

}  // namespace thoplw::capture

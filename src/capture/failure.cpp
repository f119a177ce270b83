// Tells errors apart by their words, since torch has no classes for them.
#include "capture/failure.h"

#include <cctype>

#include "base/formatted.h"
#include "capture/inputs.h"
#include "capture/interrupts.h"

namespace thoplw::capture {
namespace {

/// Whether `text` has "meta" or "Meta" as a word: "on meta tensors", "'Meta' backend", but not "metadata".
bool speaks_of_meta(std::string_view text) {
  const auto letter = [&](std::size_t i) {
    return i < text.size() && (std::isalnum(static_cast<unsigned char>(text[i])) != 0 || text[i] == '_');
  };
  for (std::size_t at = text.find("eta"); at != std::string_view::npos; at = text.find("eta", at + 1)) {
    if (at == 0 || (text[at - 1] != 'm' && text[at - 1] != 'M')) continue;
    if ((at == 1 || !letter(at - 2)) && !letter(at + 3)) return true;
  }
  return false;
}

bool mentions(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::ranges::any_of(words, [&](std::string_view word) { return text.find(word) != std::string_view::npos; });
}

bool says_no_data(nb::handle error) {
  const std::string text = message_of(error);
  const std::string_view cls = Py_TYPE(error.ptr())->tp_name;  // in torch 2.0 only the name of the class says so
  return mentions(cls, {"DynamicOutputShapeException", "DataDependentOutputException"}) || speaks_of_meta(text) ||
         mentions(text, {"data-dependent", "data-independent", "fake impl", "not allocated"});
}

std::string where(const Pass& pass) {
  if (pass.failed_module == kNone) return pass.trace.model;
  const Module& module = pass.trace.modules[static_cast<std::size_t>(pass.failed_module)];
  const std::string& cls = pass.trace.classes[static_cast<std::size_t>(module.cls)].name;
  const std::string name = cls.substr(cls.rfind('.') + 1);
  return module.path.empty() ? name : formatted("{} ({})", module.path, name);
}

/// Whether the file is not the model's: it belongs to torch, to the caller of the model, or to thoplw.
bool is_others(const std::string& file) { return mentions(file, {"/torch/", "/_pytest/", "/thoplw/_profile.py"}); }

/// "model.py:12": the innermost running line that is not torch's own. Only frames are read. Python's traceback module
/// would run Python code to find the text of the line, and an interrupt could come in between.
std::string running_line() {
  nb::object frame = nb::borrow(reinterpret_cast<PyObject*>(PyEval_GetFrame()));
  while (frame.is_valid() && !frame.is_none()) {
    const std::string file = name_of(nb::object(frame.attr("f_code")), "co_filename");
    if (!is_others(file)) return formatted("{}:{}", file, nb::cast<std::int64_t>(frame.attr("f_lineno")));
    frame = frame.attr("f_back");
  }
  return "";
}

}  // namespace

bool wants_autograd(const nb::python_error& error) {
  return error.matches(PyExc_RuntimeError) &&
         mentions(message_of(error.value()),
                  {"nference tensor", "version_counter", "does not require grad", "requires_grad"});
}

bool wants_data(const nb::python_error& error) {
  constexpr int kDeepest = 20;  // a chain of causes may be a circle
  nb::object link = nb::borrow(error.value());
  for (int i = 0; i < kDeepest && !link.is_none(); ++i) {
    if (says_no_data(link)) return true;
    const nb::object cause = link.attr("__cause__");
    link = cause.is_none() ? nb::object(link.attr("__context__")) : cause;
  }
  return false;
}

bool of_compiler(const nb::python_error& error) {
  for (nb::object trace = nb::borrow(error.traceback()); trace.is_valid() && !trace.is_none();
       trace = trace.attr("tb_next")) {
    const nb::object code = trace.attr("tb_frame").attr("f_code");
    if (str_of(nb::object(code.attr("co_filename")).ptr()).find("/torch/_dynamo/") != std::string::npos) return true;
  }
  return false;
}

bool has_data(Pass& pass) {
  for (std::size_t i = 0; i < pass.model_tensors; ++i) {
    if (pass.tensors.is_meta(pass.tensors.known(pass.external_tensors[i].ptr()))) return false;
  }
  return true;
}

std::string failing_line(const nb::python_error& error) {
  const nb::object trace = nb::borrow(error.traceback());
  if (!trace.is_valid() || trace.is_none()) return "";
  std::string line;
  for (nb::handle frame : nb::module_::import_("traceback").attr("extract_tb")(trace)) {
    const std::string file = name_of(frame, "filename");
    if (is_others(file)) continue;
    line = formatted("{}:{}: {}", file, nb::cast<std::int64_t>(frame.attr("lineno")), name_of(frame, "line"));
  }
  return line;
}

std::string at_line(const std::string& line, const nb::python_error& error) {
  return line.empty() ? brief(error) : line + ": " + brief(error);
}

void note_wanted(Pass& pass, const nb::python_error& error) {
  if (pass.real || !pass.wanted.data.empty()) return;
  if (wants_data(error)) pass.wanted.data = at_line(running_line(), error);
}

void note_caught(Pass& pass) {
  if (pass.wanted.data.empty() || has_data(pass)) return;
  add_op(pass, "outside::values");
  pass.trace.notes.push_back(formatted(
      "the model looks at values of a tensor, which meta tensors do not have, and goes on without them ({}): what it "
      "does with values is not counted. Build the model with real weights and give real inputs",
      pass.wanted.data));
}

void raise_forward_error(nb::python_error& error, Pass& pass, const nb::tuple& args, const nb::dict& kwargs) {
  if (is_callers(error) || error.matches(error_class)) throw std::move(error);
  const std::string what = brief(error);
  nb::list inputs;
  inputs.append(args);
  inputs.append(kwargs);
  const std::string described = describe_inputs(pass.api, inputs);
  if (!has_data(pass) && (wants_data(error) || !pass.wanted.data.empty())) {
    raise_from(error,
               formatted("{}: the model looks at values of a tensor, which meta tensors do not have, at {} ({}). "
                         "Build the model with real weights and give real inputs, so that one real forward can be run",
                         where(pass), failing_line(error), what));
  }
  const bool one_size = !described.empty() && described.find_first_of(",x") == std::string::npos;
  const std::string_view hint = one_size ? "; an image has four sizes, such as 1x3x224x224, and tokens two" : "";
  raise_from(error, formatted("{}: {}. The forward raised with the input {}: check that it fits the model{}",
                              where(pass), what, described.empty() ? "given" : described, hint));
}

}  // namespace thoplw::capture

// Exchanges functions that ask for values to decide whether to raise or to stop.
#include "capture/assumptions.h"

#include <algorithm>

#include "capture/entry_point.h"
#include "capture/exchanged_code.h"
#include "capture/failure.h"
#include "capture/known_values.h"
#include "capture/questions.h"

namespace thoplw::capture {
namespace {

constexpr const char* kGoesOn =
    "generation is counted to its maximum length: whether an end token comes earlier depends on values, which meta "
    "tensors do not have";

// Never destroyed: at the end of the process Python is gone first.
ExchangedCode& check = *new ExchangedCode;
ExchangedCode& open_beams = *new ExchangedCode;
ExchangedCode& finished_beams = *new ExchangedCode;
EntryPoint end_token;  // called as an object
int installed = 0;     // in all threads; Python's lock guards it

/// The pass that asks, if it computes nothing; else null.
Pass* asking() {
  Pass* pass = Pass::current();
  return pass && !pass->real && !NotTheForward::asks() ? pass : nullptr;
}

bool is_unknown(Pass& pass, PyObject* tensor) {
  return pass.api.is_tensor(tensor) && !values_known(pass, pass.tensors.known(tensor)).is_valid();
}

bool has_no_values(Pass& pass) {
  const NotTheForward we_do;
  return !has_data(pass);
}

void note_that_it_goes_on(Pass& pass) {
  auto& notes = pass.trace.notes;
  if (std::ranges::find(notes, kGoesOn) == notes.end()) notes.emplace_back(kGoesOn);
}

/// torch._check_tensor_all_with(kind_of_error, condition, message)
nb::object check_all(const nb::args& args, const nb::kwargs& kwargs) {
  Pass* pass = asking();
  if (pass && args.size() > 1 && is_unknown(*pass, args[1].ptr())) return nb::none();
  return check.original(args, kwargs);
}

/// For each sequence that it has not come to its end; a null object where the tokens tell.
nb::object none_ends(Pass& pass, nb::handle ids) {
  if (!has_no_values(pass) || !is_unknown(pass, ids.ptr())) return {};
  note_that_it_goes_on(pass);
  return pass.api.torch.attr("zeros")(nb::object(ids.attr("shape"))[0],
                                      nb::arg("dtype") = nb::object(pass.api.torch.attr("bool")),
                                      nb::arg("device") = nb::object(ids.attr("device")));
}

/// EosTokenCriteria.__call__(self, input_ids, scores): which sequences have come to their end.
PyObject* ends(PyObject* function, PyObject* const* args, std::size_t nargsf, PyObject* names) {
  try {
    Pass* pass = PyVectorcall_NARGS(nargsf) > 1 ? asking() : nullptr;
    nb::object none = pass ? none_ends(*pass, args[1]) : nb::object();
    return none.is_valid() ? none.release().ptr() : end_token.call(function, args, nargsf, names);
  } catch (nb::python_error& error) {
    error.restore();
  } catch (const std::exception& error) {
    set_error(error);
  }
  return nullptr;
}

/// GenerationMixin._beam_search_has_unfinished_sequences(improvable, finished, hit, early_stopping): while none has
/// come to its end, that is until `hit` says that the maximum length is reached.
nb::object beams_are_open(const nb::args& args, const nb::kwargs& kwargs) {
  Pass* pass = args.size() > 2 ? asking() : nullptr;
  if (!pass || !has_no_values(*pass) || !is_unknown(*pass, args[0].ptr()) || is_unknown(*pass, args[2].ptr())) {
    return open_beams.original(args, kwargs);
  }
  note_that_it_goes_on(*pass);
  return nb::bool_(!nb::cast<bool>(nb::bool_(args[2].attr("all")())));
}

/// GenerationMixin._update_finished_beams(self, ...): sequences, scores, beams, which are finished. From its beams the
/// length of what was generated is read in the end; all of it is, if none comes to an end before.
nb::object beams_of_full_length(const nb::args& args, const nb::kwargs& kwargs) {
  const nb::object found = finished_beams.original(args, kwargs);
  Pass* pass = asking();
  if (!pass || !PyTuple_Check(found.ptr()) || PyTuple_GET_SIZE(found.ptr()) != 4) return found;
  const nb::object beams = found[2];
  if (!has_no_values(*pass) || !is_unknown(*pass, beams.ptr())) return found;
  const nb::object full = pass->api.torch.attr("zeros")(beams.attr("shape"), nb::arg("dtype") = beams.attr("dtype"),
                                                        nb::arg("device") = beams.attr("device"));
  return nb::make_tuple(found[0], found[1], full, found[3]);
}

/// The Python function at that path of names, if its module is loaded; else a null object.
nb::object loaded_function(const char* module, std::initializer_list<const char*> path) {
  nb::object found = nb::borrow(PyDict_GetItemString(PyImport_GetModuleDict(), module));
  for (const char* name : path) {
    if (found.is_valid()) found = attr_or_null(found.ptr(), nb::str(name).ptr());
  }
  return found.is_valid() && PyFunction_Check(found.ptr()) ? found : nb::object();
}

}  // namespace

Assumptions::Assumptions() {
  if (installed++ > 0) return;
  const auto criteria = loaded_function("transformers.generation.stopping_criteria", {"EosTokenCriteria", "__call__"});
  if (criteria.is_valid()) end_token.exchange(criteria, ends);
  constexpr const char* kGeneration = "transformers.generation.utils";
  if (const auto open = loaded_function(kGeneration, {"GenerationMixin", "_beam_search_has_unfinished_sequences"});
      open.is_valid()) {
    open_beams.exchange(open, beams_are_open);
  }
  if (const auto update = loaded_function(kGeneration, {"GenerationMixin", "_update_finished_beams"});
      update.is_valid()) {
    finished_beams.exchange(update, beams_of_full_length);
  }
  if (const auto all = loaded_function("torch", {"_check_tensor_all_with"}); all.is_valid()) {
    check.exchange(all, check_all);
  }
}

Assumptions::~Assumptions() {
  if (--installed > 0) return;
  for (ExchangedCode* exchanged : {&check, &open_beams, &finished_beams}) exchanged->put_back();
  if (end_token.exchanged()) end_token.put_back();
}

}  // namespace thoplw::capture

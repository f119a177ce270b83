// Each kind of generator has its own way to tell and to set its state.
#include "capture/random_state.h"

#include "capture/interrupts.h"
#include "capture/torch_api.h"

namespace thoplw::capture {

PutBack keep_state(PyObject* generator) {
  const nb::object kept = nb::borrow(generator);
  return [kept, state = nb::object(kept.attr("get_state")())] { kept.attr("set_state")(state); };
}

PutBack keep_bits(PyObject* generator) {
  const nb::object kept = nb::borrow(generator);
  return [kept, state = nb::object(kept.attr("state"))] { nb::setattr(kept, "state", state); };
}

PutBack keep_python_random(PyObject* generator) {
  const nb::object kept = nb::borrow(generator), random = nb::module_::import_("random");
  if (nb::isinstance(kept, random.attr("SystemRandom"))) return {};
  const nb::object type = random.attr("Random");  // whose methods a class of the user may lack
  return [kept, type, state = nb::object(type.attr("getstate")(kept))] { type.attr("setstate")(kept, state); };
}

RandomState::RandomState(bool numpy) {
  torch_ = torch_api().torch.attr("get_rng_state")();
  const nb::object cuda = torch_api().torch.attr("cuda");
  if (nb::cast<bool>(cuda.attr("is_initialized")())) cuda_ = cuda.attr("get_rng_state_all")();
  python_ = nb::module_::import_("random").attr("getstate")();
  const nb::dict modules = nb::module_::import_("sys").attr("modules");
  // Reading and setting NumPy's state costs 100 us, a tenth of a whole profile: only where data is computed.
  if (numpy && modules.contains("numpy.random")) numpy_ = nb::module_::import_("numpy.random").attr("get_state")();
}

RandomState::~RandomState() {
  undo("thoplw: restoring the random number generators", [&] { restore(); });
}

void RandomState::restore() {
  torch_api().torch.attr("set_rng_state")(torch_);
  if (cuda_.is_valid()) torch_api().torch.attr("cuda").attr("set_rng_state_all")(cuda_);
  nb::module_::import_("random").attr("setstate")(python_);
  if (numpy_.is_valid()) nb::module_::import_("numpy.random").attr("set_state")(numpy_);
}

}  // namespace thoplw::capture

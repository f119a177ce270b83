// Each kind of generator has its own way to tell and to set its state.
#include "capture/random_state.h"

#include "capture/interrupts.h"

namespace thoplw::capture {
namespace {

nb::object generator_state(Holder::Content content, nb::handle generator) {
  if (content == Holder::Content::generator) return generator.attr("get_state")();
  if (content == Holder::Content::numpy_bits) return generator.attr("state");
  return nb::module_::import_("random").attr("Random").attr("getstate")(generator);
}

void set_generator_state(Holder::Content content, nb::handle generator, const nb::object& state) {
  if (content == Holder::Content::generator) {
    generator.attr("set_state")(state);
  } else if (content == Holder::Content::numpy_bits) {
    PyObject_SetAttrString(generator.ptr(), "state", state.ptr());
  } else {
    nb::module_::import_("random").attr("Random").attr("setstate")(generator, state);
  }
}

}  // namespace

PutBack keep_generator(Holder::Content content, PyObject* generator) {
  try {
    return [content, kept = nb::borrow(generator), state = generator_state(content, generator)] {
      set_generator_state(content, kept, state);
    };
  } catch (const nb::python_error&) {
    return {};
  }
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

// A table of the kinds of random generators: how each reads and sets its state.
#include "capture/random_state.h"

#include <cstdint>
#include <string_view>

#include "capture/interrupts.h"
#include "capture/torch_api.h"

namespace thoplw::capture {

PutBack keep_torch_generator(PyObject* generator) {
  const nb::object kept = nb::borrow(generator);
  return [kept, state = nb::object(kept.attr("get_state")())] { kept.attr("set_state")(state); };
}

PutBack keep_numpy_random(PyObject* generator) {
  const nb::object kept = nb::borrow(generator);
  return
      [kept, state = nb::object(kept.attr("get_state")(nb::arg("legacy") = false))] { kept.attr("set_state")(state); };
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

namespace {

/// mt19937_state: numbers, and which of them is next.
constexpr std::size_t kMersenneTwister = 624 * sizeof(std::uint32_t) + sizeof(int);

/// bitgen_t, which NumPy's headers promise, begins with where the state is.
char* state_of(const nb::object& bits) {
  const nb::object capsule = bits.attr("capsule");
  return *static_cast<char**>(PyCapsule_GetPointer(capsule.ptr(), "BitGenerator"));
}

/// The fields of an object that is no more than fields, among them the second of two normal numbers.
std::span<char> fields_of(const nb::object& object) {
  const auto size = static_cast<std::size_t>(Py_TYPE(object.ptr())->tp_basicsize);
  return std::span(reinterpret_cast<char*>(object.ptr()), size).subspan(sizeof(PyObject));
}

}  // namespace

NumpyRandom::NumpyRandom() {
  PyObject* module = PyDict_GetItemString(PyImport_GetModuleDict(), "numpy.random.mtrand");
  if (!module) return;
  generator_ = nb::handle(module).attr("_rand");
  bits_ = generator_.attr("_bit_generator");
  if (std::string_view(Py_TYPE(bits_.ptr())->tp_name).ends_with("MT19937")) {
    memory_.assign(state_of(bits_), kMersenneTwister);
    const std::span<char> fields = fields_of(generator_);
    own_memory_.assign(fields.data(), fields.size());
  } else {
    other_ = keep_numpy_random(generator_.ptr());
  }
}

void NumpyRandom::restore() {
  if (!generator_.is_valid()) return;
  if (!generator_.attr("_bit_generator").is(bits_))
    nb::module_::import_("numpy.random").attr("set_bit_generator")(bits_);
  if (other_) return other_();
  std::ranges::copy(memory_, state_of(bits_));
  std::ranges::copy(own_memory_, fields_of(generator_).data());
}

RandomState::RandomState() {
  torch_ = torch_api().torch.attr("get_rng_state")();
  const nb::object cuda = torch_api().torch.attr("cuda");
  if (nb::cast<bool>(cuda.attr("is_initialized")())) cuda_ = cuda.attr("get_rng_state_all")();
  python_ = nb::module_::import_("random").attr("getstate")();
}

RandomState::~RandomState() {
  undo("thoplw: restoring the random number generators", [&] { restore(); });
}

void RandomState::restore() {
  torch_api().torch.attr("set_rng_state")(torch_);
  if (cuda_.is_valid()) torch_api().torch.attr("cuda").attr("set_rng_state_all")(cuda_);
  nb::module_::import_("random").attr("setstate")(python_);
  numpy_.restore();
}

}  // namespace thoplw::capture

// What state the instances of a class hold, and where.
#pragma once

#include <unordered_map>
#include <vector>

#include "capture/torch_api.h"

namespace thoplw::capture {

struct Holder {
  enum class Content : std::uint8_t {
    none,
    tuple,
    list,
    dict,
    set,
    deque,
    memory,            ///< bytes that others can write to: a NumPy array, a bytearray
    generator,         ///< of random numbers: torch.Generator, numpy.random.RandomState
    numpy_generator,   ///< numpy.random.Generator: its state is that of its bit generator
    numpy_bits,        ///< a bit generator itself
    python_generator,  ///< random.Random
    module,
    tensor,
  };

  nb::object type;  ///< keeps its address from becoming another's
  Content content = Content::none;
  bool attributes = false;        ///< instances have a __dict__
  std::vector<nb::object> slots;  ///< descriptors of what __slots__ names

  bool holds_nothing() const { return content == Content::none && !attributes && slots.empty(); }
};

/// The classes met so far. Of an object only the class is asked, and that past its own methods: a class may answer
/// getattr, len or == with anything.
class Holders {
 public:
  explicit Holders(const TorchApi& api) : api_(api) {}

  const Holder& of(PyObject* object);

  /// None, numbers, texts and functions, told apart from the rest without a search.
  static bool is_plain_value(PyObject* object) {
    const PyTypeObject* type = Py_TYPE(object);
    return type == &PyBool_Type || type == &PyLong_Type || object == Py_None || type == &PyUnicode_Type ||
           type == &PyFloat_Type || type == &PyFunction_Type;
  }

 private:
  const TorchApi& api_;
  std::unordered_map<PyTypeObject*, Holder> known_;
};

/// The name of the module that defines a class, such as "torch.nn.modules.linear".
std::string package_of(PyTypeObject* type);

/// collections.deque
PyTypeObject* deque_type();

}  // namespace thoplw::capture

// Which kinds of state the instances of a class hold, and where.
#pragma once

#include <functional>
#include <unordered_map>
#include <vector>

#include "capture/keepers.h"
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
    module,
    tensor,
    class_,            ///< an instance is a class itself
    iterator,          ///< one of C, which may have no way back: see stand_ins.h
    generator,         ///< what a function with yield returns
    weak_reference,    ///< weakref.ref
    thread_local_,     ///< threading.local: a dict for each thread
    context_variable,  ///< contextvars.ContextVar
  };

  nb::object type;  ///< keeps its address from becoming another's
  Content content = Content::none;
  Keeper keeper;                  ///< its own way to be put back
  bool attributes = false;        ///< instances have a __dict__
  bool references = false;        ///< instances hold more, which C code visits: a bound method, a mapping proxy
  std::vector<nb::object> slots;  ///< descriptors of what __slots__ names

  bool holds_nothing() const {
    return content == Content::none && !keeper.keep && !attributes && !references && slots.empty();
  }
};

/// The classes met so far. What an instance holds is found from its class, and without calling the methods of the
/// class, since its getattr, len or == may do anything.
class Holders {
 public:
  explicit Holders(const TorchApi& api) : api_(api) {}

  const Holder& of(PyObject* object);

  /// None, numbers and texts, told apart from the rest without a search.
  static bool is_plain_value(PyObject* object) {
    const PyTypeObject* type = Py_TYPE(object);
    return type == &PyBool_Type || type == &PyLong_Type || object == Py_None || type == &PyUnicode_Type ||
           type == &PyFloat_Type;
  }

 private:
  const TorchApi& api_;
  std::unordered_map<PyTypeObject*, Holder> known_;
};

/// Visits what an object refers to, as the C code of its class tells the garbage collector. Leaves out its class, and
/// the global variables of modules. The references are borrowed.
void each_reference(PyObject* object, const std::function<void(PyObject*)>& visit);

/// Whether a function keeps nothing from one call to the next, like most methods of classes.
bool holds_nothing(PyObject* function);

/// Whether all items are plain: sizes, strides and the like.
bool is_plain_tuple(PyObject* value);

/// The name of the module that defines a class, such as "torch.nn.modules.linear".
std::string package_of(PyTypeObject* type);

/// collections.deque
PyTypeObject* deque_type();

}  // namespace thoplw::capture

// Copies the bytes of an object and writes them back through Python's buffer protocol, with any strides.
#include "capture/memory.h"

#include <string_view>

namespace thoplw::capture {
namespace {

class Buffer {
 public:
  explicit Buffer(PyObject* object) : open_(PyObject_GetBuffer(object, &view, PyBUF_FULL) == 0) {
    if (!open_) PyErr_Clear();  // it is read-only, or no buffer describes its elements
  }
  ~Buffer() {
    if (open_) PyBuffer_Release(&view);
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  explicit operator bool() const {
    return open_ && !(view.format && std::string_view(view.format).find('O') != std::string_view::npos);
  }

  Py_buffer view{};

 private:
  bool open_;
};

void restore_memory(PyObject* object, PyObject* bytes) {
  const Py_ssize_t size = PyBytes_GET_SIZE(bytes);
  if (PyByteArray_Check(object) && PyByteArray_GET_SIZE(object) != size) PyByteArray_Resize(object, size);
  Buffer buffer(object);
  if (!buffer || buffer.view.len != size) return;
  if (PyBuffer_FromContiguous(&buffer.view, PyBytes_AS_STRING(bytes), size, 'C') != 0) throw nb::python_error();
}

/// For elements that are objects or times, which are kept as another array.
PutBack keep_elements(const nb::object& array) {
  if (!nb::cast<bool>(array.attr("flags").attr("writeable"))) return {};
  return [array, copy = nb::object(array.attr("copy")())] {
    if (PyObject_SetItem(array.ptr(), Py_Ellipsis, copy.ptr()) != 0) throw nb::python_error();
  };
}

}  // namespace

PutBack keep_memory(PyObject* object) {
  const Buffer buffer(object);
  if (!buffer) return {};
  const nb::object bytes = take(PyBytes_FromStringAndSize(nullptr, buffer.view.len));
  auto* view = const_cast<Py_buffer*>(&buffer.view);
  if (PyBuffer_ToContiguous(PyBytes_AS_STRING(bytes.ptr()), view, buffer.view.len, 'C') != 0) throw nb::python_error();
  return [kept = nb::borrow(object), bytes] { restore_memory(kept.ptr(), bytes.ptr()); };
}

PutBack keep_numbers(PyObject* array) {
  const nb::object kept = nb::borrow(array);
  return [kept, bytes = nb::object(kept.attr("tobytes")())] {
    const Py_ssize_t size = PyObject_Size(kept.ptr()) * nb::cast<Py_ssize_t>(kept.attr("itemsize"));
    if (size == PyBytes_GET_SIZE(bytes.ptr())) return restore_memory(kept.ptr(), bytes.ptr());
    if (PySequence_DelSlice(kept.ptr(), 0, PyObject_Size(kept.ptr())) != 0) throw nb::python_error();
    kept.attr("frombytes")(bytes);
  };
}

PutBack keep_ndarray(PyObject* array) {
  const nb::object kept = nb::borrow(array);
  PutBack content = keep_memory(array);
  if (!content) content = keep_elements(kept);
  if (!content) return {};
  return [kept, content, shape = nb::object(kept.attr("shape"))] {
    if (!shape.equal(kept.attr("shape"))) kept.attr("resize")(shape, nb::arg("refcheck") = false);
    content();
  };
}

nb::object elements_of(PyObject* array) {
  const nb::object kept = nb::borrow(array);
  if (!nb::cast<bool>(kept.attr("dtype").attr("hasobject"))) return {};
  return kept.attr("ravel")().attr("tolist")();
}

}  // namespace thoplw::capture

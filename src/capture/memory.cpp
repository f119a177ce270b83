// By the buffer protocol, whatever the strides.
#include "capture/memory.h"

#include <string_view>

namespace thoplw::capture {
namespace {

class Buffer {
 public:
  explicit Buffer(PyObject* object) : open_(PyObject_GetBuffer(object, &view, PyBUF_FULL) == 0) {
    if (!open_) PyErr_Clear();  // read-only, or of elements that no buffer describes
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

}  // namespace

PutBack keep_memory(PyObject* object) {
  const Buffer buffer(object);
  if (!buffer) return {};
  const nb::object bytes = take(PyBytes_FromStringAndSize(nullptr, buffer.view.len));
  auto* view = const_cast<Py_buffer*>(&buffer.view);
  if (PyBuffer_ToContiguous(PyBytes_AS_STRING(bytes.ptr()), view, buffer.view.len, 'C') != 0) throw nb::python_error();
  return [kept = nb::borrow(object), bytes] { restore_memory(kept.ptr(), bytes.ptr()); };
}

}  // namespace thoplw::capture

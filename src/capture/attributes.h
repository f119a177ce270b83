// The attributes of an object: in its __dict__, its class, its slots, its closure, or in TorchScript.
#pragma once

#include "capture/containers.h"

namespace thoplw::capture {

/// The items are its class, its dictionary, then key, value, ...
void restore_attributes(PyObject* object, Items items);

/// Whether an object has its dictionary already: most tensors get one only when they are asked for it.
bool has_dictionary(PyObject* object);
/// For an object that had no dictionary. The item is its class.
void restore_no_attributes(PyObject* object, Items items);

/// The attributes of a class that a program can see: key, value, ... The interpreter adds to the others at any time.
void add_class_attributes(PyObject* type, std::vector<nb::object>& items);
void restore_class(PyObject* type, Items items);

/// The items are descriptor, value (null: unset), ...
void restore_slots(PyObject* object, Items items);

/// What a cell of a closure has in it (null: nothing), and the defaults of a function.
void restore_cell(PyObject* cell, const nb::object& content);
void restore_defaults(PyObject* function, const nb::object& defaults);

/// Attributes that TorchScript holds.
PutBack keep_script(PyObject* module);

}  // namespace thoplw::capture

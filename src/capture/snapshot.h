// Keeps Python state as it was found: attributes and flags of modules, and everything that can be reached from them.
#pragma once

#include <functional>
#include <unordered_set>
#include <vector>

#include "capture/kept.h"
#include "capture/pass.h"
#include "capture/stand_ins.h"

namespace thoplw::capture {

class Snapshot {
 public:
  explicit Snapshot(const Pass& pass) : pass_(pass), api_(pass.api), holders_(pass.api) {}

  /// Remembers each module: its attributes, those of its class, and what can be reached through them.
  void take_of(const std::vector<nb::object>& modules);
  /// Remembers an input and what can be reached through it.
  void take_of(nb::handle input);
  /// Sets every module's own flag to eval; restore() puts it back.
  void set_eval(const std::vector<nb::object>& modules);
  /// Sets the model to training, its own way, if it is not; restore() puts that back, too.
  void set_training(const std::vector<nb::object>& modules);

  /// The remembered inputs with other tensors: tuples are made anew, all else has them put in their places. Modules
  /// keep their own.
  nb::object exchange_tensors(nb::handle inputs, const std::function<nb::object(nb::object)>& replace);

  /// Remembers what is in a dictionary now that the pass runs.
  void keep_items(PyObject* dict) {
    if (met_.insert(dict).second) reached_.dict(dict);
  }

  void restore();
  /// Notes of what cannot be put back.
  std::vector<std::string> not_put_back() const;

 private:
  bool only_flags(const std::vector<nb::object>& modules) const;
  void keep_module(PyObject* module);
  void keep_table(PyObject* table);
  void keep_class(PyTypeObject* type);
  void keep_tensor(PyObject* tensor);
  void keep(PyObject* object);
  void keep_content(PyObject* object, Holder::Content content);
  void keep_function(PyObject* function);
  void keep_by(const Keeper& keeper, PyObject* object);
  void keep_reached();
  void exchange_iterators();
  void follow_lent(nb::object lent);
  void follow(PyObject* value);
  void follow(std::span<const nb::object> values) {
    for (const nb::object& value : values) {
      if (value.is_valid()) follow(value.ptr());
    }
  }

  const Pass& pass_;
  const TorchApi& api_;
  Holders holders_;
  KeptStates modules_;  ///< of modules: instance dictionaries and their tables
  KeptStates reached_;  ///< of all else
  std::unordered_set<PyObject*> met_;
  std::vector<PyObject*> pending_;  ///< borrowed: what holds them is kept
  std::vector<nb::object> lent_;    ///< what only a weak reference or the like led to
  std::vector<PyObject*> tensors_;  ///< of one table, borrowed
  StandIns stand_ins_;
  Generators generators_;
  bool iterators_ = false;                                   ///< whether there are any
  std::size_t values_ = 0;                                   ///< how many values were looked at in all
  std::size_t before_inputs_ = 0;                            ///< how many objects were remembered before the inputs
  std::unordered_map<PyObject*, nb::object> exchanged_;      ///< one tensor given twice is one to the forward, too
  std::vector<nb::object> training_;                         ///< instance dictionaries whose flag was set to eval
  std::vector<std::pair<nb::object, nb::object>> was_eval_;  ///< instance dictionaries, and their flags before training
  std::vector<std::pair<nb::object, nb::object>> flags_;     ///< modules, and what theirs were before training
  std::vector<nb::object> set_;                              ///< modules whose flag is set their own way
};

}  // namespace thoplw::capture

// Autocast for a pass on meta: what goes into operators is cast as torch.autocast would cast it.
#pragma once

#include <unordered_map>
#include <vector>

#include "capture/operators.h"
#include "variants/autocast_ops.h"

namespace thoplw::capture {

struct Pass;

/// Torch's own autocast knows only tensors that are on its device, and in inference mode it keeps no copies of weights.
/// So casts are made here, by the same lists.
class Casts {
 public:
  Casts(const TorchApi& api, DType lower, Processor processor);

  /// What torch does to the inputs of an operator: nothing where the forward has switched autocast off, or inside of an
  /// operator whose inputs were cast.
  Cast cast_of(const Operator& op);

  struct Given {
    nb::object args, kwargs;  ///< kwargs may be null
  };
  /// The arguments of an operator after that cast.
  Given cast(Pass& pass, const Operator& op, Cast cast, PyObject* args, PyObject* kwargs);

  /// Lets go of the copies of weights, as autocast does at its end.
  void forget() { copies_.clear(); }

  /// While it lives, operators are parts of one whose inputs were cast.
  class Inside {
   public:
    explicit Inside(Casts& casts) : casts_(casts) { ++casts_.inside_; }
    ~Inside() { --casts_.inside_; }
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;

   private:
    Casts& casts_;
  };

  std::vector<bool> asked;  ///< by torch.autocast that the forward has entered and not left: is it on there?
  bool on() const { return asked.empty() || asked.back(); }
  const nb::object& lower_type() const { return lower_type_; }

 private:
  nb::object cast_tensor(Pass& pass, PyObject* tensor, DType type);
  nb::object cast_value(Pass& pass, nb::handle value, DType type);

  DType lower_;
  Processor processor_;
  nb::object lower_type_, fp32_, to_;
  std::unordered_map<const Operator*, Cast> casts_;
  std::unordered_map<PyObject*, nb::object> copies_;  ///< by weight
  int inside_ = 0;
};

/// While it lives, a forward that asks whether autocast is on is told so, and may switch it off and on.
class AutocastTold {
 public:
  explicit AutocastTold(Pass& pass);
  ~AutocastTold();
  AutocastTold(const AutocastTold&) = delete;
  AutocastTold& operator=(const AutocastTold&) = delete;

 private:
  void exchange(const nb::object& owner, const char* name, nb::object with);

  struct Exchanged {
    nb::object owner;
    const char* name;
    nb::object was;
  };
  std::vector<Exchanged> exchanged_;
};

}  // namespace thoplw::capture

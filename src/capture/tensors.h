// The tensors met in a pass: which value of the trace each Python object is, and its layout.
#pragma once

#include <deque>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "capture/lifetimes.h"
#include "capture/torch_api.h"
#include "trace/trace.h"

namespace thoplw::capture {

struct KnownValues;

struct KnownTensor {
  enum class Place : std::uint8_t { unknown, meta, real };

  PyObject* object = nullptr;  ///< borrowed; `keep` owns it where the capture holds its tensors
  nb::object keep;
  nb::object weak;  ///< reference to the object where `keep` has none, which may be gone
  Strided layout;   ///< strides are read when first asked for: see TensorTable::strided
  Id value = kNone;
  Id before = kNone;  ///< the value that the operator in progress was given, where it has changed the layout since
  Place place = Place::unknown;
  bool strides_known = false;
  bool plain = true;      ///< neither sparse nor nested nor otherwise laid out: it has strides, and a meta form
  bool made = false;      ///< by TensorTable::make
  bool own = false;       ///< made in the pass, by us or by torch
  bool constant = false;  ///< made in the pass of nothing but integers and constants; real, or with a shadow
  nb::object shadow;      ///< real tensor with the values of this meta one
  std::shared_ptr<KnownValues> values;  ///< how the values of this meta tensor follow from known ones, or null
  nb::object twin;                      ///< meta tensor of the same layout, made when torch is asked about a real one
};

class TensorTable {
 public:
  TensorTable(const TorchApi& api, Trace& trace) : api_(api), trace_(trace) {}
  ~TensorTable();
  TensorTable(const TensorTable&) = delete;
  TensorTable& operator=(const TensorTable&) = delete;

  /// What is known of a tensor; reads its shape and type when it is met for the first time.
  KnownTensor& known(PyObject* tensor);
  /// The tensor's layout with strides.
  const Strided& strided(KnownTensor& tensor);
  bool is_meta(KnownTensor& tensor);
  /// Raises NotImplementedError where the pass is on meta and the tensor cannot be, so that the model is run for real.
  void require_form(const KnownTensor& tensor) const;
  /// A meta tensor in its place: itself where it is one.
  PyObject* meta_of(KnownTensor& tensor);
  /// The tensor whose twin this is, or null.
  PyObject* original_of(PyObject* twin) const;

  /// A new meta tensor of that layout, known from now on; `base`: in whose memory it lies, where that is not its own.
  nb::object make(Strided layout, const KnownTensor* base = nullptr);
  /// A new meta tensor that is known to have the values of a real one.
  nb::object make_shadowed(nb::object real);
  /// Whether the tensor was made in the pass.
  bool is_own(PyObject* tensor) const;
  /// Whether a tensor that was there before the pass has its data at this address.
  bool is_foreign(std::uintptr_t storage);
  /// Lets go of all tensors: the table is of no more use. Gives weak references to those made here that have no values
  /// and live on, in the order they were made.
  std::vector<nb::object> release();
  /// The values, from `first` on, of meta tensors that neither the pass made nor share memory with one that it made.
  std::vector<Id> strangers(Id first);
  /// Takes in a tensor that torch made; always a new value.
  KnownTensor& add(PyObject* tensor, const KnownTensor* base = nullptr);
  /// The sizes and type of a tensor that is not taken in.
  Strided shape_of(PyObject* tensor) const { return read_type_and_shape(tensor).layout; }
  /// The tensors inside of a torch.ScriptObject: the packed weights of a quantized layer.
  const std::vector<KnownTensor*>& inside(PyObject* script_object);
  /// Reads the layout again, after torch changed it in place.
  void refresh(KnownTensor& tensor);

  /// Whether tensors are kept alive to the end of the capture (not in a real forward: that would hold all activations).
  bool hold = true;
  /// Whether the pass is a real forward.
  bool real = false;
  /// Whether new tensors may be detached copies of one: not where autograd would see a view.
  bool share = true;
  /// Where the pass observes how long its tensors live; null: it holds them to its end.
  Lifetimes* lives = nullptr;

 private:
  nb::object detached(const Strided& layout);
  /// A layout without strides yet, and what a tensor that is not plain holds.
  struct Read {
    Strided layout;
    bool plain = true;
    std::int64_t stored = -1;
  };
  KnownTensor& insert(PyObject* tensor, Read read);
  KnownTensor& insert_own(PyObject* tensor, Read read);
  KnownTensor& insert_foreign(PyObject* tensor, Read read);
  KnownTensor& insert_made(PyObject* tensor, Strided layout);
  void hold_on(KnownTensor& entry);
  void watch(KnownTensor& entry);
  void lost(PyObject* reference);
  const KnownTensor* made_alike(PyObject* tensor);
  Read read_type_and_shape(PyObject* tensor) const;

  const TorchApi& api_;
  Trace& trace_;
  std::deque<KnownTensor> tensors_;
  std::unordered_map<PyObject*, KnownTensor*> by_object_;
  std::unordered_map<PyObject*, KnownTensor*> by_reference_;  ///< of tensors that are watched
  nb::object callback_;                                       ///< of these references
  std::vector<KnownTensor*> foreign_;                         ///< whose storages have not been asked for yet
  std::unordered_set<std::uintptr_t> foreign_storages_;
  std::unordered_map<PyObject*, PyObject*> originals_;
  std::unordered_map<PyObject*, std::vector<KnownTensor*>> inside_;
  /// One tensor per layout, whose detached copies serve as results: three times faster than making each anew.
  std::unordered_multimap<std::size_t, std::pair<Strided, nb::object>> templates_;
};

/// Reads a tuple or list of Python integers.
Dims dims_of(PyObject* sequence);

}  // namespace thoplw::capture

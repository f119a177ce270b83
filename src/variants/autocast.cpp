// Goes through the operators as torch.autocast does.
#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string_view>

#include "variants/autocast_ops.h"
#include "variants/editor.h"
#include "variants/precision.h"
#include "variants/types.h"

namespace thoplw {
namespace {

/// Their results have the type of their first input, whatever the others have.
constexpr std::array<std::string_view, 22> kLikeFirst = {"aten::batch_norm",        "aten::layer_norm",
                                                         "aten::group_norm",        "aten::instance_norm",
                                                         "aten::rms_norm",          "aten::index_add",
                                                         "aten::masked_fill",       "aten::index_fill",
                                                         "aten::masked_scatter",    "aten::scatter",
                                                         "aten::scatter_add",       "aten::scatter_reduce",
                                                         "aten::index_put",         "aten::expand_as",
                                                         "aten::view_as",           "aten::reshape_as",
                                                         "aten::native_batch_norm", "aten::native_layer_norm",
                                                         "aten::native_group_norm", "aten::select_scatter",
                                                         "aten::slice_scatter",     "aten::copy"};

class Autocast {
 public:
  Autocast(Trace trace, DType lower, Processor processor)
      : editor_(std::move(trace)),
        types_(editor_.trace),
        lower_(lower),
        processor_(processor),
        recorded_(editor_.trace.values) {
    for (const std::string& name : editor_.trace.op_names) casts_.push_back(cast_of(name, processor_));
    trained_.resize(recorded_.size());
    for (const Param& param : editor_.trace.params) {
      if (param.trainable) at(trained_, param.value) = true;
    }
    find_masks();
  }

  Trace run() && {
    for (Id i = 0; i < editor_.count(); ++i) {
      Op op = editor_.reach(i);
      const Cast cast = at(casts_, op.name);
      const std::vector<Id> recorded = op.in;
      copies_.clear();
      if (const std::optional<DType> type = target(cast, op)) cast_inputs(op, *type);
      retype_results(op, recorded, cast);
      at(editor_.trace.ops, i) = std::move(op);
      const Id after = editor_.keep() + 1;
      for (const Id copy : copies_) editor_.dies(copy, after);
    }
    for (const auto& [weight, copy] : cached_) editor_.dies(copy, editor_.now());
    return std::move(editor_).finish();
  }

 private:
  const Tensor& now(Id value) const { return at(editor_.trace.values, value); }

  /// The type that inputs are cast to.
  std::optional<DType> target(Cast cast, const Op& op) const {
    switch (cast) {
      case Cast::lower:
        return lower_;
      case Cast::fp32:
        return DType::f32;
      case Cast::widest: {
        const bool wide = std::ranges::any_of(op.in, [&](Id in) { return in != kNone && now(in).dtype == DType::f32; });
        return wide ? DType::f32 : lower_;
      }
      case Cast::none:
      case Cast::output:
        break;
    }
    return std::nullopt;
  }

  void cast_inputs(Op& op, DType type) {
    for (Id& in : op.in) {
      if (in != kNone && is_castable(now(in).dtype) && now(in).dtype != type) in = copy_of(in, type, op);
    }
  }

  Id copy_of(Id value, DType type, const Op& op) {
    const bool cached = type == lower_ && now(value).dtype == DType::f32 && is_trained(value);
    if (cached && cached_.contains(value)) return cached_.at(value);
    Tensor tensor = now(value);
    tensor.dtype = type;
    const Id copy = editor_.fresh(tensor, is_dense(value) ? value : kNone);
    editor_.add({.name = to(), .call = op.call, .in = {value}, .out = {copy}, .attrs = {}, .grad = op.grad});
    if (cached) {
      cached_.emplace(value, copy);
    } else {
      copies_.push_back(copy);
    }
    return copy;
  }

  bool is_trained(Id value) const { return static_cast<std::size_t>(value) < trained_.size() && at(trained_, value); }

  /// Does it fill its memory, so that a copy keeps its strides?
  bool is_dense(Id value) const {
    const MemoryRecord& memory = editor_.trace.memory;
    if (!memory.known() || at(memory.places, value).storage == kNone) return false;
    return at(memory.storages, at(memory.places, value).storage).bytes * 8 ==
           numel(now(value)) * bits(now(value).dtype);
  }

  Id to() {
    const Id name = editor_.name("aten::to");
    casts_.resize(editor_.trace.op_names.size(), Cast::none);
    return name;
  }

  void retype_results(const Op& op, const std::vector<Id>& recorded, Cast cast) {
    std::vector<const Tensor*> before, after;
    for (const Id in : recorded) {
      if (in != kNone) before.push_back(&at(recorded_, in));
    }
    for (const Id in : op.in) {
      if (in != kNone) after.push_back(&now(in));
    }
    if (op.in.empty()) retype_mask(op);
    const std::optional<DType> was = result_type(op, before), is = result_type(op, after);
    if (!was || !is) return;
    const DType type = cast == Cast::output && is_castable(*is) ? DType::f32 : *is;
    for (const Id out : op.out) {
      const bool in_place = std::ranges::find(recorded, out) != recorded.end();
      if (out != kNone && !in_place && at(recorded_, out).dtype == *was) types_.set(out, type);
    }
  }

  /// What is drawn at random is a mask, which code makes in the type of what it is for: that with which it is first put
  /// together.
  void find_masks() {
    for (const Op& op : editor_.trace.ops) {
      const std::string& name = editor_.trace.op_name(op);
      if (name == "aten::bernoulli_" || (name == "aten::rand" && op.in.empty())) masks_.emplace(op.out.front(), kNone);
      if (op.in.size() < 2) continue;
      for (std::size_t i = 0; i < 2; ++i) {
        const auto mask = masks_.find(op.in[i]);
        if (mask != masks_.end() && mask->second == kNone) mask->second = op.in[1 - i];
      }
    }
  }

  void retype_mask(const Op& op) {
    for (const Id out : op.out) {
      const auto mask = masks_.find(out);
      if (mask == masks_.end() || mask->second == kNone || at(recorded_, out).dtype != DType::f32) continue;
      if (const DType type = now(mask->second).dtype; is_castable(type)) types_.set(out, type);
    }
  }

  /// The type that results have which are of floating point.
  std::optional<DType> result_type(const Op& op, const std::vector<const Tensor*>& inputs) const {
    if (inputs.empty()) return std::nullopt;
    const std::string& name = editor_.trace.op_name(op);
    if (name == "aten::type_as" && inputs.size() > 1) return promoted(std::span(inputs).subspan(1, 1));
    const bool like_first = std::ranges::find(kLikeFirst, name) != kLikeFirst.end();
    return promoted(like_first ? std::span(inputs).first(1) : std::span(inputs));
  }

  Editor editor_;
  Retyper types_;
  const DType lower_;
  const Processor processor_;
  const std::vector<Tensor> recorded_;  ///< values as the trace has them
  std::vector<Cast> casts_;             ///< by name of an operator
  std::vector<bool> trained_;           ///< by value: a parameter whose copy is kept
  std::map<Id, Id> masks_;              ///< values that are drawn at random, with what they are for
  std::map<Id, Id> cached_;             ///< copies of such, by parameter
  std::vector<Id> copies_;              ///< of inputs of the operator, gone after it
};

}  // namespace

Trace autocast(Trace trace, DType lower, Processor processor) {
  return Autocast(std::move(trace), lower, processor).run();
}

}  // namespace thoplw

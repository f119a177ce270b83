// Results of ensembles of trees and of support vector machines.
#include "load/onnx/infer.h"

namespace thoplw::onnx::infer {
namespace {

std::int64_t rows_of(const Known& x) { return !x.has_rank ? kNoSize : x.shape.size() == 2 ? x.shape[0] : 1; }

std::size_t reals_in(const NodeView& view, std::string_view name) {
  const Attribute* list = view.node.attribute(name);
  return list ? list->reals.size() : 0;
}

/// The name of each row's class, and a score for each column.
void give_classes(const NodeView& view, Out out, std::string_view numbers, std::int64_t columns) {
  const std::int64_t rows = rows_of(need(view, 0));
  give(out, 0, view.node.attribute(numbers) ? DType::i64 : DType::other, {rows});
  give(out, 1, DType::f32, {rows, columns});
}

std::int64_t classes_of(const NodeView& view, std::string_view numbers) {
  const Attribute* words = view.node.attribute("classlabels_strings");
  return static_cast<std::int64_t>(std::max(view.node.integers(numbers).size(), words ? words->texts.size() : 0));
}

}  // namespace

// (x[N, C]) -> [N, targets]
void ensemble(const NodeView& view, Out out) {
  const TensorData* leaves = view.node.tensor("leaf_weights");
  give(out, 0, leaves ? leaves->dtype : DType::f32, {rows_of(need(view, 0)), view.node.integer("n_targets", 1)});
}

void ensemble_classifier(const NodeView& view, Out out) {
  give_classes(view, out, "classlabels_int64s", classes_of(view, "classlabels_int64s"));
}

void support_vector_regressor(const NodeView& view, Out out) { give(out, 0, DType::f32, {rows_of(need(view, 0)), 1}); }

// Without probabilities there is a score for each pair of classes; of two classes, one for each.
void support_vector_classifier(const NodeView& view, Out out) {
  const std::int64_t classes = classes_of(view, "classlabels_ints");
  const bool by_pair = classes > 2 && reals_in(view, "support_vectors") > 0 && reals_in(view, "prob_a") == 0;
  give_classes(view, out, "classlabels_ints", by_pair ? times(classes, classes - 1) / 2 : classes);
}

}  // namespace thoplw::onnx::infer

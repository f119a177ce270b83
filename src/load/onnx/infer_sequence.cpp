// Results of operators on sequences, optionals, strings and images in a file, and of those of ai.onnx.ml.
#include <algorithm>
#include <iterator>

#include "load/onnx/infer.h"

namespace thoplw::onnx::infer {
namespace {

using Items = std::vector<Known>;
constexpr std::size_t kMostItems = 1024;

void give_items(Out out, Items items) {
  if (!out.empty() && items.size() <= kMostItems) out[0].items = std::make_shared<const Items>(std::move(items));
}

/// The place that an input names among `count`, counted from the end where it is negative.
std::optional<std::size_t> place(const Known* position, std::size_t count, std::int64_t absent) {
  const std::optional<std::int64_t> at = position ? element_of(position) : absent;
  if (!at) return std::nullopt;
  const std::int64_t wrapped = *at < 0 ? *at + static_cast<std::int64_t>(count) : *at;
  if (wrapped < 0 || wrapped > static_cast<std::int64_t>(count)) throw Error("a position is outside of the sequence");
  return static_cast<std::size_t>(wrapped);
}

}  // namespace

void unknown(const NodeView&, Out) {}

void sequence_construct(const NodeView& view, Out out) {
  Items items;
  for (std::size_t i = 0; i < view.in.size(); ++i) items.push_back(need(view, i));
  give_items(out, std::move(items));
}

void sequence_at(const NodeView& view, Out out) {
  const Known& sequence = need(view, 0);
  if (!sequence.items || out.empty()) return;
  const auto at = place(view.input(1), sequence.items->size(), 0);
  if (at && *at < sequence.items->size()) out[0] = (*sequence.items)[*at];
}

void sequence_insert(const NodeView& view, Out out) {
  const Known& sequence = need(view, 0);
  if (!sequence.items || sequence.items->size() >= kMostItems) return;
  const auto at = place(view.input(2), sequence.items->size(), static_cast<std::int64_t>(sequence.items->size()));
  if (!at) return;
  Items items = *sequence.items;
  items.insert(items.begin() + static_cast<std::ptrdiff_t>(*at), need(view, 1));
  give_items(out, std::move(items));
}

void sequence_erase(const NodeView& view, Out out) {
  const Known& sequence = need(view, 0);
  if (!sequence.items || sequence.items->empty()) return;
  const auto at = place(view.input(1), sequence.items->size(), -1);
  if (!at || *at == sequence.items->size()) return;
  Items items = *sequence.items;
  items.erase(items.begin() + static_cast<std::ptrdiff_t>(*at));
  give_items(out, std::move(items));
}

void sequence_length(const NodeView& view, Out out) {
  give(out, 0, DType::i64, {});
  const Known& sequence = need(view, 0);
  if (sequence.items && !out.empty()) out[0].elements = Ints{static_cast<std::int64_t>(sequence.items->size())};
}

void split_to_sequence(const NodeView& view, Out out) {
  const Known& x = need(view, 0);
  const Known* split = view.input(1);
  if (!x.has_rank) return;
  const std::size_t axis = wrap_axis(view.node.integer("axis", 0), x.shape.size());
  const std::int64_t size = x.shape[axis];
  const Ints* lengths = elements_of(split);
  Ints parts;
  if (split && lengths && split->shape.size() == 1) {
    parts = *lengths;
  } else {
    const auto each = split ? element_of(split) : std::optional<std::int64_t>(1);
    if (!each || *each < 1 || size < 0 || size / *each > static_cast<std::int64_t>(kMostItems)) return;
    for (std::int64_t left = size; left > 0; left -= parts.back()) parts.push_back(std::min(*each, left));
  }
  const bool dropped = !split && view.node.integer("keepdims", 1) == 0;
  Items items;
  for (std::int64_t part : parts) {
    Known item{.dtype = x.dtype, .has_rank = true, .shape = x.shape, .elements = {}, .reals = {}, .items = {}};
    item.shape[axis] = size_of(part);
    if (dropped) item.shape.erase(item.shape.begin() + static_cast<std::ptrdiff_t>(axis));
    items.push_back(std::move(item));
  }
  give_items(out, std::move(items));
}

void concat_from_sequence(const NodeView& view, Out out) {
  const Known& sequence = need(view, 0);
  if (!sequence.items || sequence.items->empty()) return;
  const bool stacked = view.node.integer("new_axis", 0) != 0;
  const Items& items = *sequence.items;
  if (!std::ranges::all_of(
          items, [&](const Known& item) { return item.has_rank && item.shape.size() == items[0].shape.size(); })) {
    return;
  }
  Dims sizes = items[0].shape;
  const std::size_t axis = wrap_axis(view.node.integer("axis", 0), sizes.size() + (stacked ? 1 : 0));
  if (stacked) sizes.insert(sizes.begin() + static_cast<std::ptrdiff_t>(axis), static_cast<std::int64_t>(items.size()));
  for (std::size_t i = 1; i < items.size() && !stacked; ++i) sizes[axis] = plus(sizes[axis], items[i].shape[axis]);
  give(out, 0, items[0].dtype, std::move(sizes));
}

void sequence_empty(const NodeView&, Out out) { give_items(out, {}); }

// A tensor, a sequence or nothing, handed on as it is.
void optional(const NodeView& view, Out out) {
  if (view.input(0)) identity(view, out);
}

void has_element(const NodeView&, Out out) { give(out, 0, DType::boolean, {}); }

void image(const NodeView& view, Out out) {
  give(out, 0, DType::u8, {kNoSize, kNoSize, view.node.text("pixel_format", "RGB") == "Grayscale" ? 1 : 3});
}

// Text -> (parts, padded to the most that one has; how many each has)
void string_split(const NodeView& view, Out out) {
  const Known& x = need(view, 0);
  if (!x.has_rank) return give_type(out, 1, DType::i64);
  Dims sizes = x.shape;
  sizes.push_back(kNoSize);
  give(out, 0, x.dtype, std::move(sizes));
  give_like(out, 1, DType::i64, x);
}

// Words of a list are left out: how many stay hangs on the data, unless there is no list.
void string_normalizer(const NodeView& view, Out out) {
  const Known& x = need(view, 0);
  if (!view.node.attribute("stopwords")) return give_like(out, 0, x);
  if (!x.has_rank) return;
  Dims sizes = x.shape;
  if (!sizes.empty()) sizes.back() = kNoSize;
  give(out, 0, x.dtype, std::move(sizes));
}

// [C] or [N, C] -> [..., 1 + the largest index]
void term_frequency(const NodeView& view, Out out) {
  const Known& x = need(view, 0);
  const Ints& indexes = view.node.integers("ngram_indexes");
  if (!x.has_rank || x.shape.empty() || indexes.empty()) return give_type(out, 0, DType::f32);
  const std::int64_t largest = *std::ranges::max_element(indexes);
  Dims sizes = x.shape;
  sizes.back() = largest >= 0 ? plus(largest, 1) : kNoSize;
  give(out, 0, DType::f32, std::move(sizes));
}

void to_float(const NodeView& view, Out out) { give_like(out, 0, DType::f32, need(view, 0)); }

// ai.onnx.ml: columns of the last dimension; a vector counts as one row.
void feature_columns(const NodeView& view, Out out) {
  const Known& x = need(view, 0);
  const Known& columns = need(view, 1);
  if (!x.has_rank) return give_type(out, 0, x.dtype);
  Dims sizes = x.shape.size() < 2 ? Dims{1, kNoSize} : x.shape;
  sizes.back() = columns.has_rank ? elements_in(columns.shape) : kNoSize;
  give(out, 0, x.dtype, std::move(sizes));
}

// ai.onnx.ml: as many results per row as `targets`.
void regressor(const NodeView& view, Out out) {
  const Known& x = need(view, 0);
  const std::int64_t rows = x.has_rank && x.shape.size() == 2 ? x.shape[0] : kNoSize;
  give(out, 0, DType::f32, {rows, view.node.integer("targets", 1)});
}

// ai.onnx.ml: -> (labels, scores); one row of coefficients serves two classes.
void classifier(const NodeView& view, Out out) {
  const Known& x = need(view, 0);
  const Attribute* numbers = view.node.attribute("classlabels_ints");
  const Attribute* words = view.node.attribute("classlabels_strings");
  const Attribute* intercepts = view.node.attribute("intercepts");
  const std::int64_t rows = !x.has_rank ? kNoSize : x.shape.size() == 2 ? x.shape[0] : 1;
  const std::size_t labels = numbers ? numbers->integers.size() : words ? words->texts.size() : 0;
  const std::size_t models = intercepts ? intercepts->reals.size() : labels;
  give(out, 0, numbers ? DType::i64 : DType::other, {rows});
  give(out, 1, DType::f32, {rows, static_cast<std::int64_t>(models == 1 && labels == 2 ? 2 : models)});
}

// ai.onnx.ml: one class per category, behind the other dimensions.
void category_columns(const NodeView& view, Out out) {
  const Known& x = need(view, 0);
  if (!x.has_rank) return give_type(out, 0, DType::f32);
  const Attribute* names = view.node.attribute("cats_strings");
  const std::size_t count = std::max(view.node.integers("cats_int64s").size(), names ? names->texts.size() : 0);
  Dims sizes = x.shape;
  sizes.push_back(static_cast<std::int64_t>(count));
  give(out, 0, DType::f32, std::move(sizes));
}

// ai.onnx.ml: the type is that of the values that stand for the keys.
void label_encoder(const NodeView& view, Out out) {
  const Node& node = view.node;
  DType dtype = DType::other;
  if (node.attribute("values_int64s") || node.attribute("default_int64")) dtype = DType::i64;
  if (node.attribute("values_floats")) dtype = DType::f32;
  if (const TensorData* values = node.tensor("values_tensor")) dtype = values->dtype;
  if (node.attribute("values_strings")) dtype = DType::other;
  give_like(out, 0, dtype, need(view, 0));
}

}  // namespace thoplw::onnx::infer

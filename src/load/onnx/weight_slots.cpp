// The operators that have weights among their inputs, in tables. Names tell enough: domains that share one share its
// inputs.
#include "load/onnx/weight_slots.h"

#include <algorithm>
#include <array>

#include "base/overflow.h"

namespace thoplw::onnx {
namespace {

template <class... Slots>
constexpr unsigned slots(Slots... places) {
  return (0U | ... | (1U << places));
}

struct Inputs {
  std::string_view op;
  unsigned weights;
  unsigned others = 0;  ///< states, or what may be either; all else is a setting
};
constexpr auto kInputs = std::to_array<Inputs>({
    // clang-format off
    {"Attention", slots(1, 2), slots(5)},  // of onnxruntime; of ONNX these are keys and values
    {"AttnLSTM", slots(1, 2, 3, 7, 8, 9, 10, 13), slots(5, 6)},
    {"BatchNormalization", slots(1, 2)},
    {"BiasAdd", slots(1)},
    {"BiasDropout", slots(1), slots(2)},
    {"BiasGelu", slots(1)},
    {"BiasSplitGelu", slots(1)},
    {"BitmaskBiasDropout", slots(1), slots(2)},
    {"BranchwiseRMSNorm", slots(1)},
    {"CausalConvWithState", slots(1, 2)},
    {"Conv", slots(1, 2)},
    {"ConvInteger", slots(1)},
    {"ConvTranspose", slots(1, 2)},
    {"ConvTransposeWithDynamicPads", slots(1, 3)},
    {"DecoderAttention", slots(2, 3, 4)},
    {"DecoderMaskedMultiHeadAttention", slots(10), slots(4)},
    {"DecoderMaskedSelfAttention", slots(1, 2), slots(5)},
    {"DeformConv", slots(1, 3)},
    {"DequantizeLinear", slots(), slots(0)},
    {"DynamicQuantizeLSTM", slots(1, 2, 3, 7), slots(5, 6)},
    {"DynamicQuantizeMatMul", slots(1, 4)},
    {"DynamicSparseAttention", slots(14, 15, 16)},
    {"Einsum", slots(0, 1, 2)},
    {"EmbedLayerNormalization", slots(2, 3, 4, 5, 6)},
    {"EngramGate", slots(3, 4, 5)},
    {"FastGelu", slots(1)},
    {"FusedConv", slots(1, 2), slots(3)},
    {"FusedGemm", slots(0, 1, 2)},
    {"FusedMatMul", slots(0, 1)},
    {"FusedMatMulActivation", slots(0, 1)},
    {"GRU", slots(1, 2, 3), slots(5)},
    {"GatedAdd", slots(3)},
    {"GatedDeltaNet", slots(7, 8), slots(6)},
    {"GatedRMSNorm", slots(1)},
    {"GatedRelativePositionBias", slots(1, 3, 4, 5), slots(2)},
    {"Gather", slots(0)},
    {"GatherBlockQuantized", slots(0)},
    {"Gemm", slots(0, 1, 2)},
    {"GemmFastGelu", slots(1, 2)},
    {"GemmFloat8", slots(0, 1, 2)},
    {"GroupNorm", slots(1, 2)},
    {"GroupNormalization", slots(1, 2)},
    {"GroupQueryAttention", slots(11, 14, 15), slots(10)},
    {"HyperConnectionLowRankMix", slots(1, 2, 3, 4)},
    {"InstanceNormalization", slots(1, 2)},
    {"LSTM", slots(1, 2, 3, 7), slots(5, 6)},
    {"LayerNormalization", slots(1, 2)},
    {"LinearAttentionGate", slots(1, 2)},
    {"LongformerAttention", slots(1, 2, 4, 5)},
    {"Mamba2Verify", slots(3, 4, 5, 6, 7, 8)},
    {"MatMul", slots(0, 1)},
    {"MatMulBlockQuantizedFp4Weight", slots(1, 5)},
    {"MatMulBlockQuantizedFp8Weight", slots(1, 4)},
    {"MatMulBnb4", slots(1)},
    {"MatMulFpQ4", slots(1)},
    {"MatMulInteger", slots(0, 1)},
    {"MatMulInteger16", slots(0, 1)},
    {"MatMulIntegerToFloat", slots(0, 1, 6)},
    {"MatMulNBits", slots(1, 5)},
    {"MatMulNBitsMlp", slots(2, 3, 5, 6, 8)},
    {"MatMulNBitsQLoRA", slots(1, 3, 5)},
    {"MatMulNBitsQkv", slots(2, 3, 5, 6, 8, 9, 11)},
    {"MatMulPacked", slots(1)},
    {"MoE", slots(2, 3, 4, 5, 6, 7)},
    {"MoEGroupRouter", slots(1, 2)},
    {"MoEPacked", slots(2, 3, 4)},
    {"MultiHeadAttention", slots(3), slots(5)},
    {"PRelu", slots(1)},
    {"PackedAttention", slots(1, 2), slots(5)},
    {"PackedMultiHeadAttention", slots(3), slots(6)},
    {"PackedSparseAttentionIndexer", slots(2, 3, 9, 10)},
    {"PagedAttention", slots(11, 12, 13)},
    {"QAttention", slots(1, 2)},
    {"QEmbedLayerNormalization", slots(2, 3, 4, 5, 6)},
    {"QGemm", slots(0, 3, 6)},
    {"QLinearAdd", slots(), slots(0, 3)},
    {"QLinearConv", slots(3, 8)},
    {"QLinearConvTranspose", slots(3, 8)},
    {"QLinearMatMul", slots(0, 3)},
    {"QLinearMul", slots(), slots(0, 3)},
    {"QMoE", slots(2, 4, 5, 7, 8, 10)},
    {"QOrderedAttention", slots(5, 6, 7, 11, 12, 13), slots(19)},
    {"QOrderedLayerNormalization", slots(2, 3)},
    {"QOrderedLongformerAttention", slots(2, 4, 8, 10)},
    {"QOrderedMatMul", slots(0, 2, 5), slots(6)},
    {"QuantizeLinear", slots(), slots(0)},
    {"RMSNormRotary", slots(1)},
    {"RMSNormalization", slots(1)},
    {"RNN", slots(1, 2, 3), slots(5)},
    {"RelativePositionBias", slots(0)},
    {"RouterGateUpProj", slots(1)},
    {"SimplifiedLayerNormalization", slots(1)},
    {"SkipGroupNorm", slots(1, 2, 4), slots(3)},
    {"SkipLayerNormalization", slots(2, 3, 4), slots(0, 1)},
    {"SkipSimplifiedLayerNormalization", slots(2, 3), slots(0, 1)},
    {"SparseAttentionIndexer", slots(2, 3, 9, 10)},
    {"SparsePagedAttention", slots(16, 17, 18)},
    {"SparseToDenseMatMul", slots(0, 1)},
    {"TorchEmbedding", slots(0)},
    {"TransposeMatMul", slots(0, 1)},
    {"VarlenCausalConvWithState", slots(1, 3)},
    {"WordConvEmbedding", slots(1, 2, 3)},
    // clang-format on
});
constexpr bool out_of_order(const Inputs& a, const Inputs& b) { return a.op >= b.op; }
static_assert(std::adjacent_find(kInputs.begin(), kInputs.end(), out_of_order) == kInputs.end(),
              "kInputs is sorted by operator and has no operator twice");

constexpr auto kRecurrent = std::to_array<std::string_view>({"AttnLSTM", "DynamicQuantizeLSTM", "GRU", "LSTM", "RNN"});
static_assert(std::ranges::is_sorted(kRecurrent));

/// Operators without weights whose constants say how to do something.
constexpr auto kSettings =
    std::to_array<std::string_view>({"Clip", "NonMaxSuppression", "OneHot", "Pad", "Pow", "QLinearConcat",
                                     "QLinearWhere", "Range", "Resize", "RotaryEmbedding", "Upsample"});
static_assert(std::ranges::is_sorted(kSettings));

constexpr auto kCarriers = std::to_array<std::string_view>(
    {"Cast", "CastLike", "DequantizeLinear", "Expand", "Flatten", "Identity", "QuantizeLinear", "ReorderInput",
     "ReorderOutput", "Reshape", "Slice", "Split", "Squeeze", "Transpose", "Unsqueeze"});
static_assert(std::ranges::is_sorted(kCarriers));

/// Attributes with the size of each matrix, where the packed form has more elements or another order.
struct Packed {
  std::string_view op;
  std::size_t slot;
  std::string_view rows, columns;
};
constexpr auto kPacked = std::to_array<Packed>({
    {"MatMulBnb4", 1, "N", "K"},
    {"MatMulNBits", 1, "N", "K"},
    {"MatMulNBitsMlp", 3, "N", "K"},
    {"MatMulNBitsMlp", 6, "N", "K"},
    {"MatMulNBitsQLoRA", 1, "N", "K"},
    {"MatMulNBitsQkv", 3, "Nq", "K"},
    {"MatMulNBitsQkv", 6, "Nkv", "K"},
    {"MatMulNBitsQkv", 9, "Nkv", "K"},
    {"MatMulPacked", 1, "N", "K"},
});

/// Attributes with the bits that a weight takes of the bytes in the last dimension; `otherwise` where there is none.
struct Bits {
  std::string_view op;
  unsigned slots;
  std::string_view bits;
  std::int64_t otherwise;
};
constexpr auto kBits = std::to_array<Bits>({
    {"GatherBlockQuantized", slots(0), "bits", 4},
    {"MatMulBlockQuantizedFp4Weight", slots(1), "", 4},
    {"MatMulNBitsQLoRA", slots(3, 5), "lora_bits", 4},
    {"QMoE", slots(2, 5, 8), "expert_weight_bits", 4},
});

struct Attributes {
  std::string_view op;
  std::array<std::string_view, 4> names;
};
constexpr auto kAttributes = std::to_array<Attributes>({
    {"LinearClassifier", {"coefficients", "intercepts"}},
    {"LinearRegressor", {"coefficients", "intercepts"}},
    {"SVMClassifier", {"support_vectors", "coefficients", "rho"}},
    {"SVMRegressor", {"support_vectors", "coefficients", "rho"}},
    {"TreeEnsemble", {"nodes_splits", "leaf_weights"}},
    {"TreeEnsembleClassifier", {"nodes_values", "class_weights"}},
    {"TreeEnsembleRegressor", {"nodes_values", "target_weights"}},
});

const Inputs* find_inputs(std::string_view op) {
  const auto row = std::ranges::lower_bound(kInputs, op, {}, &Inputs::op);
  return row != kInputs.end() && row->op == op ? &*row : nullptr;
}

bool has(unsigned slots, std::size_t slot) { return slot < 32 && (slots >> slot & 1U) != 0; }

}  // namespace

Slot slot_of(const Node& node, std::size_t slot) {
  const Inputs* row = find_inputs(node.op_type);
  if (!row) {
    const bool scales = slot > 0 && works_on_quantized(node.op_type);
    return scales || std::ranges::binary_search(kSettings, node.op_type) ? Slot::setting : Slot::other;
  }
  if (has(row->weights, slot)) return node.op_type == "Gather" ? Slot::table : Slot::weight;
  if (!has(row->others, slot)) return Slot::setting;
  return std::ranges::binary_search(kRecurrent, node.op_type) ? Slot::state : Slot::other;
}

bool takes_weights(std::string_view op_type) {
  const Inputs* row = find_inputs(op_type);
  return row && row->weights != 0;
}

bool works_on_quantized(std::string_view op_type) {
  constexpr std::string_view kOthers[] = {"QAttention", "QEmbedLayerNormalization", "QGemm", "QMoE"};
  return op_type.starts_with("QLinear") || op_type.starts_with("QOrdered") ||
         std::ranges::find(kOthers, op_type) != std::end(kOthers) ||
         op_type.find("uantize") != std::string_view::npos || op_type.find("Integer") != std::string_view::npos;
}

bool hands_on(const Node& node, std::size_t slot) {
  return slot == 0 && std::ranges::binary_search(kCarriers, node.op_type);
}

std::optional<Dims> unpacked(const NodeView& view, std::size_t slot, const TensorData& tensor) {
  const Node& node = view.node;
  for (const Packed& packed : kPacked) {
    if (packed.op != node.op_type || packed.slot != slot) continue;
    const std::int64_t rows = node.integer(packed.rows, 0), columns = node.integer(packed.columns, 0);
    if (rows > 0 && columns > 0) return Dims{rows, columns};
  }
  for (const Bits& bits : kBits) {
    if (bits.op != node.op_type || !has(bits.slots, slot) || tensor.dtype != DType::u8 || tensor.dims.empty()) continue;
    Dims sizes = tensor.dims;
    const std::int64_t each = std::clamp<std::int64_t>(node.integer(bits.bits, bits.otherwise), 1, 8);
    if (multiply_overflows(sizes.back(), std::int64_t{8}, sizes.back())) return std::nullopt;
    sizes.back() /= each;
    return sizes;
  }
  if (node.op_type == "MatMulFpQ4") {
    const Known* sizes = view.input(2);
    return sizes && sizes->elements && sizes->elements->size() == 2 ? sizes->elements : std::nullopt;
  }
  if (node.op_type == "MoEPacked" && tensor.dims.size() == 3) {
    // [experts, inner, hidden] of what leads into an expert, [experts, hidden, inner] of what leads out: 3rd size
    // packed
    const Known* other = view.input(slot == 4 ? 2 : 4);
    if (other && other->shape.size() == 3) return Dims{tensor.dims[0], tensor.dims[1], other->shape[1]};
  }
  return std::nullopt;
}

std::span<const std::string_view> weight_attributes(const Node& node) {
  const auto row = std::ranges::find(kAttributes, node.op_type, &Attributes::op);
  if (row == kAttributes.end()) return {};
  const auto end = std::ranges::find(row->names, std::string_view());
  return {row->names.begin(), end};
}

}  // namespace thoplw::onnx

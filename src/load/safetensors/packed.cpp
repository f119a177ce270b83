// Recognises the layouts of quantizers, one function for each: the tensors beside a weight tell which it is.
#include "load/safetensors/packed.h"

#include <array>

#include "base/formatted.h"

namespace thoplw::safetensors {
namespace {

constexpr std::uint64_t kWidest = 8;  ///< bits of a packed weight
constexpr std::uint64_t kNotTold = 0;

/// What bitsandbytes keeps of a weight in 4 bits, behind the name of the weight.
constexpr auto kBesideFourBits = std::to_array<std::string_view>({
    "absmax",
    "quant_map",
    "nested_absmax",
    "nested_quant_map",
    "quant_state.bitsandbytes__nf4",
    "quant_state.bitsandbytes__fp4",
});

/// What stands beside a weight that has weight_scale.
constexpr auto kBesideScaled = std::to_array<std::string_view>({
    "weight_scale",
    "weight_scale_inv",
    "weight_scale_2",
    "weight_global_scale",
    "weight_zero_point",
    "weight_shape",
    "weight_g_idx",
    "input_scale",
    "input_global_scale",
});

/// What HQQ keeps of a layer beside W_q: also its settings, each a tensor.
constexpr auto kBesideHqq = std::to_array<std::string_view>({
    "scale",
    "zero",
    "axis",
    "channel_wise",
    "compute_dtype",
    "group_size",
    "nbits",
    "offload_meta",
    "optimize",
    "packing",
    "quant_scale",
    "quant_zero",
    "round_zero",
    "shape",
    "stores_quant_config",
    "unpack_view_dtype",
    "view_as_float",
});

/// Other layouts in which a tensor holds weights, but nothing beside it tells how many: what it is called, what stands
/// beside it and tells the layout, and what else does.
struct NotTold {
  std::string_view packed, tells, also;
};
constexpr auto kNotToldLayouts = std::to_array<NotTold>({
    {"codes", "codebooks", "scales"},                         // AQLM
    {"indices", "centroids.weight", "res_centroids.weight"},  // VPTQ
    {"weight._data", "weight._scale", "weight._shift"},       // quanto
});

bool is_word(const Stored& stored) { return is_integral(stored.tensor.dtype) && stored.tensor.dtype != DType::boolean; }

class Unpacker {
 public:
  explicit Unpacker(Weights& weights) : weights_(weights) {}

  /// AutoGPTQ, GPTQModel and AutoAWQ: qweight, qzeros, scales and g_idx. Both of the first are words; there is one zero
  /// point for each scale, so that what zero points take tells the bits of one: 32 * qzeros / scales.
  void gptq(Stored& qweight, const std::string& module) {
    if (!find(module + "scales")) return;
    const Stored* zeros = beside(module + "qzeros");
    const Stored* scales = beside(module + "scales");
    beside(module + "g_idx");
    const bool words = zeros && is_word(qweight) && zeros->tensor.dtype == qweight.tensor.dtype;
    const std::uint64_t scale = numel(scales->tensor).value();
    pack(qweight, words && scale > 0 && zeros->bits.value() % scale == 0 ? zeros->bits.value() / scale : kNotTold);
  }

  /// bitsandbytes in 4 bits: weight, weight.absmax, weight.quant_map, weight.quant_state.bitsandbytes__nf4 (or fp4).
  void four_bits(const std::string& weight) {
    Stored* packed = find(weight);
    if (!packed || packed->packed) return;
    for (const std::string_view name : kBesideFourBits) beside(formatted("{}.{}", weight, name));
    pack(*packed, 4);
  }

  /// bitsandbytes in 8 bits: weight, SCB (a scale for each row), weight_format.
  void eight_bits(Stored& scales, const std::string& module) {
    Stored* weight = find(module + "weight");
    if (!weight || weight->tensor.dtype != DType::i8) return;
    scales.parameter = false;
    beside(module + "weight_format");
    pack(*weight, 8);
  }

  /// MXFP4, as gpt-oss has it: two weights to a byte of proj_blocks, the last of whose sizes proj_scales lacks.
  void blocks(Stored& blocks, const std::string& stem) {
    const Stored* scales = find(stem + "_scales");
    const Dims& sizes = blocks.tensor.shape;
    if (!scales || blocks.tensor.dtype != DType::u8 || scales->tensor.dtype != DType::u8 || sizes.empty()) return;
    if (scales->tensor.shape != Dims(sizes.begin(), sizes.end() - 1)) return;
    beside(stem + "_scales");
    pack(blocks, 4);
  }

  /// compressed-tensors, ModelOpt, DeepSeek: weight_packed or weight, with weight_scale or weight_scale_inv.
  void scaled(Stored& weight, const std::string& module, bool packed) {
    const Stored* scale = find(module + "weight_scale");
    if (!scale) scale = find(module + "weight_scale_inv");
    const DType dtype = weight.tensor.dtype;
    const bool byte = dtype == DType::i8 || dtype == DType::f8e4m3 || dtype == DType::f8e5m2;
    if (!scale || (!packed && !byte && dtype != DType::u8)) return;
    for (const std::string_view name : kBesideScaled) beside(formatted("{}{}", module, name));
    // Two weights to a byte; how many are in larger words, only the contents of weight_shape tell.
    const bool half = dtype == DType::u8 && (packed || scale->tensor.dtype == DType::f8e4m3);
    pack(weight, byte ? 8 : half ? 4 : kNotTold);
  }

  /// MLX: weight in words of 32, scales, and biases unless its scales are bytes. These have blocks of 32 weights in 4
  /// or 8 bits (MXFP4, MXFP8) or of 16 in 4 (NVFP4); of the others a word more in a block may be more bits or a longer
  /// block.
  void mlx(Stored& weight, const std::string& module) {
    const Stored* scales = find(module + "scales");
    if (!scales || weight.tensor.dtype != DType::u32 || weight.tensor.shape.size() != scales->tensor.shape.size())
      return;
    const bool bytes = scales->tensor.dtype == DType::u8 && !find(module + "biases");
    const std::uint64_t blocks = numel(scales->tensor).value();
    const std::uint64_t words = blocks == 0 ? 0 : numel(weight.tensor).value() / blocks;
    beside(module + "scales");
    beside(module + "biases");
    pack(weight, bytes && (words == 2 || words == 4) ? 4 : bytes && words == 8 ? 8 : kNotTold);
  }

  /// HQQ: W_q. Where a group of weights is a row of it, scale[groups, 1] tells how many rows there were.
  void hqq(Stored& packed, const std::string& module) {
    const Stored* scale = find(module + "scale");
    const Dims& rows = packed.tensor.shape;
    if (!scale || rows.empty()) return;
    const Dims& groups = scale->tensor.shape;
    const bool by_row = groups.size() == 2 && groups.back() == 1;
    for (const std::string_view name : kBesideHqq) beside(formatted("{}{}", module, name));
    const Count weights = by_row ? Count(groups.front()) * rows.back() : Count(0);
    const bool fits = weights > 0 && packed.bits.value() / weights.value() <= kWidest && weights <= packed.bits;
    if (!fits) return pack(packed, kNotTold);
    packed.packed = static_cast<std::int64_t>(weights.value());
    ++packed_;
  }

  void not_told(Stored& packed) {
    for (const NotTold& layout : kNotToldLayouts) {
      if (packed.name != layout.packed && !packed.name.ends_with("." + std::string(layout.packed))) continue;
      const std::string module = packed.name.substr(0, packed.name.size() - layout.packed.size());
      if (!is_word(packed) || !find(module + std::string(layout.tells))) continue;
      beside(module + std::string(layout.tells));
      beside(module + std::string(layout.also));
      pack(packed, kNotTold);
    }
  }

  std::vector<std::string> notes() const {
    std::vector<std::string> notes;
    if (packed_ > 0) {
      notes.push_back(
          formatted("{} tensors are quantized: counted are the weights in them, not the words that hold several; "
                    "scales, zero points and the like are no parameters",
                    packed_));
    }
    if (!unknown_.empty()) {
      notes.push_back(
          formatted("{} tensors, such as '{}', hold packed weights, but not how many: counted are the words, "
                    "each of which may hold several",
                    unknown_.size(), unknown_.front()));
    }
    return notes;
  }

 private:
  Stored* find(const std::string& name) {
    const auto found = weights_.by_name.find(name);
    return found == weights_.by_name.end() ? nullptr : &weights_.tensors[found->second];
  }

  /// What is no parameter there.
  Stored* beside(const std::string& name) {
    Stored* stored = find(name);
    if (stored) stored->parameter = false;
    return stored;
  }

  /// `bits` of one weight.
  void pack(Stored& stored, std::uint64_t bits) {
    if (bits == kNotTold || bits > kWidest || stored.bits.value() % bits != 0) {
      unknown_.push_back(stored.name);
    } else {
      stored.packed = static_cast<std::int64_t>(stored.bits.value() / bits);
      ++packed_;
    }
  }

  Weights& weights_;
  std::size_t packed_ = 0;
  std::vector<std::string> unknown_;
};

}  // namespace

std::vector<std::string> unpack(Weights& weights) {
  constexpr std::string_view kBlocks = "_blocks",
                             kStates[] = {".quant_state.bitsandbytes__nf4", ".quant_state.bitsandbytes__fp4"};
  Unpacker unpacker(weights);
  for (Stored& stored : weights.tensors) {
    const std::string& name = stored.name;
    const std::string module = name.substr(0, name.rfind('.') + 1);
    const std::string_view own = std::string_view(name).substr(module.size());
    if (own == "qweight") unpacker.gptq(stored, module);
    if (own == "weight" || own == "weight_packed") unpacker.scaled(stored, module, own == "weight_packed");
    if (own == "weight") unpacker.mlx(stored, module);
    if (own == "W_q") unpacker.hqq(stored, module);
    unpacker.not_told(stored);
    if (own == "SCB") unpacker.eight_bits(stored, module);
    if (own.ends_with(kBlocks)) unpacker.blocks(stored, name.substr(0, name.size() - kBlocks.size()));
    for (const std::string_view state : kStates) {
      if (name.ends_with(state)) unpacker.four_bits(name.substr(0, name.size() - state.size()));
    }
  }
  return unpacker.notes();
}

}  // namespace thoplw::safetensors

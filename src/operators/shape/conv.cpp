// Convolutions. Results are contiguous whatever the input's memory format is: so torch's meta kernel has it.
#include "operators/shape/args.h"
#include "operators/shape/rules.h"

namespace thoplw::shape {
namespace {

/// Where an operator's schema has its arguments after input, weight and bias.
struct Places {
  std::size_t stride, padding, dilation, groups, output_padding;
};
constexpr Places kConv = {.stride = 3, .padding = 4, .dilation = 5, .groups = 6, .output_padding = 0};
constexpr Places kTransposed = {.stride = 3, .padding = 4, .dilation = 7, .groups = 6, .output_padding = 5};
constexpr Places kConvolution = {.stride = 3, .padding = 4, .dilation = 5, .groups = 8, .output_padding = 7};

enum class Padding : std::uint8_t { amount, same, valid };

struct Convolution {
  const Strided* x = nullptr;
  const Strided* weight = nullptr;
  std::size_t spatial = 0;  ///< how many spatial dimensions
  bool batched = true;
  std::int64_t groups = 1;
};

bool read(Args args, const Places& at, Convolution& conv) {
  conv.x = tensor_at(args, 0);
  conv.weight = tensor_at(args, 1);
  const Strided* bias = tensor_at(args, 2);
  if (!conv.x || !conv.weight || conv.weight->dim() < 3 || !is_integer(args, at.groups)) return false;
  if (!is_real_float(conv.x->dtype) || conv.x->dtype != conv.weight->dtype) return false;
  if (bias ? bias->dtype != conv.x->dtype : !absent(args, 2)) return false;
  conv.spatial = conv.weight->sizes.size() - 2;
  conv.batched = conv.x->sizes.size() == conv.spatial + 2;
  conv.groups = args[at.groups].integer;
  return conv.groups > 0 && (conv.batched || conv.x->sizes.size() == conv.spatial + 1) && elements(conv.x->sizes) > 0;
}

bool answer(const Convolution& conv, std::int64_t channels, const Dims& extents, Results& results) {
  Dims sizes;
  sizes.reserve(conv.spatial + 2);
  if (conv.batched) sizes.push_back(conv.x->sizes[0]);
  sizes.push_back(channels);
  sizes.insert(sizes.end(), extents.begin(), extents.end());
  return fresh(results, conv.x->dtype, std::move(sizes));
}

bool forward(Args args, const Places& at, Results& results) {
  Convolution conv;
  if (!read(args, at, conv)) return false;
  Padding kind = Padding::amount;
  if (args[at.padding].kind == Arg::Kind::text) {
    if (args[at.padding].text != "same" && args[at.padding].text != "valid") return false;
    kind = args[at.padding].text == "same" ? Padding::same : Padding::valid;
  }
  const std::size_t first = conv.batched ? 2 : 1;
  const Dims& weight = conv.weight->sizes;
  if (weight[1] * conv.groups != conv.x->sizes[first - 1] || weight[0] % conv.groups != 0) return false;
  Dims extents(conv.spatial);
  for (std::size_t d = 0; d < conv.spatial; ++d) {
    std::int64_t stride = 0, padding = 0, dilation = 0;
    if (!extent_at(args, at.stride, d, conv.spatial, stride) || stride < 1) return false;
    if (!extent_at(args, at.dilation, d, conv.spatial, dilation) || dilation < 1) return false;
    if (kind == Padding::amount && !extent_at(args, at.padding, d, conv.spatial, padding)) return false;
    if (padding < 0 || (kind == Padding::same && stride != 1)) return false;
    const std::int64_t kernel = dilation * (weight[2 + d] - 1) + 1;
    const std::int64_t padded = conv.x->sizes[first + d] + (kind == Padding::same ? kernel - 1 : 2 * padding);
    if (padded < kernel || kernel < 1) return false;
    extents[d] = (padded - kernel) / stride + 1;
  }
  return answer(conv, weight[0], extents, results);
}

bool transposed(Args args, const Places& at, Results& results) {
  Convolution conv;
  if (!read(args, at, conv)) return false;
  const std::size_t first = conv.batched ? 2 : 1;
  const Dims& weight = conv.weight->sizes;
  if (weight[0] != conv.x->sizes[first - 1] || weight[0] % conv.groups != 0) return false;
  Dims extents(conv.spatial);
  for (std::size_t d = 0; d < conv.spatial; ++d) {
    std::int64_t stride = 0, padding = 0, dilation = 0, extra = 0;
    if (!extent_at(args, at.stride, d, conv.spatial, stride) || stride < 1) return false;
    if (!extent_at(args, at.dilation, d, conv.spatial, dilation) || dilation < 1) return false;
    if (!extent_at(args, at.padding, d, conv.spatial, padding) || padding < 0) return false;
    if (!extent_at(args, at.output_padding, d, conv.spatial, extra) || extra < 0) return false;
    extents[d] = (conv.x->sizes[first + d] - 1) * stride - 2 * padding + dilation * (weight[2 + d] - 1) + extra + 1;
    if (extents[d] < 1 || extra >= std::max(stride, dilation)) return false;
  }
  return answer(conv, weight[1] * conv.groups, extents, results);
}

}  // namespace

bool conv(Args args, Results& results) { return forward(args, kConv, results); }

bool conv_transpose(Args args, Results& results) { return transposed(args, kTransposed, results); }

bool convolution(Args args, Results& results) {
  const Strided* x = tensor_at(args, 0);
  const Strided* weight = tensor_at(args, 1);
  if (!x || !weight || x->dim() != weight->dim() || !is_boolean(args, 6)) return false;
  return is_true(args, 6) ? transposed(args, kConvolution, results) : forward(args, kConvolution, results);
}

}  // namespace thoplw::shape

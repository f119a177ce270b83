// The stride arithmetic of ATen and of torch's meta kernels.
#include "operators/shape/strides.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <numeric>

namespace thoplw::shape {
namespace {

constexpr std::array kChannelsLast = {1, 3, 2, 0};  // innermost dimension first
constexpr std::array kChannelsLast3d = {1, 4, 3, 2, 0};

std::span<const int> order_of(MemoryFormat format) {
  if (format == MemoryFormat::channels_last) return kChannelsLast;
  if (format == MemoryFormat::channels_last_3d) return kChannelsLast3d;
  return {};
}

bool contiguous_in_order(const Dims& sizes, const Dims& strides, std::span<const int> innermost_first) {
  if (sizes.size() != innermost_first.size()) return false;
  std::int64_t expected = 1;
  for (const int d : innermost_first) {
    if (sizes[d] == 1) continue;
    if (strides[d] != expected) return false;
    expected *= sizes[d];
  }
  return true;
}

bool contiguous(const Dims& sizes, const Dims& strides) {
  std::int64_t expected = 1;
  for (std::size_t i = sizes.size(); i-- > 0;) {
    if (sizes[i] == 1) continue;
    if (strides[i] != expected) return elements(sizes) == 0;
    expected *= sizes[i];
  }
  return true;
}

/// is_channels_last_strides_2d and _3d of c10/core/MemoryFormat.h: sizes of 1 are ambiguous and mean "no".
bool strides_like(const Strided& x, std::span<const int> innermost_first) {
  if (x.sizes.size() != innermost_first.size() || x.strides[1] == 0) return false;
  std::int64_t least = 0;
  for (const int d : innermost_first) {
    if (x.sizes[d] == 0 || x.strides[d] < least) return false;
    if (d == 0 && least == x.strides[1]) return false;
    least = x.strides[d];
    if (x.sizes[d] > 1) least *= x.sizes[d];
  }
  return true;
}

/// Does dimension a lie outside b? 1 yes, -1 no, 0 undecided; a and b stand in the order innermost first.
int lies_outside(const Dims& sizes, std::span<const Dims* const> strides, int a, int b) {
  for (const Dims* stride : strides) {
    const std::int64_t of_a = (*stride)[a], of_b = (*stride)[b];
    if (of_a == 0 || of_b == 0) continue;
    if (of_a < of_b) return -1;
    if (of_a > of_b || sizes[a] > sizes[b]) return 1;
  }
  return 0;
}

/// Dense strides in the order that the operands' strides ask for: TensorIterator's insertion sort.
Dims sorted_strides(const Dims& sizes, std::span<const Dims* const> strides) {
  const int ndim = static_cast<int>(sizes.size());
  std::vector<int> innermost_first(sizes.size());
  std::iota(innermost_first.rbegin(), innermost_first.rend(), 0);
  for (int i = 1; i < ndim; ++i) {
    int moving = i;
    for (int j = i - 1; j >= 0; --j) {
      const int outside = lies_outside(sizes, strides, innermost_first[j], innermost_first[moving]);
      if (outside < 0) break;
      if (outside > 0) {
        std::swap(innermost_first[j], innermost_first[moving]);
        moving = j;
      }
    }
  }
  Dims result(sizes.size());
  std::int64_t stride = 1;
  for (const int d : innermost_first) {
    result[d] = stride;
    stride *= std::max<std::int64_t>(sizes[d], 1);
  }
  return result;
}

}  // namespace

std::int64_t elements(std::span<const std::int64_t> sizes) {
  return std::accumulate(sizes.begin(), sizes.end(), std::int64_t{1}, std::multiplies<>());
}

Dims contiguous_strides(std::span<const std::int64_t> sizes) {
  Dims strides(sizes.size());
  std::int64_t stride = 1;
  for (std::size_t i = sizes.size(); i-- > 0;) {
    strides[i] = stride;
    stride *= std::max<std::int64_t>(sizes[i], 1);
  }
  return strides;
}

Dims strides_for(const Dims& sizes, MemoryFormat format) {
  const std::span<const int> order = order_of(format);
  if (order.size() != sizes.size()) return contiguous_strides(sizes);
  Dims strides(sizes.size());
  std::int64_t stride = 1;
  for (const int d : order) {
    strides[d] = stride;
    stride *= std::max<std::int64_t>(sizes[d], 1);
  }
  return strides;
}

bool is_contiguous(const Strided& x) { return contiguous(x.sizes, x.strides); }

bool is_contiguous(const Strided& x, MemoryFormat format) {
  return format == MemoryFormat::contiguous ? is_contiguous(x)
                                            : contiguous_in_order(x.sizes, x.strides, order_of(format));
}

bool is_canonical(const Strided& x) {
  std::int64_t expected = 1;
  for (std::size_t i = x.sizes.size(); i-- > 0;) {
    if (x.strides[i] != expected) return false;
    expected *= std::max<std::int64_t>(x.sizes[i], 1);
  }
  return true;
}

bool has_ties(const Strided& x) {
  for (auto at = x.strides.begin(); at != x.strides.end(); ++at) {
    if (*at == 0 || std::find(at + 1, x.strides.end(), *at) != x.strides.end()) return true;
  }
  return false;
}

bool is_dense(const Strided& x) {
  if (is_contiguous(x)) return true;
  std::vector<std::size_t> order(x.sizes.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::erase_if(order, [&](std::size_t d) { return x.sizes[d] == 1; });
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return x.strides[a] < x.strides[b]; });
  std::int64_t expected = 1;
  for (const std::size_t d : order) {
    if (x.strides[d] != expected) return false;
    expected *= x.sizes[d];
  }
  return true;
}

MemoryFormat suggested_format(const Strided& x) {
  if (strides_like(x, kChannelsLast)) return MemoryFormat::channels_last;
  if (strides_like(x, kChannelsLast3d)) return MemoryFormat::channels_last_3d;
  return MemoryFormat::contiguous;
}

Dims preserved_strides(const Strided& x) {
  if (is_dense(x)) return x.strides;
  const std::array strides = {&x.strides};
  return sorted_strides(x.sizes, strides);
}

Dims elementwise_strides(const Dims& sizes, std::span<const Strided* const> operands) {
  if (sizes.size() < 2) return contiguous_strides(sizes);
  assert(operands.size() <= kMaxOperands);
  std::array<Dims, kMaxOperands> expanded;
  std::array<const Dims*, kMaxOperands> strides{};
  bool all_contiguous = true, all_channels_last = true;
  for (std::size_t i = 0; i < operands.size(); ++i) {
    if (operands[i]->sizes != sizes) expanded[i] = expanded_strides(*operands[i], sizes);
    strides[i] = expanded[i].empty() ? &operands[i]->strides : &expanded[i];
    all_contiguous = all_contiguous && contiguous(sizes, *strides[i]);
    all_channels_last = all_channels_last && contiguous_in_order(sizes, *strides[i], kChannelsLast);
  }
  if (all_contiguous && !all_channels_last) return contiguous_strides(sizes);
  if (all_channels_last && !all_contiguous) return strides_for(sizes, MemoryFormat::channels_last);
  return sorted_strides(sizes, std::span(strides).first(operands.size()));
}

bool broadcast_to(Dims& sizes, std::span<const std::int64_t> other) {
  if (other.size() > sizes.size()) sizes.insert(sizes.begin(), other.size() - sizes.size(), 1);
  const std::size_t shift = sizes.size() - other.size();
  for (std::size_t i = 0; i < other.size(); ++i) {
    std::int64_t& size = sizes[shift + i];
    if (size == other[i] || other[i] == 1) continue;
    if (size != 1) return false;
    size = other[i];
  }
  return true;
}

Dims expanded_strides(const Strided& x, const Dims& sizes) {
  Dims strides(sizes.size(), 0);
  if (x.sizes.empty()) return strides;
  const std::size_t shift = sizes.size() - x.sizes.size();
  for (std::size_t i = sizes.size(); i-- > 0;) {
    const std::int64_t own = i >= shift ? x.sizes[i - shift] : 1;
    const std::int64_t stride = i >= shift ? x.strides[i - shift] : sizes[i + 1] * strides[i + 1];
    strides[i] = own == sizes[i] ? stride : 0;
  }
  return strides;
}

std::optional<Dims> view_strides(const Strided& x, const Dims& sizes) {
  if (x.sizes.empty()) return Dims(sizes.size(), 1);
  if (elements(x.sizes) == 0) return x.sizes == sizes ? x.strides : contiguous_strides(sizes);
  Dims strides(sizes.size());
  std::size_t left = sizes.size();                                  // dimensions of the view still without a stride
  std::int64_t base = x.strides.back(), numel = 1, view_numel = 1;  // of the run of dimensions that merge
  for (std::size_t d = x.sizes.size(); d-- > 0;) {
    numel *= x.sizes[d];
    if (d > 0 && (x.sizes[d - 1] == 1 || x.strides[d - 1] == numel * base)) continue;
    while (left > 0 && (view_numel < numel || sizes[left - 1] == 1)) {
      strides[--left] = view_numel * base;
      view_numel *= sizes[left];
    }
    if (view_numel != numel) return std::nullopt;
    if (d > 0) base = x.strides[d - 1];
    numel = view_numel = 1;
  }
  return left == 0 ? std::optional(std::move(strides)) : std::nullopt;
}

}  // namespace thoplw::shape

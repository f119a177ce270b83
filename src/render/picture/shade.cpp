// The table of shades.
#include "render/picture/shade.h"

#include <algorithm>
#include <array>

namespace thoplw {
namespace {

// One hue, so that it reads in grey too: the Blues of ColorBrewer (https://colorbrewer2.org).
constexpr std::array kShades = {
    Shade{50, "#08519c", "#ffffff"}, Shade{20, "#3182bd", "#ffffff"}, Shade{10, "#6baed6", "#111111"},
    Shade{5, "#9ecae1", "#111111"},  Shade{1, "#deebf7", "#111111"},  Shade{0, "#f7f9fb", "#57606a"},
};

}  // namespace

std::span<const Shade> shades() { return kShades; }

const Shade& shade_of(const Row& row, const Sizing& sizing) {
  const auto amount = static_cast<double>(sizing.of(row).value.value());
  const double percent = sizing.total > 0 ? 100 * amount / static_cast<double>(sizing.total.value()) : 0;
  return *std::ranges::find_if(kShades, [&](const Shade& shade) { return percent >= shade.percent; });
}

}  // namespace thoplw

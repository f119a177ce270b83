// Places the boxes of an icicle.
#include "render/picture/icicle.h"
#include "base/formatted.h"

namespace thoplw {
namespace {

constexpr double kLeastHeight = 3;  ///< pixels that can be seen and pointed at

struct Placing {
  const Sizing& sizing;
  const double scale;  ///< pixels of one unit
  std::vector<IcicleCell> cells{};

  double pixels(Count amount) const { return static_cast<double>(amount.value()) * scale; }

  void place(const ModuleNode& node, const std::string& around, std::size_t level, Count start) {
    const std::string& path = node.kind == NodeKind::module ? node.row.path : around;
    const std::size_t own = cells.size();
    cells.push_back(
        {label(node), path, node.row, node.kind, false, level, pixels(start), pixels(sizing.of(node.row).value)});
    ModuleNode small{.row = {}, .name = "", .kind = NodeKind::others};  // siblings too low to be seen
    std::size_t many = 0;
    for (const ModuleNode& inner : node.inside) {
      const Amount amount = sizing.of(inner.row);
      if (pixels(amount.value) >= kLeastHeight) {
        place(inner, path, level + 1, start);
        start += amount.value;
      } else if (amount.value > 0) {
        small.row.own += inner.row.own;
        small.row.exact = small.row.exact && inner.row.exact;
        ++many;
      }
    }
    if (pixels(sizing.of(small.row).value) >= kLeastHeight / 3) {
      small.name = formatted("({} small)", many);
      place(small, path, level + 1, start);
    }
    cells[own].inside = cells.size() > own + 1;
  }
};

}  // namespace

std::vector<IcicleCell> icicle(const ModuleNode& root, const Sizing& sizing, double height) {
  if (sizing.total == 0) return {};
  Placing placing{sizing, height / static_cast<double>(sizing.total.value())};
  placing.place(root, "", 0, 0);
  return std::move(placing.cells);
}

}  // namespace thoplw

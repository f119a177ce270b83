// The module tree as boxes: modules inside stand to the right of the one around, as high as their share of it.
#pragma once

#include <string>
#include <vector>

#include "render/module_tree.h"

namespace thoplw {

struct IcicleCell {
  std::string label;  ///< "0: BasicBlock"; not escaped
  std::string path;   ///< "layer1.0"; of the root it is empty; of what is no module that of the one around
  Row row;            ///< counts with all that is inside
  NodeKind kind = NodeKind::module;
  bool inside = false;  ///< does it have cells to the right?
  std::size_t level = 0;
  double top = 0, height = 0;  ///< in pixels
};

/// Cells of a tree that is so many pixels high, each before those inside it. Siblings that are too low to be seen
/// become one cell, and nothing is drawn inside that.
std::vector<IcicleCell> icicle(const ModuleNode& root, const Sizing& sizing, double height);

}  // namespace thoplw

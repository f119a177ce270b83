// How dark a module is drawn: by its share of the total.
#pragma once

#include <span>
#include <string_view>

#include "render/module_tree.h"

namespace thoplw {

struct Shade {
  int percent;            ///< from this share on
  std::string_view fill;  ///< "#08519c"
  std::string_view ink;   ///< of text on it
};

/// The darkest first; the last is that of all that is left.
std::span<const Shade> shades();

const Shade& shade_of(const Row& row, const Sizing& sizing);

}  // namespace thoplw

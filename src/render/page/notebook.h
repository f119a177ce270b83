// Reports as HTML for a notebook's output: no scripts, no style sheets, colours that serve light and dark pages.
#pragma once

#include <string>

#include "render/render.h"

namespace thoplw {

/// The tree of modules to fold and unfold, with a bar of each share. Of large models the costliest modules.
std::string notebook_html(const Report& report);

/// The table of `render_comparison`; of large models its first rows.
std::string notebook_html(const Comparison& comparison);

}  // namespace thoplw

// The render function of each format, for the table in renderers.cpp.
#pragma once

#include <string>

#include "render/render.h"

namespace thoplw {

std::string render_csv(const Report& report, const RenderOptions& options);
std::string render_json(const Report& report, const RenderOptions& options);
std::string render_md(const Report& report, const RenderOptions& options);
std::string render_text(const Report& report, const RenderOptions& options);
std::string render_tree(const Report& report, const RenderOptions& options);

}  // namespace thoplw

// Reads the arguments that say how a table is written: kind=, fmt=, depth=, sort=, top=, filter=, columns=, by=, fold=.
#pragma once

#include <nanobind/nanobind.h>

#include "render/render.h"

namespace thoplw {

RenderOptions options_of(nanobind::handle fmt, nanobind::handle depth, nanobind::handle sort = nanobind::none(),
                         nanobind::handle top = nanobind::none(), nanobind::handle filter = nanobind::none(),
                         nanobind::handle columns = nanobind::none(), nanobind::handle by = nanobind::none(),
                         nanobind::handle fold = nanobind::none());

const Renderer& renderer_of(nanobind::handle kind);

}  // namespace thoplw

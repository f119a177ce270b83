// Formulas as people write them, and as tables and records.
#pragma once

#include <string>
#include <vector>

#include "render/render.h"
#include "report/formulas.h"

namespace thoplw {

/// "4 362 076 160·batch·seq + 1/2·seq²", or "max(batch, 8)"; "0" where there are no terms. Of a law that was found.
std::string law_text(const Formulas::Law& law, const std::vector<Variable>& variables);

/// The same in LaTeX: "4\,362\,076\,160 \, \mathit{batch} \, \mathit{seq} + \frac{1}{2} \, \mathit{seq}^{2}".
std::string law_latex(const Formulas::Law& law, const std::vector<Variable>& variables);

/// Of the whole, and then of each module that costs something. Throws Error where the format cannot show it.
std::string render_formulas(const Formulas& formulas, const Renderer& renderer, const Screen& screen = {});

}  // namespace thoplw

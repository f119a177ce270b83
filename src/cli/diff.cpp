// `thoplw diff A B`: what changed from one model, or saved report, to another.
#include "report/diff.h"

#include <algorithm>
#include <utility>

#include "cli/commands.h"
#include "cli/session.h"

namespace thoplw::cli {

void diff_models(Session& session) {
  const Options& options = session.options;
  const std::string &a = options.models.front(), &b = options.models.back();
  const Diff changes = diff(session.open_side(a, b), session.open_side(b, a));
  RenderOptions render = session.render_options(a);
  render.title = a + " -> " + b;
  session.show(render_diff(changes, *options.renderer, render, options.all));
  for (const auto& [model, report] : {std::pair(&a, &changes.before), std::pair(&b, &changes.after)}) {
    for (const std::string& note : report->notes) session.complain(*model + ": " + note);
    if (options.strict && !report->exact) session.code = std::max(session.code, kNotExact);
  }
}

}  // namespace thoplw::cli

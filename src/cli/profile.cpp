// `thoplw MODEL...`: what each layer costs.
#include <algorithm>

#include "cli/commands.h"
#include "cli/session.h"

namespace thoplw::cli {
namespace {

void remark(Session& session, const std::string& model, const Report& report) {
  for (const auto& note : report.notes) session.complain(model + ": " + note);
  if (!session.options.strict || report.exact) return;
  session.code = std::max(session.code, kNotExact);
  for (const auto& [op, path, times] : report.uncounted) {
    session.complain(model + ": not counted: " + op + " in " + shown_path(path));
  }
  session.complain(model + ": the total is only a lower bound");
}

}  // namespace

void profile_models(Session& session) {
  const Options& options = session.options;
  Report report;
  const auto text_of = [&](const std::string& model) {
    report = count(session.open_model(model), *options.convention);
    return options.renderer->render(report, session.render_options(model));
  };
  show_each(session, text_of, [&](const std::string& model) { remark(session, model, report); });
}

}  // namespace thoplw::cli

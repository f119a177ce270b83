// `thoplw MODEL...`: what each layer costs.
#include <algorithm>
#include <utility>
#include <vector>

#include "cli/commands.h"
#include "cli/session.h"
#include "render/picture/timeline.h"

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

void draw_timeline(const Session& session, const Report& report) {
  const std::string& file = session.options.timeline;
  const std::string svg = timeline_svg(report);
  if (file.ends_with(".svg")) return write_file(file, svg);
  if (!file.ends_with(".png")) throw Error(file + ": memory over time is drawn as .svg or .png; name the file so");
  if (!session.terminal.write_png) {
    throw Error(file + ": PNG pictures are drawn in Python: pip install thoplw; or write a .svg file");
  }
  session.terminal.write_png(svg, file);
}

/// Of several models only JSON has the layers.
void refuse_layers(const Options& options) {
  const RenderOptions& render = options.render;
  if (options.renderer->name == "json") return;
  if (render.depth < 0 && render.top == 0 && render.filter.empty() && !render.fold) return;
  throw Error(
      "--depth, --top, --filter, --fold and --no-fold are of layers, but the table of several MODELs has a row for "
      "each model: give one MODEL, or add --kind tree");
}

}  // namespace

void profile_models(Session& session) {
  const Options& options = session.options;
  if (options.models.size() > 1 && !options.timeline.empty()) throw Error("--timeline takes one MODEL");
  const bool together = options.models.size() > 1 && options.renderer->models && options.render.by == By::module;
  if (together) refuse_layers(options);
  if (!together) require_one(session);
  std::vector<NamedReport> models;
  const auto open_report = [&](const std::string& model) { return session.open_report(model); };
  for_each_model(session, open_report, [&](const std::string& model, Report&& report) {
    if (!options.timeline.empty()) draw_timeline(session, report);
    if (!together) session.show(render_report(report, *options.renderer, session.render_options(model)));
    remark(session, model, report);
    if (together) models.push_back({model, std::move(report)});
  });
  if (models.empty()) return;
  session.several = false;  // one text for them all
  session.show(render_models(models, *options.renderer, session.render_options("")));
  session.end();
}

}  // namespace thoplw::cli

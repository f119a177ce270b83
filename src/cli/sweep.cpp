// `thoplw sweep`: hands what it is asked to Python, where candidates are made, and shows what comes back.
#include "cli/commands.h"
#include "cli/session.h"

namespace thoplw::cli {
namespace {

SweepRequest request_of(const Options& options) {
  SweepRequest request{options.models, options.inputs, options.settings, options.sweep};
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) request.others.emplace_back(name, value);
  };
  add("file", options.file);
  add("kind", options.renderer ? std::string(options.renderer->name) : "");
  add("numbers", options.render.numbers == NumberFormat::clever ? "clever" : "");
  add("sort", std::string(options.render.sort));
  add("top", options.render.top == RenderOptions{}.top ? "" : std::to_string(options.render.top));
  add("jobs", options.jobs == 0 ? "" : std::to_string(options.jobs));
  add("convention", options.convention_given ? options.convention_as_given : "");
  add("device", options.device_as_given);
  return request;
}

}  // namespace

void sweep_models(Session& session) {
  if (!session.python.sweep) throw Error("a sweep needs PyTorch: run it as `python -m thoplw sweep`");
  const std::string text = session.python.sweep(request_of(session.options));  // it writes files itself
  if (text.empty()) return;
  session.terminal.out << text << "\n";
  flush(session.terminal.out);
}

}  // namespace thoplw::cli

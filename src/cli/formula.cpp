// `thoplw formula`: what models cost, as polynomials in sizes that vary.
#include "base/formatted.h"
#include "cli/commands.h"
#include "cli/session.h"
#include "cli/varied.h"
#include "count/formulas.h"
#include "render/formulas.h"

namespace thoplw::cli {
namespace {

/// What varies in one model, and what that is called in a file.
struct Varied {
  std::vector<Variable> variables;
  std::vector<std::string> dims;
};

Varied varied_in(Session& session, const std::string& model) {
  const Options& options = session.options;
  Varied all;
  const bool file = is_model_file(model);
  const std::vector<SymbolicSize> sizes = file ? symbolic_sizes(model) : std::vector<SymbolicSize>();
  for (const std::string& vary : options.vary) {
    all.variables.push_back(file ? varied_in_file(vary, sizes) : varied(vary, options.train));
    const std::string& name = all.variables.back().name;
    all.dims.push_back(name_in_file(sizes, name));
    if (all.dims.back() != name) session.complain(formatted("{}: {} is {} of the file", model, name, all.dims.back()));
  }
  return all;
}

/// The options with these values in place of what varies: sizes of inputs, dimensions of a file, settings of a model.
Options at_point(const Options& given, const std::string& model, const Varied& varied, const Point& point) {
  Options options = given;
  for (std::size_t i = 0; i < point.size(); ++i) {
    const std::string& name = varied.variables[i].name;
    if (is_model_file(model)) {
      options.load.dims.emplace_back(varied.dims[i], point[i]);
    } else if (const VariedSize* size = find_varied_size(name)) {
      options.sizes.*(size->size) = point[i];
    } else {
      std::erase_if(options.settings, [&](const auto& setting) { return setting.first == name; });
      options.settings.emplace_back(name, std::to_string(point[i]));
    }
  }
  return options;
}

}  // namespace

void find_laws(Session& session) {
  const Options& options = session.options;
  if (options.vary.empty()) throw Error("say what varies, such as --vary batch, or --vary width=16..64:16");
  show_each(
      session,
      [&](const std::string& model) {
        if (is_saved_report(model)) throw Error(model + ": a saved report is of one size; name the model itself");
        const Varied varied = varied_in(session, model);
        const auto sample = [&](const Point& point) {
          const Options there = at_point(options, model, varied, point);
          const Session one{there, session.open, session.elsewhere, session.terminal, session.out};
          return one.open_report(model);
        };
        return render_formulas(find_formulas(varied.variables, sample), *options.renderer,
                               session.render_options(model).screen);
      },
      [](const std::string&) {});
}

}  // namespace thoplw::cli

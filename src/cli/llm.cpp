// `thoplw llm MODEL`: what a language model needs on given devices.
#include <system_error>

#include "base/path.h"
#include "cli/commands.h"
#include "cli/session.h"
#include "render/llm_figures.h"

namespace thoplw::cli {

void count_language_model(Session& session) {
  const Options& options = session.options;
  const std::string& model = options.models.front();
  std::error_code ignored;
  const bool config = is_saved_report(model) || std::filesystem::is_directory(to_path(model), ignored);
  if (!config && is_model_file(model)) {
    throw Error(model + ": a file has one pass in it, and no cache; name a model of transformers or its config.json");
  }
  if (!session.python.open_llm) throw Error(model + ": language models run in Python: pip install thoplw");
  const std::string dtype(options.dtype ? name(*options.dtype) : "");
  const LlmModel passes =
      session.python.open_llm({model, options.settings, dtype, options.source, options.images, options.image_size});
  LlmPlan plan = options.llm;
  if (options.sizes.batch != 0) plan.batch = options.sizes.batch;
  plan.memory = options.memory;
  const Llm llm = count_llm(passes, plan);
  session.show(render_llm(llm, options.renderer->name));
  if (options.strict && !(llm.prefill.uncounted.empty() && llm.decode.uncounted.empty())) session.code = kNotExact;
}

}  // namespace thoplw::cli

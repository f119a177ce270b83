// `thoplw cache`: what is kept of models that were opened before.
#include <nlohmann/json.hpp>

#include "base/formatted.h"
#include "base/harmless.h"
#include "cli/commands.h"
#include "cli/session.h"

namespace thoplw::cli {
namespace {

std::string json_of(const CacheState& state) {
  const nlohmann::ordered_json json = {
      {"folder", state.folder}, {"entries", state.entries}, {"bytes", state.bytes}, {"limit", state.limit}};
  return json.dump();
}

}  // namespace

void show_cache(Session& session) {
  const Options& options = session.options;
  if (!session.python.cache.look) {
    throw Error(
        "this command keeps nothing, as it reads model files, which takes milliseconds; the command that comes "
        "with the Python package has a cache");
  }
  const CacheState state = options.clear ? session.python.cache.clear() : session.python.cache.look();
  if (options.renderer->name == "json") return session.show(json_of(state));
  if (options.renderer->name != "text") throw Error("the cache can be shown as text or json");
  if (state.folder.empty()) return session.show("no cache: there is no folder for it, or it may hold nothing");
  session.show(formatted("{}{}: {} models, {} bytes{}", options.clear ? "removed from " : "", harmless(state.folder),
                         state.entries, state.bytes, options.clear ? "" : formatted(" of at most {}", state.limit)));
}

}  // namespace thoplw::cli

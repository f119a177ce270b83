// Parameters that are not trained.
#include "variants/copies.h"
#include "variants/patterns.h"
#include "variants/variants.h"

namespace thoplw {
namespace {

/// By value: does one of its names match, or that of a module around it?
std::vector<bool> named(const Trace& trace, std::string_view what, const std::vector<std::string>& globs) {
  Patterns patterns(what, globs);
  std::vector<bool> inside;  // by module
  for (const Module& module : trace.modules) {
    const bool around = module.parent != kNone && inside[static_cast<std::size_t>(module.parent)];
    inside.push_back(patterns.match(module.path.empty() ? "(root)" : module.path) || around);
  }
  std::vector<bool> found(trace.values.size());
  for (const Param& param : trace.params) {
    if (param.buffer) continue;
    const bool matches = patterns.match(path_of(trace, param));
    if (matches || at(inside, param.module)) at(found, param.value) = true;
  }
  patterns.require_all();
  return found;
}

}  // namespace

Trace frozen(Trace trace, const std::vector<std::string>& globs) {
  const std::vector<bool> found = named(trace, "freeze", globs);
  for (Param& param : trace.params) {
    if (at(found, param.value)) param.trainable = false;
  }
  let_go_of_frozen_copies(trace);
  return trace;
}

Trace only_trained(Trace trace, const std::vector<std::string>& globs) {
  const std::vector<bool> found = named(trace, "train-only", globs);
  for (Param& param : trace.params) {
    if (!at(found, param.value)) param.trainable = false;
  }
  let_go_of_frozen_copies(trace);
  return trace;
}

}  // namespace thoplw

// Matches paths, and says what is near where a glob matches nothing.
#include "variants/patterns.h"

#include <algorithm>

#include "base/glob.h"
#include "base/suggest.h"

namespace thoplw {

Patterns::Patterns(std::string_view what, const std::vector<std::string>& globs, Of of)
    : what_(what), globs_(globs), of_(of), used_(globs.size()) {}

bool Patterns::match(std::string_view path) {
  paths_.emplace_back(path);
  bool matches = false;
  for (std::size_t i = 0; i < globs_.size(); ++i) {
    const bool at_end = of_ == Of::end && glob_matches("*." + globs_[i], path);
    if (!at_end && !glob_matches(globs_[i], path)) continue;
    matches = used_[i] = true;
  }
  return matches;
}

void Patterns::require_all() const {
  const auto useless = std::ranges::find(used_, false);
  if (useless == used_.end()) return;
  const std::string& glob = globs_[static_cast<std::size_t>(useless - used_.begin())];
  std::string message = std::string(what_) + " '" + glob + "' matches nothing of this model";
  const std::string anywhere = "*" + glob;
  if (std::ranges::any_of(paths_, [&](const std::string& path) { return glob_matches(anywhere, path); })) {
    throw Error(message + "; it has to match a path as a whole: try '" + anywhere + "'");
  }
  std::string word = glob;
  std::erase(word, '*');
  const std::vector<std::string_view> known(paths_.begin(), paths_.end());
  const std::string_view near = nearest_name(word, known);
  if (!near.empty()) message += "; did you mean '" + std::string(near) + "'?";
  throw Error(message);
}

std::string path_of(const Trace& trace, const Param& param) {
  const std::string& module = at(trace.modules, param.module).path;
  return module.empty() ? param.name : module + "." + param.name;
}

}  // namespace thoplw

// Globs of the user's that name modules or parameters, each of which has to match something.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "trace/trace.h"

namespace thoplw {

class Patterns {
 public:
  enum class Of : std::uint8_t { whole, end };  ///< what a glob has to match: a whole path, or its last parts

  /// `what` they are for, as errors say it: "freeze".
  Patterns(std::string_view what, const std::vector<std::string>& globs, Of of = Of::whole);

  /// Does one match that path? "(root)" is the path of the model itself.
  bool match(std::string_view path);

  /// Throws Error with the nearest of all paths that were asked for, where a glob matched none.
  void require_all() const;

 private:
  std::string_view what_;
  const std::vector<std::string>& globs_;
  Of of_;
  std::vector<bool> used_;
  std::vector<std::string> paths_;
};

/// "encoder.weight"
std::string path_of(const Trace& trace, const Param& param);

}  // namespace thoplw

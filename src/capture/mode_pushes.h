// Watches for dispatch modes that a forward opens.
#pragma once

namespace thoplw::capture {

/// While one lives, a mode of the user's that a forward opens makes the pass want what inference mode leaves out: it is
/// to see operators as it would without, where composite ones are taken apart.
class ModePushes {
 public:
  ModePushes();
  ~ModePushes();
  ModePushes(const ModePushes&) = delete;
  ModePushes& operator=(const ModePushes&) = delete;
};

}  // namespace thoplw::capture

// Watches for dispatch modes that a forward opens.
#pragma once

namespace thoplw::capture {

/// While one lives, the pass notes if the forward opens a dispatch mode of the user's. Such a mode must see operators
/// as it would without the pass, but under inference mode composite operators are not taken apart.
class ModePushes {
 public:
  ModePushes();
  ~ModePushes();
  ModePushes(const ModePushes&) = delete;
  ModePushes& operator=(const ModePushes&) = delete;
};

}  // namespace thoplw::capture

// What a pass without values takes for granted: that checks pass, and that generation goes on to its maximum length.
#pragma once

namespace thoplw::capture {

/// While one lives, torch's checks of a tensor's values succeed where these are not known. Where the weights have no
/// values either, so that no real forward could tell, no end token comes before the maximum length of generate().
class Assumptions {
 public:
  Assumptions();
  ~Assumptions();
  Assumptions(const Assumptions&) = delete;
  Assumptions& operator=(const Assumptions&) = delete;
};

}  // namespace thoplw::capture

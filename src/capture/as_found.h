// A model, its inputs and the process as they were found: kept at the start of a pass, put back at its end.
#pragma once

#include "capture/context.h"
#include "capture/defaults.h"
#include "capture/pass.h"
#include "capture/process.h"
#include "capture/random_state.h"
#include "capture/snapshot.h"
#include "capture/tensor_setters.h"

namespace thoplw::capture {

/// Lives around one pass; its end puts everything back whatever the forward did.
class AsFound {
 public:
  explicit AsFound(Pass& pass);
  ~AsFound();
  AsFound(const AsFound&) = delete;
  AsFound& operator=(const AsFound&) = delete;

 private:
  Pass& pass_;
  OwnContext context_;
  Snapshot snapshot_;
  RandomState random_;
  Defaults defaults_;
  Process process_;
  TensorSetters setters_;
};

}  // namespace thoplw::capture

// Operators that autograd treats as one: what torch.utils.checkpoint runs, and each torch.autograd.Function.
#pragma once

#include <string>
#include <vector>

#include "capture/pass.h"

namespace thoplw::capture {

/// While one lives, and a capture for training is in progress, the functions of torch through which checkpoints, custom
/// functions and hooks of gradients run are ours: under inference mode torch's own find nothing to keep for backward.
class Regions {
 public:
  explicit Regions(const Pass& pass);
  ~Regions();
  Regions(const Regions&) = delete;
  Regions& operator=(const Regions&) = delete;

 private:
  bool installed_;
};

/// A region of the trace from its making to its end.
class OpenRegion {
 public:
  OpenRegion(Pass& pass, Region::Kind kind, std::string name);
  ~OpenRegion();
  OpenRegion(const OpenRegion&) = delete;
  OpenRegion& operator=(const OpenRegion&) = delete;

  Region& region() const { return pass_.trace.regions[index_]; }

 private:
  Pass& pass_;
  std::size_t index_;
};

/// Adds the tensors in a value, in the order met.
void add_tensors(Pass& pass, PyObject* value, std::vector<Id>& values);

/// The pass for which this thread runs a forward in training, or null.
Pass* training_pass();

}  // namespace thoplw::capture

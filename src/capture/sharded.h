// Models whose parameters are spread over processes: fully_shard (FSDP2) and tensor parallelism.
#pragma once

#include <vector>

#include "capture/torch_api.h"

namespace thoplw::capture {

/// Thrown by the walk over a model that is sharded.
struct Sharded {};

/// Whether each process holds a part of the tensor only.
bool is_spread(nb::handle tensor);

/// Whether the module has hooks that speak to other processes.
bool has_gathering_hooks(const TorchApi& api, nb::handle module);

/// While it lives, meta tensors of the whole size stand in for parameters that are spread over processes, and the hooks
/// that would gather them do not run: nothing is sent, and the state that those keep is not touched.
class Whole {
 public:
  explicit Whole(nb::handle model);
  ~Whole();
  Whole(const Whole&) = delete;
  Whole& operator=(const Whole&) = delete;

 private:
  void replace(const nb::object& attributes, const char* name, nb::object by);
  void restore();

  struct Entry {
    nb::object attributes;
    const char* name;
    nb::object before;
  };
  std::vector<Entry> entries_;
};

}  // namespace thoplw::capture

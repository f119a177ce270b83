// What the same model would be if it were trained in another way: a Trace from a Trace. Where several are asked for,
// its precision comes first (variants/precision.h, or a capture in it), then adapters, what is frozen, and checkpoints.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "trace/trace.h"

namespace thoplw {

/// Parameters are named by globs of their paths, or of the modules that they are in: "encoder", "encoder.*", "*.bias".
/// Names that share a tensor are frozen together. Throws Error where a glob matches nothing.
Trace frozen(Trace trace, const std::vector<std::string>& globs);

/// All but those that the globs name are frozen.
Trace only_trained(Trace trace, const std::vector<std::string>& globs);

/// The outermost calls of modules that the globs name run as by torch.utils.checkpoint, which keeps what goes into them
/// and runs them again in backward. Throws Error where a glob matches no module that ran, or where what is asked for is
/// in a region that autograd sees as one already.
Trace checkpointed(Trace trace, const std::vector<std::string>& globs, Region::Kind kind = Region::Kind::checkpoint);

struct Lora {
  int rank = 8;
  std::vector<std::string> targets;  ///< globs of the last parts of modules' paths: "q_proj", "attn.*_proj"
  double dropout = 0;                ///< of what goes into the adapter
  std::optional<DType> autocast{};   ///< the type that the trace was cast to, if it is one under autocast

  bool operator==(const Lora&) const = default;
};

/// The model with adapters of low rank, as peft puts them into it: all else is frozen. Throws Error where a target
/// matches nothing, or what is no linear layer.
Trace with_lora(Trace trace, const Lora& lora);

}  // namespace thoplw

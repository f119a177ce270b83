// torchinfo: every module without inner ones by its parameters' names and the size of its first result.
#include <algorithm>
#include <string>

#include "conventions/tools/tools.h"

namespace thoplw::tools {
namespace {

/// The product of the sizes in [begin, end), as far as there are so many.
Count sizes(const Tensor& tensor, std::size_t begin, std::size_t end) {
  Count product = 1;
  for (std::size_t i = begin; i < std::min(end, tensor.shape.size()); ++i) product *= tensor.shape[i];
  return product;
}

/// Weights and biases once per sample, those of convolutions once per place, those of longer names, as recurrent layers
/// have them, once per sample and step.
Work leaf(const CallView& call) {
  const Tensor& out = call.out();
  const std::string& cls = call.trace.class_of(call.call.module).name;
  const bool convolution = cls.find("Conv", cls.rfind('.') + 1) != cls.npos;
  Count cost = 0;
  for (const Param* param : call.params) {
    if (param->buffer) continue;
    const Count elements = numel(at(call.trace.values, param->value));
    if (param->name == "weight" || param->name == "bias") {
      cost += elements * sizes(out, 0, 1) * (convolution ? sizes(out, 2, out.shape.size()) : Count(1));
    } else if (param->name.find("weight") != param->name.npos || param->name.find("bias") != param->name.npos) {
      cost += elements * sizes(out, 0, 2);
    }
  }
  return only(Kind::contraction, cost);
}

}  // namespace

constinit const Convention kTorchinfo = {
    .name = "torchinfo",
    .doc =
        "what torchinfo prints as total mult-adds: parameters of modules without inner ones by the size of what "
        "comes out, each time that they run; all parameters, tied ones in each module that runs",
    .leaf_rule = leaf,
    .params = {.leftovers = true},
    .tool = {.version = "torchinfo 1.8.0",
             .source = "https://github.com/TylerYep/torchinfo",
             .gaps = "linear layers, norms and embeddings once per sample, however many positions it has; nothing for "
                     "functional calls, torch.nn.MultiheadAttention and modules with inner ones"},
};

}  // namespace thoplw::tools

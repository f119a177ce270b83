// torchstat: what it hooks onto leaf modules. Of a module that runs again it keeps what the last call says.
#include "conventions/tools/tools.h"
#include "operators/work/formulas.h"

namespace thoplw::tools {
namespace {

/// Kernel x channels in x channels out / groups per position, and a bias.
Work convolution(const CallView& call) {
  const Tensor* weight = call.param_or_input("weight", 1);
  if (!weight) return {};
  const Count each = divided(numel(*weight), size_at(*weight, 0));
  Work cost = only(Kind::contraction, numel(call.out()) * each);
  if (call.param_or_input("bias", 2)) cost[Kind::bias] = numel(call.out());
  return cost;
}

Work norm(const CallView& call) { return only(Kind::norm, numel(call.in()) * (call.param("weight") ? 2 : 1)); }
Work pool(const CallView& call) { return only(Kind::pool, numel(call.in())); }
Work activation(const CallView& call) { return only(Kind::activation, numel(call.in())); }

Work linear(const CallView& call) {
  return only(Kind::contraction, numel(call.in()) * work::size_from_end(call.out(), 1));
}

/// Positions, not elements: it takes the first sample's channels for the batch.
Work upsample(const CallView& call) {
  Count positions = call.in().shape.at(0);
  for (std::size_t i = 2; i < call.out().shape.size(); ++i) positions *= call.out().shape[i];
  return only(Kind::resize, positions);
}

constexpr ClassRule kClasses[] = {
    {"torch.nn.AvgPool2d", pool},   {"torch.nn.BatchNorm2d", norm},     {"torch.nn.Conv2d", convolution},
    {"torch.nn.ELU", activation},   {"torch.nn.LeakyReLU", activation}, {"torch.nn.Linear", linear},
    {"torch.nn.MaxPool2d", pool},   {"torch.nn.PReLU", activation},     {"torch.nn.ReLU", activation},
    {"torch.nn.ReLU6", activation}, {"torch.nn.Upsample", upsample},
};

constexpr const ParamTest* kParams[] = {&param_tests::kOnlyLeaves};

}  // namespace

constinit const Convention kTorchstat = {
    .name = "torchstat",
    .doc =
        "what torchstat prints as Flops: of modules without inner ones and of a few classes, multiply-adds of "
        "products, and elements of biases, norms, pooling and activations; parameters of modules without inner ones "
        "that ran",
    .class_rules = kClasses,
    .last_call = true,
    .params = {.only = kParams},
    .tool = {.version = "torchstat 0.0.7",
             .source = "https://github.com/Swall0w/torchstat",
             .gaps = "the tool takes one image in a batch of 1, and modules without inner ones that return one tensor; "
                     "nothing for transposed convolutions, adaptive pooling, other activations and functional calls; a "
                     "module that runs again counts once; no parameters outside of modules without inner ones"},
};

}  // namespace thoplw::tools

"""ONNX before and after optimisation: what ONNX Runtime folds away, operator by operator."""

import onnxruntime
import torch
from torch import nn

import thoplw

model = nn.Sequential(nn.Conv2d(3, 16, 3), nn.BatchNorm2d(16), nn.ReLU(), nn.Conv2d(16, 8, 3)).eval()
torch.onnx.export(model, (torch.rand(1, 3, 32, 32),), "plain.onnx", dynamo=True, optimize=False, verbose=False)
options = onnxruntime.SessionOptions()
options.optimized_model_filepath = "optimised.onnx"
options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
onnxruntime.InferenceSession("plain.onnx", options)
for name in ("plain.onnx", "optimised.onnx"):
    info = thoplw.load(name).under("exact")
    print(name, info.macs, info.params, [(cost.name, cost.calls) for cost in info.by_operator()])

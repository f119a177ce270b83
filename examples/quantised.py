"""Quantisation: the same multiply-adds, a quarter of the bytes."""

import torch
from torch import nn

import thoplw

model = nn.Sequential(nn.Linear(256, 512), nn.ReLU(), nn.Linear(512, 10)).eval()
small = torch.ao.quantization.quantize_dynamic(model, {nn.Linear}, dtype=torch.qint8)
for name, version in {"fp32": model, "int8": small}.items():
    macs, params, layers = thoplw.profile(version, torch.rand(1, 256), convention="exact", verbose=False)
    print(name, macs, params, layers.bytes)

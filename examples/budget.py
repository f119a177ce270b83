"""A budget: what a change does to a model, and whether it may."""

import sys

import torchvision

import thoplw

models = torchvision.models.resnet18(), torchvision.models.resnet34()
before, after = (thoplw.profile(model, (1, 3, 224, 224))[2] for model in models)
print(thoplw.diff(before, after).summary(depth=1))
if after.macs > 2_000_000_000:
    sys.exit(f"{after.macs} multiply-adds are over the budget of 2 G")

"""A sweep: of all widths and depths of a network, the cheapest that has enough parameters."""

from torch import nn

import thoplw


def build(width: int, depth: int) -> nn.Module:
    return nn.Sequential(*(nn.Conv2d(width if i else 3, width, 3, padding=1, bias=False) for i in range(depth)))


widths, depths = [8, 16, 32, 64], [1, 2, 4, 8]
sweep = thoplw.sweep(build, {"width": widths, "depth": depths}, inputs=(1, 3, 32, 32), convention="exact", jobs=1)
best = sweep.best("macs", over={"params": 10_000})
print(len(sweep), best["width"], best["depth"], best["params"], best["macs"])

"""Candidates of sweeps: an ordinary one, and some that are hard on the process that counts them."""

from __future__ import annotations

import itertools
import os
import time

import torch
from torch import nn


class Net(nn.Sequential):
    """Of an input [1, 3]: 3 w + (depth - 1) w w weights and depth w biases."""

    def __init__(self, width: int = 4, depth: int = 1) -> None:
        sizes = [3] + [width] * depth
        super().__init__(*(nn.Linear(a, b) for a, b in itertools.pairwise(sizes)))


class Hard(Net):
    """Dies, hangs, raises or grows, as its width says."""

    def __init__(self, width: int, begun: str = "") -> None:
        super().__init__(4)
        if begun:
            with open(begun, "a") as file:
                file.write(f"{width}\n")
        if width == 13:
            os._exit(9)
        if width == 14:
            time.sleep(600)
        if width == 15:
            raise RuntimeError("no way")
        if width == 16:
            self.kept = b"x" * (2 << 30)
            time.sleep(600)


class Slow(Net):
    def __init__(self, width: int, seconds: float = 0.02) -> None:
        super().__init__(width)
        time.sleep(seconds)


class Flaky(Net):
    """A wide one fails until the file is there."""

    def __init__(self, width: int, file: str) -> None:
        super().__init__(width)
        if width > 2 and not os.path.exists(file):
            raise RuntimeError("not yet")


class Unknown(nn.Module):
    """It has an operator that no rule counts."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        twice: torch.Tensor = torch.ops.thoplw_sweep.twice(x) if self.width > 2 else x
        return twice


_library = torch.library.Library("thoplw_sweep", "DEF")
_library.define("twice(Tensor x) -> Tensor")
_library.impl("twice", lambda x: 2 * x, "CPU")
_library.impl("twice", torch.empty_like, "Meta")

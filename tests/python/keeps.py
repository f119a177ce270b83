"""A model that keeps something, and a use of it: what a forward might do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

import thoplw

LINEAR = 2 * (32 * 32 + 32)  # Linear(32, 32) on two rows, with its biases


class Keeps(nn.Module):
    """A layer, and what `make` gives; `use` does to it what a forward might do."""

    def __init__(self, make: Callable[[], Any], use: Callable[[Any, torch.Tensor], Any]) -> None:
        super().__init__()
        self.layer = nn.Linear(32, 32)
        self.kept = make()
        self.use = use

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.layer(x)
        self.use(self.kept, y)
        return y


def profile(model: nn.Module, tensor: Any = (2, 32), **options: Any) -> Any:
    return thoplw.profile(model, tensor, verbose=False, **options)


class Slotted:
    __slots__ = ("cache", "unset")

    def __init__(self) -> None:
        self.cache: Any = [1]

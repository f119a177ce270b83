"""A model that keeps something, and a use of it: what a forward might do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

import thoplw
from thoplw import _native

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


def traces_where_it_stays(
    make: Callable[[], Any], use: Callable[[Any, torch.Tensor], Any], look: Callable[[Any], Any], real: bool
) -> list[_native.Trace]:
    """Of two passes after which `look` sees what it saw before them."""
    model = Keeps(make, use)
    x, kept = torch.ones(2, 32), model.kept
    before = look(kept)
    traces = []
    for _ in range(2):
        traces.append(_native.capture(model, (x,), {}, {}, real=real))
        assert _native.count(traces[-1], "thoplw").macs == LINEAR
        assert model.kept is kept
        assert look(kept) == before
    use(kept, x)  # and the use was one that shows
    assert look(kept) != before
    return traces


class Slotted:
    __slots__ = ("cache", "unset")

    def __init__(self) -> None:
        self.cache: Any = [1]

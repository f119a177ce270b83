"""Native shape rules against torch on meta where its operator database has no samples: recurrent nets, odd strides.

A dimension of size 1 may have any stride: nothing is ever stepped over. Such strides come out of permutations, and
torch's meta kernels take them for an order of dimensions.
"""

from __future__ import annotations

import collections
import itertools
import random
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from thoplw import _native

pytestmark = pytest.mark.skipif(
    not torch.__version__.startswith("2.13."), reason="the strides of meta kernels differ from one torch to another"
)


class Compare(TorchDispatchMode):
    """Puts each call to the native rule, then to torch; counts the rules that answered."""

    def __init__(self) -> None:
        super().__init__()
        self.answered: collections.Counter[str] = collections.Counter()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        ours = None if func._schema.is_mutable else _native.shape_rule(func, args, kwargs or {})
        result = func(*args, **(kwargs or {}))
        if ours is not None and ours[0][0] == "new":
            theirs = list(result) if isinstance(result, (tuple, list)) else [result]
            assert ours == [("new", tuple(x.shape), x.stride(), x.dtype) for x in theirs], f"{func} on {args}"
            self.answered[func._schema.name] += 1
        return result


RECURRENT = [
    (cls, layers, bidirectional, batch_first, projected)
    for cls, layers, bidirectional, batch_first, projected in itertools.product(
        (torch.nn.LSTM, torch.nn.GRU, torch.nn.RNN), (1, 2), (False, True), (False, True), (0, 3)
    )
    if cls is torch.nn.LSTM or not projected
]


@pytest.mark.parametrize(("cls", "layers", "bidirectional", "batch_first", "projected"), RECURRENT)
def test_recurrent(cls, layers, bidirectional, batch_first, projected):
    model = cls(
        5, 4, layers, bidirectional=bidirectional, batch_first=batch_first, device="meta",
        **({"proj_size": projected} if projected else {}),
    )  # fmt: skip
    name = {torch.nn.LSTM: "aten::lstm", torch.nn.GRU: "aten::gru", torch.nn.RNN: "aten::rnn_tanh"}[cls]
    for x in (torch.empty(7, 2, 5, device="meta"), torch.empty(7, 5, device="meta")):
        with torch.inference_mode(), Compare() as compare:
            model(x)
        assert compare.answered[name] == 1


def layouts(seed: int, dims: range) -> list[torch.Tensor]:
    """Small tensors with many dimensions of size 1, permuted, half of them with odd strides there."""
    rng = random.Random(seed)
    made = []
    for i in range(150):
        sizes = [rng.choice((1, 1, 2, 3, 4)) for _ in range(rng.choice(dims))]
        order = list(range(len(sizes)))
        if i % 3 == 0:
            rng.shuffle(order)
        strides, stride = [0] * len(sizes), 1
        for d in reversed(order):
            strides[d] = stride if sizes[d] > 1 or i % 2 else rng.choice((1, 2, 7, 24, 100))
            stride *= sizes[d]
        dtype = rng.choice((torch.float32, torch.float32, torch.bfloat16))
        made.append(torch.empty_strided(sizes, strides, dtype=dtype, device="meta"))
    return made


def channels(x: torch.Tensor) -> torch.Tensor:
    return torch.empty(x.shape[1], dtype=x.dtype, device="meta")


def last(x: torch.Tensor) -> torch.Tensor:
    return torch.empty(x.shape[-1], dtype=x.dtype, device="meta")


CALLS = {
    "layer_norm": lambda x: torch.layer_norm(x, x.shape[-1:]),
    "layer_norm of 2": lambda x: torch.layer_norm(x, x.shape[-2:]),
    "layer_norm with weight": lambda x: torch.layer_norm(x, x.shape[-1:], last(x), last(x)),
    "layer_norm without bias": lambda x: torch.layer_norm(x, x.shape[-1:], last(x)),
    "batch_norm": lambda x: torch.batch_norm(x, *[channels(x)] * 4, False, 0.1, 1e-5, True),
    "batch_norm without weight": lambda x: torch.batch_norm(
        x, None, None, channels(x), channels(x), False, 0.1, 1e-5, True
    ),
    "batch_norm in training": lambda x: torch.batch_norm(
        x, channels(x), channels(x), None, None, True, 0.1, 1e-5, True
    ),
    "group_norm": lambda x: torch.group_norm(x, 1, channels(x), channels(x)),
    "softmax": lambda x: torch.softmax(x, 1),
    "stack first": lambda x: torch.stack([x, x], 0),
    "stack": lambda x: torch.stack([x, x], 1),
    "stack last": lambda x: torch.stack([x, x], -1),
    "grid_sampler": lambda x: torch.grid_sampler(
        x, torch.empty(x.shape[0], 3, 5, 2, dtype=x.dtype, device="meta"), 0, 0, False
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_layouts(name):
    """Where a rule answers, it is right (Compare looks); it must answer for most layouts."""
    compare, asked = Compare(), 0
    for x in layouts(7, range(4, 5) if name == "grid_sampler" else range(2, 6)):
        asked += 1
        with torch.inference_mode(), compare:
            CALLS[name](x)
    assert compare.answered[f"aten::{name.split()[0]}"] > asked // 3

"""Candidates are built in a mode of our own: it must make what torch.device("meta") makes."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from thoplw import _native
from thoplw._models import import_torchvision


def described(tensor: torch.Tensor) -> tuple[Any, ...]:
    return tensor.device.type, tensor.dtype, tensor.shape, tensor.stride(), tensor.requires_grad, type(tensor)


def made(make: Callable[[], Any], place: contextlib.AbstractContextManager[Any]) -> Any:
    """What came of it: the tensor or an error."""
    with place:
        try:
            value = make()
        except Exception as error:
            return type(error), str(error)
    if isinstance(value, nn.Module):
        return {name: described(tensor) for name, tensor in value.state_dict(keep_vars=True).items()}
    return described(value) if isinstance(value, torch.Tensor) else value


def within(place: str) -> torch.Tensor:
    with torch.device(place):
        return torch.zeros(2)


WEIGHT = nn.Parameter(torch.empty(2, device="meta"))
BUFFER = torch.empty(2, device="meta")
REAL = torch.ones(2)


@pytest.mark.parametrize(
    "make",
    {
        "empty": lambda: torch.empty(2, 3),
        "zeros": lambda: torch.zeros(2, 3),
        "ones of a size": lambda: torch.ones(size=(2, 3), dtype=torch.int8),
        "zeros that require a gradient": lambda: torch.zeros((2, 3), requires_grad=True),
        "zeros into a tensor": lambda: torch.zeros(2, out=torch.empty(2)),
        "zeros into a real tensor": lambda: torch.zeros(2, out=REAL),
        "zeros elsewhere": lambda: torch.zeros(2, device="cpu"),
        "zeros by None": lambda: torch.zeros(2, device=None),
        "zeros of nonsense": lambda: torch.zeros("two"),
        "zeros with a word too many": lambda: torch.zeros(2, size=3),
        "ones by names": lambda: torch.ones(2, 3, names=("N", "C")).names,
        "full": lambda: torch.full((2, 3), 1),
        "tensor": lambda: torch.tensor([1, 2]),
        "like a real one": lambda: torch.zeros_like(REAL),
        "arange": lambda: torch.arange(4),
        "zero_ of a weight": lambda: WEIGHT.zero_(),
        "fill_ of a weight": lambda: WEIGHT.fill_(1),
        "fill_ by a tensor": lambda: BUFFER.fill_(torch.ones(3, device="meta")),
        "fill_ by nothing": lambda: BUFFER.fill_(),
        "fill_ by a word": lambda: BUFFER.fill_("one"),
        "zero_ of a buffer": lambda: BUFFER.zero_() is BUFFER,
        "fill_ of a buffer": lambda: BUFFER.fill_(0.5) is BUFFER,
        "zero_ of a real tensor": lambda: torch.ones(2, device="cpu").zero_().tolist(),
        "zero_ of no tensor": lambda: torch.Tensor.zero_(2),
        "zeros within another": lambda: within("cpu"),
        "the default": lambda: getattr(torch, "get_default_device", str)(),
        "a batch norm": lambda: nn.BatchNorm2d(3),
        "swin_t": lambda: import_torchvision().models.swin_t(),
        "mobilenet_v3_small": lambda: import_torchvision().models.mobilenet_v3_small(),
    }.items(),
    ids=lambda row: row[0],
)
def test_it_makes_what_the_meta_device_of_torch_makes(make: tuple[str, Callable[[], Any]]) -> None:
    assert made(make[1], _native.on_meta_device()) == made(make[1], torch.device("meta"))


def test_it_is_over_at_its_end() -> None:
    with pytest.raises(ZeroDivisionError), _native.on_meta_device():
        1 / 0  # noqa: B018
    with torch.device("cpu"), _native.on_meta_device():
        assert torch.zeros(1).is_meta
    assert torch.zeros(1).device.type == "cpu"

"""Classes that have a __call__ or _call_impl of their own: its work is the module's, and nothing is passed by."""

from __future__ import annotations

import functools
from typing import Any
from unittest import mock

import pytest
import torch
from torch import nn

import thoplw

looks_up_call_impl = pytest.mark.skipif(
    nn.Module.__call__ is nn.Module._call_impl, reason="from torch 2.1 on __call__ looks _call_impl up"
)


class Wrapped(nn.Module):
    """The head is used by __call__ alone."""

    def __init__(self) -> None:
        super().__init__()
        self.enc, self.head = nn.Linear(8, 8), nn.Linear(8, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.enc(x)

    def __call__(self, x: torch.Tensor) -> Any:
        return self.head(super().__call__(x))


class Derived(Wrapped):
    pass


class Again(Wrapped):
    def __call__(self, x: torch.Tensor) -> Any:
        return super().__call__(x) + super().__call__(x)


class PastTorch(Wrapped):
    """As gpytorch's modules do it."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.head(self.forward(*args, **kwargs))


class Mixin:
    def __call__(self, *args: Any) -> Any:
        return super().__call__(*args).relu()  # type: ignore[misc]


class Mixed(Mixin, Wrapped):
    pass


class Decorated(Wrapped):
    @torch.no_grad()
    def __call__(self, x: torch.Tensor) -> Any:
        return super().__call__(x)


class Twice(nn.Linear):
    def __call__(self, x: torch.Tensor) -> Any:
        return super().__call__(super().__call__(x))


class Inside(nn.Linear):
    def _call_impl(self, x: torch.Tensor) -> Any:
        return super()._call_impl(super()._call_impl(x))


class Recursive(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(8, 8)

    def __call__(self, x: torch.Tensor, left: int = 2) -> Any:
        return super().__call__(x, left)

    def forward(self, x: torch.Tensor, left: int) -> Any:
        return self(self.layer(x), left - 1) if left else x


class NoFunction(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(8, 8)

    def apply_times(self, times: int, x: torch.Tensor) -> Any:
        for _ in range(times):
            x = self.layer(x)
        return x

    forward = functools.partialmethod(apply_times, 1)
    __call__ = functools.partialmethod(apply_times, 2)  # type: ignore[assignment]


ENC, HEAD = 8 * 8, 8 * 2
MODELS = [
    (Wrapped(), ENC + HEAD),
    (Derived(), ENC + HEAD),
    (Again(), 2 * (ENC + HEAD)),
    (PastTorch(), ENC + HEAD),
    (Mixed(), ENC + HEAD),
    (Decorated(), ENC + HEAD),
    (Twice(8, 8), 2 * ENC),
    pytest.param(Inside(8, 8), 2 * ENC, marks=looks_up_call_impl),
    (Recursive(), 2 * ENC),
    (NoFunction(), 2 * ENC),
]


def products(model: nn.Module) -> int:
    macs, _, info = thoplw.profile(model, (1, 8), convention="exact", verbose=False)
    assert (info.exact, info.not_run) == (True, [])
    return macs


@pytest.mark.parametrize(("model", "expected"), MODELS, ids=lambda value: type(value).__name__)
def test_root_and_child(model: nn.Module, expected: int) -> None:
    assert products(model) == expected
    assert products(nn.Sequential(nn.Linear(8, 8), model)) == ENC + expected
    assert model(torch.ones(1, 8)).shape[0] == 1


def test_a_row_has_the_work_of_its_own_call() -> None:
    model = nn.Sequential(Twice(8, 8), Wrapped())
    _, _, info = thoplw.profile(model, (1, 8), convention="exact", verbose=False)
    rows = [(row.name, row.calls, row.macs) for row in info]
    assert rows == [("0", 1, 2 * ENC), ("1.enc", 1, ENC), ("1.head", 1, HEAD)]


@pytest.mark.parametrize(
    ("owner", "name"),
    [(nn.Module, "__call__"), pytest.param(nn.Module, "_call_impl", marks=looks_up_call_impl), (nn.Linear, "__call__")],
)
def test_patched_classes(owner: type, name: str) -> None:
    original = getattr(owner, name)

    @functools.wraps(original)
    def twice(self: nn.Module, *args: Any) -> Any:
        original(self, *args)
        return original(self, *args)

    with mock.patch.object(owner, name, twice):
        assert products(nn.Linear(8, 8)) == 2 * ENC
    assert products(nn.Linear(8, 8)) == ENC


@looks_up_call_impl
def test_patched_instance() -> None:
    layer = nn.Linear(8, 8)
    layer._call_impl = lambda x: layer.forward(layer.forward(x))  # type: ignore[method-assign]
    assert products(nn.Sequential(layer)) == 2 * ENC


def test_the_call_of_fx_words_errors_only() -> None:
    assert products(torch.fx.symbolic_trace(nn.Sequential(nn.Linear(8, 8)))) == ENC

"""What a forward leaves where it cannot be put back is named, with who holds it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

import thoplw
from torch_version import VERSION

LAST: Any = None
TABLE: dict[str, Any] = {}


@functools.lru_cache
def bounded(n: int) -> torch.Tensor:
    return torch.ones(n, device="meta")


@functools.cache
def unbounded(n: int) -> torch.Tensor:
    return torch.ones(n, device="meta")


class Registry:
    def __init__(self) -> None:
        self.seen: list[Any] = []


REGISTRY = Registry()


def default(y: Any, seen: list[Any] = []) -> None:  # noqa: B006
    seen.append(y)


def make_closure() -> Callable[[Any], None]:
    seen: list[Any] = []
    return lambda y: seen.append([y])


CLOSURE = make_closure()


def set_global(y: Any) -> None:
    global LAST
    LAST = y


def empty() -> None:
    set_global(None)
    TABLE.clear()
    REGISTRY.seen.clear()
    bounded.cache_clear()
    unbounded.cache_clear()
    default.__defaults__[0].clear()  # type: ignore[index]


class Uses(nn.Module):
    def __init__(self, use: Callable[[Any], Any]) -> None:
        super().__init__()
        self.layer = nn.Linear(32, 32)
        self.use = use

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.layer(x)
        self.use(y)
        return y


def notes(model: nn.Module) -> list[str]:
    try:
        return thoplw.profile(model, (2, 32), verbose=False)[2].notes
    finally:
        empty()


HOLDERS: list[tuple[Callable[[Any], Any], str]] = [
    (set_global, "LAST still holds a tensor (2x32 f32)"),
    (lambda y: TABLE.setdefault("a", []).append((y,)), "TABLE still holds a tensor (2x32 f32)"),
    (lambda y: TABLE.update(a=y + 1, b=y * 2), "TABLE still holds 2 tensors (2x32 f32 the first)"),
    (lambda y: bounded(3), "the cache of bounded still holds a tensor (3 f32)"),
    (lambda y: unbounded(3), "the cache of unbounded still holds a tensor (3 f32)"),
    (lambda y: REGISTRY.seen.append(y), "an object of Registry still holds a tensor (2x32 f32)"),
    (lambda y: default(y), "the function default still holds a tensor (2x32 f32)"),
    (lambda y: CLOSURE(y), "the function make_closure.<locals>.<lambda> still holds a tensor (2x32 f32)"),
]


@pytest.mark.parametrize(("use", "holder"), HOLDERS)
def test_who_holds_tensors_of_the_forward(use, holder):
    found = notes(Uses(use))
    assert [note.replace(f"{__name__}.", "").partition(" of this forward, which ha")[0] for note in found] == [holder]
    assert "no values: empty it before the model runs again" in found[0]


def test_it_is_said_of_a_forward_that_another_followed():
    def use(y: torch.Tensor) -> None:
        TABLE.setdefault("a", y)
        y.sum().item()

    looked, *_, held = notes(Uses(use))
    assert "one real forward was run" in looked
    assert held.replace(f"{__name__}.", "").startswith("TABLE still holds a tensor (2x32 f32)")


def in_a_circle(y: torch.Tensor) -> None:
    a, b = Registry(), Registry()
    a.seen, b.seen = [b, y], [a]


def in_an_error(y: torch.Tensor) -> None:
    try:
        raise ValueError("no more")
    except ValueError as error:
        kept = error
    del kept


@pytest.mark.parametrize("use", [in_a_circle, in_an_error, lambda y: None, lambda y: bounded.__wrapped__(3)])
def test_what_goes_away_is_not_held(use):
    assert notes(Uses(use)) == []


def test_what_a_module_keeps_is_not_left_behind():
    model = Uses(lambda y: model.kept.append(y))  # type: ignore[union-attr]
    model.kept = []  # type: ignore[assignment]
    assert notes(model) == []
    assert model.kept == []


def test_values_made_for_real_are_of_use():
    table = functools.lru_cache(lambda n: torch.arange(n).float().sin())
    model = Uses(lambda y: y + table(32))
    assert notes(model) == []
    assert torch.equal(table(32), torch.arange(32).float().sin())


def functional(f: Callable[[nn.Module, torch.Tensor], Any]) -> nn.Module:
    class Functional(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(32, 32)

        def forward(self, x: torch.Tensor) -> Any:
            return f(self.layer, x)

    return Functional()


@pytest.mark.parametrize(
    "f",
    [
        lambda layer, x: torch.func.grad(lambda x: layer(x).sum())(x),
        lambda layer, x: torch.func.vjp(layer, x)[1](x),
        lambda layer, x: torch.func.jvp(layer, (x,), (x,))[1],
        lambda layer, x: torch.func.jacrev(layer)(x[0]),
        pytest.param(
            lambda layer, x: torch.func.hessian(lambda x: layer(x).sin().sum())(x[0]),
            marks=pytest.mark.skipif(VERSION < (2, 5), reason="torch 2.4 has no rule for it"),
        ),
    ],
)
def test_transforms_of_functions_hold_nothing(f):
    assert notes(functional(f)) == []

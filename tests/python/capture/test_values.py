"""Forwards that seem to want values, and are counted without any."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from torch import nn
from torch.distributions import Distribution

import thoplw
from torch_version import VERSION


class Model(nn.Module):
    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self.layer = nn.Linear(8, 4)
        self.function = function

    def forward(self, x: torch.Tensor) -> Any:
        return self.function(self.layer(x))


def notes(function: Callable[..., Any], x: torch.Tensor | None = None) -> list[str]:
    x = torch.ones(2, 8) if x is None else x
    macs, _, info = thoplw.profile(Model(function).to(x.dtype), x, convention="exact", verbose=False)
    assert macs == 2 * 8 * 4
    return info.notes


@pytest.mark.parametrize(
    "function",
    [
        lambda y: torch.distributions.Normal(y, y.exp()).rsample(),
        lambda y: torch.distributions.Normal(y, 1.0).log_prob(y),
        lambda y: torch.distributions.Categorical(logits=y).entropy(),
        lambda y: torch.distributions.kl_divergence(
            torch.distributions.Normal(y, 1.0), torch.distributions.Normal(0.0, 1.0)
        ),
        lambda y: torch.distributions.Independent(torch.distributions.Laplace(y, y.exp()), 1).rsample(),
    ],
)
@pytest.mark.parametrize("validate", [True, False])
def test_distributions_validate_nothing_meanwhile(function, validate):
    before = Distribution._validate_args
    Distribution.set_default_validate_args(validate)
    try:
        assert notes(function) == []
        assert Distribution._validate_args is validate
        with pytest.raises(thoplw.Error, match="of the user"):
            thoplw.profile(Model(raises), torch.ones(2, 8))
        assert Distribution._validate_args is validate
    finally:
        Distribution.set_default_validate_args(before)


def raises(y: torch.Tensor) -> None:
    raise ValueError("of the user")


def test_distributions_that_ask_for_validation_get_it():
    assert "real forward" in notes(lambda y: torch.distributions.Normal(y, 1.0, validate_args=True).rsample())[0]


def is_plain(y: torch.Tensor) -> torch.Tensor:
    assert y.type("torch.DoubleTensor").dtype == torch.float64
    assert y.type(torch.float16).dtype == torch.float16
    assert torch.arange(3).type(y.type()).dtype == torch.float32
    assert torch.arange(3).type() == "torch.LongTensor"
    return y


@pytest.mark.parametrize(
    "function",
    [lambda y: y.type(y.type()), lambda y: y.double().type(y.type()) + y, lambda y: y.int().type(y.type()), is_plain],
)
def test_the_name_of_a_type(function):
    assert notes(function) == []
    with pytest.raises(ValueError, match="invalid type"):  # outside of a pass all is as it was
        torch.ones(2).type("torch.meta.FloatTensor")


FLEX = """
import torch, thoplw
from torch.nn.attention.flex_attention import flex_attention
class Attention(torch.nn.Module):
    def forward(self, x):
        return flex_attention(x, x, x)
print(thoplw.profile(Attention(), torch.randn(1, 2, 128, 16), convention="exact", verbose=False)[0])
"""


@pytest.mark.skipif(VERSION < (2, 5), reason="from torch 2.5 on")
def test_the_first_flex_attention_of_a_process():
    run = subprocess.run([sys.executable, "-W", "ignore", "-c", FLEX], capture_output=True, text=True, check=True)
    # 2 heads, 128 queries, 128 keys, 16 features; scores and weighted values
    assert int(run.stdout) == 2 * 128 * 128 * 16 * 2


class Streams(nn.Module):
    """Its forward is a generator: calling it does nothing yet."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(8, 4)

    def forward(self, x: torch.Tensor) -> Any:
        for row in x:
            yield self.layer(row)

    async def later(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(x)

    async def stream(self, x: torch.Tensor) -> Any:
        yield self.layer(x)

    def first(self, x: torch.Tensor) -> Any:
        rows = self.forward(x)
        next(rows)
        return rows

    def spent(self, x: torch.Tensor) -> Any:
        rows = self.forward(x)
        self.done = list(rows)
        return rows


@pytest.mark.filterwarnings("ignore:coroutine:RuntimeWarning")
@pytest.mark.parametrize(
    ("method", "macs", "what"),
    [
        ("forward", 0, "generator"),
        ("stream", 0, "generator"),
        ("later", 0, "coroutine"),
        ("first", 8 * 4, "generator"),  # one row of two
    ],
)
def test_work_that_is_put_off_is_said(method, macs, what):
    with pytest.raises(thoplw.Error, match=f"lower bound.*python::{what}"):
        thoplw.profile(Streams(), (2, 8), method=method, strict=True, verbose=False)
    count, _, info = thoplw.profile(Streams(), (2, 8), method=method, convention="exact", verbose=False)
    assert (count, info.exact) == (macs, False)
    assert info.notes[0].startswith(f"{method} returned a {what}, which works only when")


def test_a_generator_that_has_worked_is_no_matter():
    count, _, info = thoplw.profile(Streams(), (2, 8), method="spent", convention="exact", verbose=False)
    assert (count, info.exact, info.notes) == (2 * 8 * 4, True, [])


@pytest.mark.parametrize(
    ("function", "what"),
    [
        (lambda m, x: map(m, x), "iterator"),
        (lambda m, x: zip(map(m, x), x, strict=True), "iterator"),
        (lambda m, x: enumerate(map(m, x)), "iterator"),
        (lambda m, x: filter(lambda row: m(row).shape, x), "iterator"),
        (lambda m, x: (x, (m(row) for row in x)), "generator"),
        (lambda m, x: {"rows": [m(row) for row in x], "more": [(m(row) for row in x)]}, "generator"),
        (lambda m, x: partial(m, x), "function"),
        (lambda m, x: [lambda: m(x)], "function"),
    ],
)
def test_work_that_is_put_off_inside_of_a_result(function, what):
    model = Model(lambda y: y)
    model.forward = lambda x: function(model.layer, x)  # type: ignore[method-assign]
    _, _, info = thoplw.profile(model, torch.ones(2, 8), convention="exact", verbose=False)
    assert not info.exact
    assert [use.op for use in info.uncounted] == [f"python::{what}"]
    article = "an" if what == "iterator" else "a"
    assert info.notes[0].startswith(f"forward returned {article} {what}, which works only when")


@pytest.mark.parametrize(
    "result",
    [lambda y: iter([y, y]), lambda y: zip([y], [y], strict=True), lambda y: {"y": y}.items(), lambda y: reversed([y])],
)
def test_iterators_over_what_is_there_are_no_matter(result):
    assert notes(result) == []


class Picks(nn.Module):
    """As many rows go into the layer as are more than a half."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(8, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(x[x[:, 0] > 0.5])


def test_counts_of_made_up_values_say_so():
    x = torch.zeros(6, 8)
    x[:2] = 1
    count, _, info = thoplw.profile(Picks(), x, convention="exact", verbose=False)
    assert (count, info.notes) == (2 * 8 * 4, [])
    _, _, info = thoplw.profile(Picks(), (6, 8), convention="exact", verbose=False)
    assert "made up" in info.notes[1]

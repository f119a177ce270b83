"""Formulas that users registered with torch for operators of their own count here, too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch import nn

import thoplw

flops = pytest.importorskip("torch.utils.flop_counter", reason="from torch 2.1 on")


class Product(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(5, 7))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.ops.formulas.product(x, self.weight)  # type: ignore[no-any-return]


@pytest.fixture(params=["Meta", "CompositeImplicitAutograd"])
def register(request: pytest.FixtureRequest) -> Iterator[Callable[..., Any]]:
    """Registers a formula for an operator that torch can run on meta, or take apart."""
    library = torch.library.Library("formulas", "DEF")
    library.define("product(Tensor a, Tensor b) -> Tensor")
    library.impl("product", lambda a, b: a @ b if request.param != "Meta" else a.new_zeros(3, 7), request.param)
    packet = torch.ops.formulas.product
    yield lambda formula, **options: flops.register_flop_formula(packet, **options)(formula)
    for key in (packet, packet.default):
        flops.flop_registry.pop(key, None)
    library._destroy()


X = torch.zeros(3, 5)


def counted(convention: str = "exact") -> tuple[int, bool]:
    macs, _, info = thoplw.profile(Product(), X, convention=convention, verbose=False)
    return macs, info.exact


def test_two_flops_are_a_multiply_add(register: Callable[..., Any]) -> None:
    register(lambda a, b, *, out_shape, **_: 2 * a[0] * a[1] * b[1])
    assert counted() == (3 * 5 * 7, True)
    assert counted("torch") == (2 * 3 * 5 * 7, True)
    if torch.ops.formulas.product not in flops.flop_registry:
        return  # torch 2.4 itself does not find it again
    with flops.FlopCounterMode(display=False) as counter, torch.no_grad():
        Product().to("meta")(X.to("meta"))
    assert counter.get_total_flops() == 2 * 3 * 5 * 7


def test_an_odd_one_is_no_multiply_add(register: Callable[..., Any]) -> None:
    register(lambda a, b, **_: 7)
    assert counted() == (3, True)
    assert counted("flops") == (7, True)


def test_a_formula_may_ask_for_the_tensors(register: Callable[..., Any]) -> None:
    register(lambda a, b, *, out_val, **_: 2 * a.numel() * out_val.shape[1], get_raw=True)
    assert counted() == (3 * 5 * 7, True)


def test_without_a_formula_it_is_taken_apart_or_a_lower_bound(register: Callable[..., Any]) -> None:
    assert counted() in [(3 * 5 * 7, True), (0, False)]


def test_a_formula_that_fails(register: Callable[..., Any]) -> None:
    def broken(a: Any, b: Any, **_: Any) -> int:
        raise KeyError("width")

    register(broken)
    with pytest.raises(thoplw.Error, match="FLOP formula registered for formulas::product raised KeyError: 'width'"):
        counted()


@pytest.mark.parametrize("flops", [-1, 1.5, None])
def test_a_formula_that_gives_no_number_of_operations(register: Callable[..., Any], flops: Any) -> None:
    register(lambda a, b, **_: flops)
    with pytest.raises(thoplw.Error, match=rf"formulas::product returned {flops}; it must return a number of FLOPs"):
        counted()


def test_where_there_is_a_rule_no_formula_is_asked() -> None:
    flops.register_flop_formula(torch.ops.aten.tril)(lambda *_, **__: 1000)
    try:
        macs, _, info = thoplw.profile(Lower(), X, convention="exact", verbose=False)
    finally:
        for key in (torch.ops.aten.tril, torch.ops.aten.tril.default, torch.ops.aten.tril.out):
            flops.flop_registry.pop(key, None)
    assert (macs, info.exact) == (0, True)


class Lower(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.tril()

"""Autograd and a profile: forwards that differentiate are counted; what a model keeps of a pass can be trained with."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.autograd import forward_ad
from torch.nn.utils import parametrize

import thoplw


def profile(model: nn.Module, *inputs: Any) -> tuple[int, thoplw.LayerInfo]:
    macs, _, info = thoplw.profile(model, list(inputs), convention="exact", verbose=False)
    assert info.exact
    return macs, info


ARRAY = np.arange(4, dtype=np.float32)


def filled() -> torch.Tensor:
    table = torch.zeros(4)
    table[1:3] = torch.tensor([1.0, 2.0])
    return table.index_fill_(0, torch.tensor([3]), 5.0)


TABLES: dict[str, Callable[[], torch.Tensor]] = {
    "a factory": lambda: torch.arange(4).float().sin(),
    "python numbers": lambda: torch.tensor([1.0, 2.0, 3.0, 4.0]),
    "a view": lambda: torch.tensor([[1.0, 2.0], [3.0, 4.0]]).view(4),
    "numpy": lambda: torch.from_numpy(ARRAY),
    "the old constructor": lambda: torch.Tensor([1.0, 2.0, 3.0, 4.0]),
    "random": lambda: torch.randn(4),
    "in place": lambda: torch.ones(4).mul_(2),
    "indexed": filled,
    "a slice": lambda: torch.arange(8.0)[::2],
    "complex": lambda: torch.polar(torch.ones(4), torch.arange(4.0)).real,
    "a parameter": lambda: nn.Parameter(torch.ones(4)),
}


class Caches(nn.Module):
    """Multiplies by a table that it keeps outside of itself, as functools.lru_cache does."""

    def __init__(self, make: Callable[[], torch.Tensor], looks: bool) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)
        self.tables: Callable[[], torch.Tensor] = functools.cache(make)
        self.looks = looks

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.layer(x) * self.tables()
        return -y if self.looks and y.sum() > 0 else y


@pytest.mark.parametrize("looks", [False, True])  # a real forward
@pytest.mark.parametrize("table", TABLES)
def test_tables_made_in_a_pass_can_be_trained_with(table, looks):
    model = Caches(TABLES[table], looks)
    assert profile(model, torch.ones(2, 4))[0] == 2 * 4 * 4
    kept = model.tables()
    assert not kept.is_inference()
    assert not kept.is_meta
    fresh = TABLES[table]()
    assert table == "random" or torch.equal(kept, fresh)
    assert kept.requires_grad == fresh.requires_grad
    model(torch.ones(2, 4)).sum().backward()
    assert model.layer.weight.grad is not None
    kept.detach().add_(1)  # and be written to


def test_from_numpy_still_shares_memory():
    array = np.zeros(4, dtype=np.float32)
    model = Caches(lambda: torch.from_numpy(array), looks=False)
    profile(model, torch.ones(2, 4))
    array[:] = 7
    assert model.tables().tolist() == [7, 7, 7, 7]


class WritesToItsInput(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Embedding(10, 4)
        self.head = nn.Linear(4, 3)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        part = ids[:, :2]
        part.clamp_(max=9)
        ids[:, 2:] += 1
        if ids.max() > 9:
            raise IndexError("no such token")
        return self.head(self.layer(ids))


def test_inputs_made_in_inference_mode_can_be_written_to():
    with torch.inference_mode():
        ids = torch.tensor([[12, 3, 4]])
    assert profile(WritesToItsInput(), ids)[0] == 3 * 4 * 3
    assert ids.tolist() == [[12, 3, 4]]


@pytest.mark.skipif(not hasattr(nn.utils.parametrizations, "weight_norm"), reason="from torch 2.1 on")
def test_cached_parametrizations_keep_their_gradient():
    model = nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Linear(4, 4)))
    with parametrize.cached():
        assert profile(model, torch.ones(2, 4))[0] == 2 * 4 * 4
        model(torch.ones(2, 4)).sum().backward()
    assert all(p.grad is not None for p in model.parameters())


def test_beit_can_be_trained_after_a_profile():
    transformers = pytest.importorskip("transformers")
    config = transformers.BeitConfig(
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        image_size=32,
        patch_size=16,
        use_relative_position_bias=True,
    )
    model = transformers.BeitModel(config)
    pixels = torch.randn(1, 3, 32, 32)
    profile(model, pixels)
    model.train()
    model(pixels).last_hidden_state.sum().backward()
    assert all(p.grad is not None for n, p in model.named_parameters() if "layer.0.attention" in n)


class Potential(nn.Module):
    """Forces are the gradient of an energy; torch.enable_grad() is left to the caller, as in most such models."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(16, 48), nn.Tanh(), nn.Linear(48, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x.requires_grad_()
        energy = self.net(x).sum()
        return torch.autograd.grad(energy, x)[0]


def untouched(model: nn.Module) -> bool:
    return all(p.grad is None and p.requires_grad and not p.is_meta for p in model.parameters())


@pytest.mark.parametrize("outer", [torch.enable_grad, torch.no_grad, torch.inference_mode])
def test_a_forward_that_differentiates(outer):
    model = Potential()
    x = torch.randn(5, 16)
    with outer():
        macs, info = profile(model, x)
    # there: 5 rows of 16 x 48 and 48 x 1; back: the same products with the weights; none for the weights' own gradients
    assert macs == 2 * (5 * 16 * 48 + 5 * 48 * 1) == 8160
    assert info.notes == []
    assert untouched(model)
    assert not x.requires_grad
    assert x.grad is None


class Hessian(Potential):
    """Differentiates twice: the trace of the Hessian of the energy along one direction."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x.requires_grad_()
        energy = self.net(x).sum()
        force = torch.autograd.grad(energy, x, create_graph=True)[0]
        return torch.autograd.grad(force.sum(), x)[0]


def test_a_forward_that_differentiates_twice():
    model = Hessian()
    there, back = 5 * 16 * 48 + 5 * 48, 5 * 48 * 1 + 5 * 48 * 16
    # The force is (ones @ W2 * tanh'(z)) @ W1: back through the product with W1, then from z to x.
    assert profile(model, torch.randn(5, 16))[0] == there + back + 2 * 5 * 16 * 48
    assert untouched(model)


class Function(nn.Module):
    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self.function = function
        self.weight = nn.Parameter(torch.ones(8, 1))

    def forward(self, x: torch.Tensor) -> Any:
        return self.function(lambda x: (x @ self.weight).sum(), x)


def by_switch(f, x):
    before = torch.is_grad_enabled()
    torch.set_grad_enabled(True)
    x = x.clone().requires_grad_()
    y = f(x)
    gradient = torch.autograd.grad(y, x) if y.requires_grad else None
    torch.set_grad_enabled(before)
    return gradient


def by_decorator(f, x):
    @torch.enable_grad()
    def energy(x: torch.Tensor) -> Any:
        x = x.clone().requires_grad_()
        y = f(x)
        return torch.autograd.grad(y, x)[0] if y.requires_grad else None

    return energy(x)


def whatever_it_raises(f, x):
    try:
        return torch.autograd.functional.jacobian(f, x)
    except RuntimeError:
        return None


# Within inference mode these give zeros or nothing, without a word. 5 x 8 numbers times a weight of 8: there, and back.
@pytest.mark.parametrize(
    ("differentiates", "products"),
    [
        (torch.autograd.functional.jacobian, 2 * 5 * 8),
        (lambda f, x: torch.autograd.functional.vjp(f, x), 2 * 5 * 8),
        (lambda f, x: torch.func.grad(f)(x), 2 * 5 * 8),
        (lambda f, x: torch.func.vjp(f, x)[1](torch.ones(())), 2 * 5 * 8),
        (by_switch, 2 * 5 * 8),
        (whatever_it_raises, 2 * 5 * 8),
        (by_decorator, 2 * 5 * 8),
    ],
)
def test_what_gives_no_gradients_in_inference_mode(differentiates, products):
    model = Function(differentiates)
    macs, _, info = thoplw.profile(model, torch.ones(5, 8), convention="exact", verbose=False)
    assert (macs, info.exact) == (products, True)
    assert untouched(model)


class Tunes(nn.Module):
    """Writes gradients to its own parameters, as test-time training does."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.layer(x).sum().backward()
        return self.layer(x)


def test_gradients_of_a_forward_stay_out_of_the_model():
    model = Tunes()
    # two forwards of 2 x 4 x 3, and the weight's gradient: 3 x 2 by 2 x 4
    assert profile(model, torch.randn(2, 4))[0] == 3 * (2 * 4 * 3)
    assert untouched(model)


class Peeks(Potential):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        forces = super().forward(x)
        return forces if forces.norm() < 1e9 else forces * 0


def test_a_forward_that_differentiates_and_looks_at_values():
    model = Peeks()
    x = torch.randn(5, 16)
    macs, info = profile(model, x)
    assert macs == 8160
    assert "real forward" in info.notes[0]
    assert untouched(model)
    assert not x.requires_grad


class LargeConstant(nn.Module):
    """Position embeddings as DETR makes them: more floats than a model looks at, moved about by views."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(8, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        passes.append(torch.is_inference_mode_enabled())
        rows = torch.arange(16.0).view(16, 1, 1).expand(16, 32, 1)
        table = torch.cat((rows, rows.flip(0)), dim=2).permute(2, 0, 1)
        first, second = table.unbind(0)
        return self.layer(x + first.reshape(-1, 8) * second.reshape(-1, 8))


passes: list[bool] = []


def test_views_of_large_constants_take_one_pass():
    passes.clear()
    assert profile(LargeConstant(), torch.ones(64, 8))[0] == 64 * 8 * 4
    assert passes == [True]


class Dual(nn.Module):
    """A product and its derivative along `x`, and along `w` too where asked for."""

    def __init__(self, along_weight: bool) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(8, 4))
        self.along_weight = along_weight

    def forward(self, x: torch.Tensor) -> Any:
        with forward_ad.dual_level():
            x = forward_ad.make_dual(x, torch.ones_like(x))
            w = forward_ad.make_dual(self.weight, torch.ones(8, 4)) if self.along_weight else self.weight
            return forward_ad.unpack_dual(x @ w).tangent


class OfLayer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(8, 4)

    def forward(self, x: torch.Tensor) -> Any:
        with forward_ad.dual_level():
            return forward_ad.unpack_dual(self.layer(forward_ad.make_dual(x, torch.ones_like(x)))).tangent


@pytest.mark.parametrize("model", [Dual(False), Dual(True), OfLayer()])
def test_forward_mode(model):
    """x @ w, dx @ w and x @ dw: where there is no dw, torch multiplies by zeros."""
    assert profile(model, torch.ones(4, 8))[0] == 3 * 4 * 8 * 4

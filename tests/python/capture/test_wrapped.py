"""Higher-order operators, and forwards that are wrapped, transformed, compiled, scripted or differentiate inside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

import thoplw
from torch_version import VERSION

newer_torch = pytest.mark.skipif(VERSION < (2, 6), reason="higher-order operators reach a mode from torch 2.6 on")

LAYER = 2 * (8 * 8 + 8)  # a Linear(8, 8) on two rows, with its biases


class Model(nn.Module):
    """Two layers, and a function that uses them."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self.function = function
        self.first, self.second = nn.Linear(8, 8), nn.Linear(8, 8)

    def forward(self, *inputs: Any) -> Any:
        return self.function(self, *inputs)


def profile(function: Callable[..., Any], *inputs: torch.Tensor) -> tuple[int, thoplw.LayerInfo]:
    macs, _, info = thoplw.profile(Model(function), list(inputs or (torch.ones(2, 8),)), verbose=False)
    assert info.exact
    return macs, info


@newer_torch
@pytest.mark.parametrize(("chosen", "layers"), [(True, 2), (False, 1)])
def test_cond_counts_the_branch_that_is_taken(chosen, layers):
    def both(model: Model, x: torch.Tensor) -> torch.Tensor:
        return model.second(model.first(x))

    def one(model: Model, x: torch.Tensor) -> torch.Tensor:
        return model.first(x)

    macs, info = profile(lambda m, x: torch.cond(torch.tensor(chosen), lambda x: both(m, x), lambda x: one(m, x), (x,)))
    assert macs == layers * LAYER
    assert info.notes == []
    assert [row.name for row in info] == ["first", "second"][:layers]


@newer_torch
@pytest.mark.parametrize(("value", "layers"), [(1.0, 2), (-1.0, 1)])
@pytest.mark.parametrize("known", [True, False])
def test_cond_on_values_of_an_input_or_of_weights(value, layers, known):
    """Weights are not looked at, so that what follows from them takes one real forward."""

    def run(model: Model, x: torch.Tensor) -> torch.Tensor:
        sum_ = x.sum() if known else x.sum() * model.first.weight.square().sum()
        return torch.cond(sum_ > 0, lambda x: model.second(model.first(x)), lambda x: model.first(x), (x,))

    macs, info = profile(run, torch.full((2, 8), value))
    assert macs == layers * LAYER
    assert ["one real forward" in note for note in info.notes] == [True] * (not known)


@newer_torch
def test_while_loop():
    from torch._higher_order_ops.while_loop import while_loop

    def run(model: Model, x: torch.Tensor) -> Any:
        return while_loop(lambda i, x: i < 3, lambda i, x: (i + 1, model.first(x)), (torch.tensor(0), x))

    macs, info = profile(run)
    assert macs == 3 * LAYER
    assert [(row.name, row.calls) for row in info] == [("first", 3)]


@newer_torch
def test_scan():
    from torch._higher_order_ops.scan import scan

    def run(model: Model, x: torch.Tensor, steps: torch.Tensor) -> Any:
        carry, outputs = scan(lambda carry, y: (model.first(carry) + y, model.second(carry)), x, steps)
        assert outputs.shape == (4, 2, 8)
        return carry

    assert profile(run, torch.ones(2, 8), torch.ones(4, 2, 8))[0] == 4 * 2 * LAYER


@newer_torch
@pytest.mark.parametrize("score_mod", [None, lambda score, batch, head, query, key: score + query - key])
def test_flex_attention(score_mod):
    from torch.nn.attention.flex_attention import flex_attention

    q, kv = torch.ones(2, 4, 16, 8), torch.ones(2, 4, 10, 8)
    macs, _ = profile(lambda m, q, kv: flex_attention(q, kv, kv, score_mod=score_mod), q, kv)
    # batch 2, 4 heads, 16 queries, 10 keys, 8 features; scores and weighted values
    assert macs == 2 * 4 * 16 * 10 * 8 * 2


@newer_torch
def test_a_kernel_of_another_language_is_never_zero():
    from torch._ops import HigherOrderOperator

    class Kernel(HigherOrderOperator):
        def __init__(self) -> None:
            super().__init__("triton_kernel_of_mine")

        def __call__(self, x: torch.Tensor) -> Any:
            return super().__call__(x)

    kernel = Kernel()
    kernel.py_impl(torch._C.DispatchKey.CompositeExplicitAutograd)(lambda x: x + 1)
    info = thoplw.profile(Model(lambda m, x: kernel(x)), (2, 8), verbose=False)[2]
    assert not info.exact
    assert [use.op for use in info.uncounted] == ["higher_order::triton_kernel_of_mine"]


@pytest.mark.parametrize("reentrant", [True, False])
def test_checkpoint(reentrant):
    assert profile(lambda m, x: checkpoint(m.first, x, use_reentrant=reentrant))[0] == LAYER


class Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(x, weight)
        return x @ weight

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> Any:
        x, weight = ctx.saved_tensors
        return grad @ weight.T, x.T @ grad


def test_custom_autograd_function():
    assert profile(lambda m, x: Product.apply(x, m.first.weight))[0] == 2 * 8 * 8


def test_vmap():
    assert profile(lambda m, x: torch.func.vmap(lambda row: m.first.weight @ row)(x))[0] == 2 * 8 * 8


def per_sample_gradients(layer: nn.Module, x: torch.Tensor) -> Any:
    def loss(weights: dict[str, torch.Tensor], row: torch.Tensor) -> torch.Tensor:
        return torch.func.functional_call(layer, weights, (row,)).pow(2).sum()

    return torch.vmap(torch.func.grad(loss), in_dims=(None, 0))(dict(layer.named_parameters()), x)


def ensemble(layers: nn.ModuleList, x: torch.Tensor) -> Any:
    def run(*state: dict[str, torch.Tensor]) -> Any:
        return torch.func.functional_call(layers[0], state, (x,))

    return torch.vmap(run)(*torch.func.stack_module_state(list(layers)))


ROWS = torch.ones(5, 8)
PRODUCT = 5 * 8 * 16  # Linear(8, 16) on five rows
CONV = nn.Sequential(nn.Conv2d(2, 3, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(0))
NORMED = nn.Sequential(nn.LayerNorm(8), nn.Linear(8, 16), nn.GELU(), nn.Softmax(-1), nn.Dropout(0.5))


@pytest.mark.parametrize(
    ("function", "layer", "x", "products"),
    [
        (lambda m, x: torch.vmap(m)(x), nn.Linear(8, 16), ROWS, PRODUCT),
        (lambda m, x: torch.vmap(m, in_dims=1, out_dims=1)(x), nn.Linear(8, 16), ROWS.T, PRODUCT),
        (lambda m, x: torch.vmap(m, chunk_size=2)(x), nn.Linear(8, 16), ROWS, PRODUCT),
        (lambda m, x: torch.vmap(m, randomness="different")(x), NORMED, ROWS, PRODUCT),
        (lambda m, x: torch.vmap(torch.vmap(m))(x), nn.Linear(8, 16), torch.ones(3, 5, 8), 3 * PRODUCT),
        # five images of 2 channels to 3, by 3 x 3 taps at 6 x 6 positions
        (lambda m, x: torch.vmap(m)(x), CONV, torch.ones(5, 2, 8, 8), 5 * 2 * 3 * 9 * 36),
        # forward, and the gradient of x: as many products
        (lambda m, x: torch.func.grad(lambda x: m(x).sum())(x), nn.Linear(8, 1), ROWS, 2 * 5 * 8),
        # forward, and the gradient of the weight: one outer product for each row
        (per_sample_gradients, nn.Linear(8, 16), ROWS, 2 * PRODUCT),
        (ensemble, nn.ModuleList(nn.Linear(8, 16) for _ in range(3)), ROWS, 3 * PRODUCT),
        # the value of one row, and 16 rows of the Jacobian, each a product of 16 with 16 x 8
        (lambda m, x: torch.func.jacrev(m)(x[0]), nn.Linear(8, 16), ROWS, 8 * 16 + 16 * 8 * 16),
        (lambda m, x: torch.vmap(torch.func.jacrev(m))(x), nn.Linear(8, 16), ROWS, 5 * (8 * 16 + 16 * 8 * 16)),
        # the value, the tangent of x with the weight, and x with the tangent of the weight, which torch makes of zeros
        (lambda m, x: torch.func.jvp(m, (x,), (x,)), nn.Linear(8, 16), ROWS, 3 * PRODUCT),
    ],
    ids=lambda value: value if isinstance(value, int) else type(value).__name__,
)
def test_leaf_modules_under_torch_func(function, layer, x, products):
    class Transformed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = layer

        def forward(self, x: torch.Tensor) -> Any:
            return function(self.layer, x)

    macs, _, info = thoplw.profile(Transformed(), x, convention="exact", verbose=False)
    assert (macs, info.exact) == (products, True)
    assert "INTERNAL ASSERT" not in str(info.notes)


def test_functional_call():
    def run(model: Model, x: torch.Tensor) -> Any:
        weights = {"weight": model.second.weight * 2, "bias": model.second.bias}
        return torch.func.functional_call(model.first, weights, (x,))

    assert profile(run)[0] == LAYER


def test_a_forward_that_differentiates():
    def run(model: Model, x: torch.Tensor) -> Any:
        with torch.enable_grad():
            x = x.detach().requires_grad_(True)
            return torch.autograd.grad(model.first(x).sum(), x)[0]

    # the gradient of the input is one more product of 2 x 8 with 8 x 8
    assert profile(run)[0] == LAYER + 2 * 8 * 8


def test_fork_and_autocast_inside():
    assert profile(lambda m, x: torch.jit.wait(torch.jit.fork(m.first, x)))[0] == LAYER

    def cast(model: Model, x: torch.Tensor) -> torch.Tensor:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return model.first(x)

    assert profile(cast)[0] == LAYER


@newer_torch
def test_compiled_inside_a_forward():
    assert profile(lambda m, x: torch.compile(m.first)(x))[0] == LAYER
    double = torch.compile(lambda m, x: m.second(m.first(x)))
    assert profile(lambda m, x: double(m, x))[0] == 2 * LAYER


def test_parametrizations():
    class Symmetric(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.triu() + x.triu(1).T

    layer = nn.Linear(8, 8)
    nn.utils.parametrize.register_parametrization(layer, "weight", Symmetric())
    macs, params, _ = thoplw.profile(layer, (2, 8), verbose=False)
    assert (macs, params) == (LAYER, 72)


@pytest.mark.skipif(not hasattr(nn.utils.parametrizations, "weight_norm"), reason="from torch 2.1 on")
def test_a_weight_in_two_parts():
    normed = nn.utils.parametrizations.weight_norm(nn.Linear(8, 8))
    macs, params, _ = thoplw.profile(nn.Sequential(normed), (2, 8), verbose=False)
    assert (macs, params) == (LAYER, 8 * 8 + 8 + 8)  # a length for each of 8 rows beside the weight


def test_scripted_and_traced_models_are_counted_by_operator():
    model = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Conv1d(2, 3, 3))
    expected = 2 * 8 * 8 + 2 * 3 * 3 * 6  # 3 taps, 2 channels to 3, at 6 positions
    for wrapped in (torch.jit.script(model), torch.jit.trace(model, torch.ones(1, 2, 8))):
        macs, params, info = thoplw.profile(wrapped, (1, 2, 8), convention="exact", verbose=False)
        assert (macs, params) == (expected, 8 * 8 + 8 + 2 * 3 * 3 + 3)
        assert info.exact
    frozen = torch.jit.freeze(torch.jit.script(model.eval()))  # its weights have become constants
    macs, _, info = thoplw.profile(frozen, torch.ones(1, 2, 8), convention="exact", verbose=False)
    assert (macs, info.exact) == (expected, True)


class Tagged(torch.Tensor):
    pass


def test_tensor_subclasses():
    assert profile(lambda m, x: m.first(x), torch.ones(2, 8).as_subclass(Tagged))[0] == LAYER

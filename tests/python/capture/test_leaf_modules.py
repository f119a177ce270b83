"""The shortcuts for torch's own leaf modules write the very trace that their forward writes."""

import contextlib
import functools
from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.nn.modules.module import register_module_forward_pre_hook
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

import thoplw
from thoplw import _native

IMAGE = (2, 4, 12, 12)

LEAVES = [
    (nn.AdaptiveAvgPool2d(1), IMAGE),
    (nn.AdaptiveAvgPool2d((None, 3)), IMAGE),
    (nn.AvgPool2d(3, 2, 1, ceil_mode=True, count_include_pad=False), IMAGE),
    (nn.AvgPool2d((2, 3), divisor_override=4), IMAGE),
    (nn.BatchNorm2d(4), IMAGE),
    (nn.BatchNorm2d(4, affine=False), IMAGE),
    (nn.BatchNorm2d(4, track_running_stats=False), IMAGE),
    (nn.Conv1d(4, 6, 3, stride=2), (2, 4, 12)),
    (nn.Conv1d(4, 6, 3), (4, 12)),
    (nn.Conv2d(4, 6, 3, padding=1, groups=2), IMAGE),
    (nn.Conv2d(4, 6, 3, padding="same", bias=False), IMAGE),
    (nn.Conv2d(4, 6, 3, padding=1, padding_mode="reflect"), IMAGE),
    (nn.Dropout(0.5), IMAGE),
    (nn.Dropout(0.5, inplace=True), IMAGE),
    (nn.Flatten(), IMAGE),
    (nn.Flatten(0, 1), IMAGE),
    (nn.GELU(), IMAGE),
    (nn.GELU(approximate="tanh"), IMAGE),
    (nn.Hardsigmoid(), IMAGE),
    (nn.Hardsigmoid(inplace=True), IMAGE),
    (nn.Hardswish(), IMAGE),
    (nn.Hardswish(inplace=True), IMAGE),
    (nn.LayerNorm(12), IMAGE),
    (nn.LayerNorm((12, 12), elementwise_affine=False), IMAGE),
    (nn.Linear(12, 5), IMAGE),
    (nn.Linear(12, 5, bias=False), (12,)),
    (nn.MaxPool2d(3, 2, 1), IMAGE),
    (nn.MaxPool2d(2, return_indices=True), IMAGE),
    (nn.ReLU(), IMAGE),
    (nn.ReLU(inplace=True), IMAGE),
    (nn.ReLU6(), IMAGE),
    (nn.ReLU6(inplace=True), IMAGE),
    (nn.SiLU(), IMAGE),
    (nn.SiLU(inplace=True), IMAGE),
    (nn.Sigmoid(), IMAGE),
    (nn.Softmax(dim=-1), IMAGE),
    (nn.Tanh(), IMAGE),
]


def traces(module: nn.Module, shape: tuple[int, ...]) -> tuple[str, str]:
    """With shortcuts, and without: any hook makes modules go the way of their forward."""
    model = nn.Sequential(module)
    inputs = (torch.empty(shape, device="meta"),)
    short = _native.capture(model, inputs, {}, {}).text()
    hook = register_module_forward_pre_hook(lambda *_: None)
    try:
        return short, _native.capture(model, inputs, {}, {}).text()
    finally:
        hook.remove()


@pytest.mark.parametrize(("module", "shape"), LEAVES, ids=lambda value: str(value))
def test_shortcut_equals_forward(module: nn.Module, shape: tuple[int, ...]) -> None:
    short, full = traces(module, shape)
    assert short == full


def test_own_forward_is_not_skipped() -> None:
    layer = nn.Linear(4, 4)
    layer.forward = lambda x: nn.functional.linear(torch.relu(x), layer.weight)  # type: ignore[method-assign]
    assert "aten::relu(" in traces(layer, (2, 4))[0]


def test_patched_class_is_not_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nn.Linear, "forward", lambda self, x: torch.relu(x))
    assert "aten::linear(" not in traces(nn.Linear(4, 4), (2, 4))[0]


def twice(function: Callable[..., Any]) -> Callable[..., Any]:
    """Does the work of a function of one result two times, and takes over its name and module."""

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        function(*args, **kwargs)
        return function(*args, **kwargs)

    return run


class FunctionMode(TorchFunctionMode):
    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return twice(func)(*args, **(kwargs or {}))


class DispatchMode(TorchDispatchMode):
    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return twice(func)(*args, **(kwargs or {}))


def patched(owner: Any, name: str) -> Callable[[], Any]:
    return lambda: mock.patch.object(owner, name, twice(getattr(owner, name)))


IN_THE_WAY = {
    "forward": (patched(nn.Conv2d, "forward"), nn.Conv2d(4, 4, 3)),
    "a method of forward": (patched(nn.Conv2d, "_conv_forward"), nn.Conv2d(4, 4, 3)),
    "a built-in function": (patched(functional, "linear"), nn.Linear(12, 12)),
    "a function": (patched(functional, "layer_norm"), nn.LayerNorm(12)),
    "what a function calls": (patched(torch, "relu"), nn.ReLU()),
    "a function mode": (FunctionMode, nn.Linear(12, 12)),
    "a dispatch mode": (DispatchMode, nn.Linear(12, 12)),
}


class Within(nn.Module):
    """A layer, and what is in the way of its operator, or nothing."""

    def __init__(self, layer: nn.Module, around: Callable[[], Any] = contextlib.nullcontext) -> None:
        super().__init__()
        self.layer, self.around = layer, around

    def forward(self, x: torch.Tensor) -> Any:
        with self.around():
            return self.layer(x)


@pytest.mark.parametrize("around_the_pass", [True, False])
@pytest.mark.parametrize("what", IN_THE_WAY)
def test_a_shortcut_passes_nothing_by(what: str, around_the_pass: bool) -> None:
    around, layer = IN_THE_WAY[what]
    if around_the_pass and around is DispatchMode:
        pytest.skip("a pass answers operators itself: modes around it see none")
    if around in (FunctionMode, DispatchMode) and torch.__version__ < "2.1":
        pytest.skip("linear arrives in parts")
    x = torch.empty(IMAGE, device="meta")
    once = _native.capture(Within(layer), (x,), {}, {}).text()
    with around() if around_the_pass else contextlib.nullcontext():
        model = Within(layer) if around_the_pass else Within(layer, around)
        seen = _native.capture(model, (x,), {}, {}).text()
    operators = {"ReLU": "relu", "Conv2d": "conv2d", "Linear": "linear", "LayerNorm": "layer_norm"}
    name = f"aten::{operators[type(layer).__name__]}("
    in_parts = "aten::addmm(" if around is DispatchMode else name  # the mode sees what it would for real
    assert (once.count(name), seen.count(in_parts)) == (1, 2)
    assert _native.capture(Within(layer), (x,), {}, {}).text() == once  # with the shortcut again


def test_wrong_rank_is_left_to_torch() -> None:
    with pytest.raises(ValueError, match="expected 4D input"):
        _native.capture(nn.BatchNorm2d(4), (torch.empty(2, 4, device="meta"),), {}, {})


def test_a_part_of_forward_that_an_instance_has_of_its_own_runs():
    """As image models are patched to pad around the edge; twice 3*3*3*3 weights at 8 x 8 places."""
    layer = nn.Conv2d(3, 3, 3, padding=1)
    once = layer._conv_forward
    layer._conv_forward = lambda x, weight, bias: once(once(x, weight, bias), weight, bias)
    assert thoplw.profile(layer, (1, 3, 8, 8), convention="exact", verbose=False)[0] == 2 * 81 * 64


class ManyClasses(nn.Module):
    def forward(self, x):
        for number in range(40):
            x = type(f"Layer{number}", (nn.Linear,), {})(8, 8)(x)
        return x


def test_a_forward_may_bring_any_number_of_new_classes():
    assert thoplw.profile(ManyClasses(), (2, 8), convention="exact", verbose=False)[0] == 40 * 2 * 8 * 8

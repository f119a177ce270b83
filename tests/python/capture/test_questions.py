"""Questions of a forward about its tensors, and values that it looks at: it takes the branch that it would for real."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import thoplw
from torch_version import VERSION

keeps_subclasses = pytest.mark.skipif(VERSION < (2, 5), reason="torch 2.4 refuses a subclass within a mode")
has_masked = pytest.mark.skipif(VERSION < (2, 1), reason="torch 2.0 has none that a mode sees")
ROWS = 4
RIGHT = ROWS * 8 * 16  # the branch that a real forward takes
WRONG = ROWS * 8 * 4


class Asks(nn.Module):
    def __init__(self, question: Callable[[torch.Tensor], Any]) -> None:
        super().__init__()
        self.right, self.wrong = nn.Linear(8, 16), nn.Linear(8, 4)
        self.question = question

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.right(x) if self.question(x) else self.wrong(x)


def profile(model: nn.Module, x: torch.Tensor | tuple[int, ...] | None = None) -> tuple[int, thoplw.LayerInfo]:
    x = torch.ones(ROWS, 8) if x is None else x
    macs, _, info = thoplw.profile(model, x, convention="exact", verbose=False)
    return macs, info


class Sub(torch.Tensor):
    pass


def with_attribute() -> torch.Tensor:
    x = torch.ones(ROWS, 8)
    x.my_mask = x > 0  # type: ignore[attr-defined]
    return x


@pytest.mark.parametrize(
    ("question", "make"),
    [
        (lambda x: x.is_cpu, None),
        (lambda x: x.device.type == "cpu", None),
        (lambda x: x.device == torch.device("cpu"), None),
        (lambda x: not x.is_meta and not x.is_cuda, None),
        (lambda x: x.type() == "torch.FloatTensor", None),
        (lambda x: isinstance(x, torch.FloatTensor), None),
        (lambda x: not x.is_inference(), None),
        (lambda x: x.get_device() == -1, None),
        pytest.param(
            lambda x: isinstance(x, Sub), lambda: torch.ones(ROWS, 8).as_subclass(Sub), marks=keeps_subclasses
        ),
        (lambda x: isinstance(x, nn.Parameter), lambda: nn.Parameter(torch.ones(ROWS, 8))),
        (lambda x: x.requires_grad and x.is_leaf, lambda: torch.ones(ROWS, 8, requires_grad=True)),
        (lambda x: not x.is_leaf and x.grad_fn is not None, lambda: torch.ones(ROWS, 8, requires_grad=True) * 1),
        (lambda x: x.is_neg(), lambda: torch.ones(ROWS, 8, dtype=torch.complex64).conj().imag),
        (lambda x: x.storage_offset() == 8, lambda: torch.ones(ROWS + 1, 8)[1:]),
        (lambda x: not x.is_contiguous(), lambda: torch.ones(8, ROWS).t()),
        (lambda x: x._is_view() and x._base.shape == (8, 8), lambda: torch.ones(8, 8)[:ROWS]),
        (lambda x: x.untyped_storage().nbytes() == 4 * 40 * 8, lambda: torch.ones(40, 8)[:ROWS]),
        (lambda x: x.my_mask.all(), with_attribute),
    ],
)
def test_an_input_tells_what_it_is(question, make):
    macs, info = profile(Asks(question), make() if make else None)
    assert (macs, info.exact, info.notes) == (RIGHT, True, [])  # without a real forward


@pytest.mark.parametrize(
    "question",
    [
        lambda y: y.is_cpu,
        lambda y: y.device.type == "cpu",
        lambda y: y.type() == "torch.FloatTensor",
        lambda y: y.dtype == torch.float32 and isinstance(y, torch.FloatTensor),
        lambda y: torch.zeros(3, device=y.device).is_cpu,
    ],
)
def test_an_activation_tells_where_it_would_be(question):
    macs, info = profile(nn.Sequential(nn.Linear(8, 8), Asks(question)))
    assert (macs, info.exact, info.notes) == (ROWS * 8 * 8 + RIGHT, True, [])


def test_a_model_on_meta_is_on_meta():
    with torch.device("meta"):
        model = Asks(lambda x: x.is_meta and x.device.type == "meta")
    assert profile(model, (ROWS, 8))[0] == RIGHT


def test_afterwards_tensors_tell_the_truth():
    meta = torch.ones(2, device="meta")
    profile(Asks(lambda x: x.is_cpu))
    assert (meta.is_meta, meta.device.type, meta.type()) == (True, "meta", "torch.meta.FloatTensor")
    assert not isinstance(meta, torch.FloatTensor)


class Counts(torch.Tensor):
    """Does the work of a linear layer twice."""

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is nn.functional.linear:
            super().__torch_function__(func, types, args, kwargs)
        return super().__torch_function__(func, types, args, kwargs)


@keeps_subclasses
def test_the_class_of_an_input_has_its_say():
    macs, info = profile(nn.Linear(8, 4), torch.ones(ROWS, 8).as_subclass(Counts))
    assert (macs, info.exact) == (2 * ROWS * 8 * 4, True)


class Catches(nn.Module):
    """Looks at values, and takes another branch where it is told that there are none."""

    def __init__(self, look: Callable[[torch.Tensor], Any], kinds: type[Exception] = Exception) -> None:
        super().__init__()
        self.right, self.wrong = nn.Linear(8, 16), nn.Linear(8, 4)
        self.look, self.kinds = look, kinds

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        try:
            self.look(x)
        except self.kinds:
            return self.wrong(x)
        return self.right(x)


LOOKS = [  # those that the values of an input answer
    lambda x: bool(x.sum() > 0),
    lambda x: x.sum().item(),
    lambda x: float(x[0, 0]),
    lambda x: x[x > 0],
    lambda x: x.tolist(),
    lambda x: torch.equal(x, x + 1),
]
LOOKS_AT_MEMORY = [
    lambda x: x.numpy(),
    lambda x: np.asarray(x),
    lambda x: x.data_ptr(),
    lambda x: f"{x.mean():.3f}",
    lambda x: f"{x.sum():>9}",
]


@pytest.mark.parametrize("look", LOOKS)
def test_a_look_at_an_input(look):
    macs, info = profile(Catches(look))
    assert (macs, info.exact, info.notes) == (RIGHT, True, [])


@pytest.mark.parametrize(
    ("look", "before"), [*((look, 1) for look in LOOKS), *((look, n) for look in LOOKS_AT_MEMORY for n in (0, 1))]
)
def test_a_look_whose_error_is_caught(look, before):
    layers = [nn.Linear(8, 8)] * before
    macs, info = profile(nn.Sequential(*layers, Catches(look)))
    assert (macs, info.exact) == (before * ROWS * 8 * 8 + RIGHT, True)
    assert "one real forward was run" in info.notes[0]
    assert "test_questions.py" in info.notes[0]


@pytest.mark.parametrize("look", LOOKS + LOOKS_AT_MEMORY)
def test_a_look_whose_error_is_caught_in_a_model_without_values(look):
    with torch.device("meta"):
        model = Catches(look)
    macs, info = profile(model, (ROWS, 8))
    assert (macs, info.exact) == (WRONG, False)
    assert [use.op for use in info.uncounted] == ["outside::values"]
    assert "goes on without them" in info.notes[0]


def test_an_error_of_the_models_own_that_is_caught_is_no_look():
    macs, info = profile(Catches(lambda x: x @ x))  # shapes that do not fit
    assert (macs, info.exact, info.notes) == (WRONG, True, [])


def test_values_that_were_pretended_are_none():
    """A real tensor that activations were written to."""

    def look(x: torch.Tensor) -> None:
        table = torch.zeros(8)
        table[:] = x[0]
        if table.tolist() != [1.0] * 8:
            raise ValueError(table)

    macs, info = profile(Catches(look))
    assert (macs, info.exact) == (RIGHT, True)


class LooksAtSum(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.right, self.wrong = nn.Linear(8, 16), nn.Linear(8, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if bool(x.sum() > 0):
            return self.right(x)
        return self.wrong(x)


class Scales(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.right = nn.Linear(8, 16)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.right(x) * x.sum().item()


class Masks(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.right = nn.Linear(8, 16)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.right(x[x > 0].view(-1, 8))


@pytest.mark.parametrize("kind", [LooksAtSum, Scales, Masks])
@pytest.mark.parametrize(
    "of",
    [
        torch.jit.script,
        lambda model: nn.Sequential(torch.jit.script(model)),
        lambda model: torch.jit.freeze(torch.jit.script(model.eval())),
        lambda model: torch.jit.trace(model, torch.ones(ROWS, 8)),
    ],
)
def test_scripted_modules_that_look_at_values(kind, of):
    macs, info = profile(of(kind()))
    assert (macs, info.exact) == (RIGHT, True)


@pytest.mark.parametrize(
    "of", [lambda model: model, torch.jit.script, lambda m: torch.jit.trace(m, torch.ones(ROWS, 8))]
)
def test_scripted_quantized_modules(of):
    from torch.ao.quantization import quantize_dynamic

    model = quantize_dynamic(nn.Sequential(nn.Linear(8, 16)).eval(), {nn.Linear})
    macs, info = profile(of(model))
    assert (macs, info.exact) == (RIGHT, True)


class OnMasked(nn.Module):
    """What a masked tensor holds torch has no name for: operators on it run for real."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        super().__init__()
        self.layer = nn.Linear(8, 16)
        self.function = function

    def forward(self, x: torch.Tensor) -> Any:
        y = self.layer(x)
        return self.function(torch.masked.masked_tensor(y, y > 0.5))


@has_masked
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "function", [lambda y: y.sum(-1), lambda y: (y * 2).softmax(-1).get_data(), lambda y: y.get_mask().any()]
)
def test_masked_tensors(function):
    macs, info = profile(OnMasked(function))
    assert macs == RIGHT
    assert info.exact or [use.op for use in info.uncounted] == ["outside::kernel"]


@has_masked
@pytest.mark.filterwarnings("ignore")
def test_a_masked_input():
    class Reads(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(8, 16)

        def forward(self, x: Any) -> torch.Tensor:
            return self.layer(x.get_data())

    x = torch.ones(ROWS, 8)
    assert profile(Reads(), torch.masked.masked_tensor(x, x > 0))[0] == RIGHT

"""Functions of users in place of a forward that cannot run here."""

from __future__ import annotations

import functools
from typing import Any

import pytest
import torch
from torch import nn

import thoplw

Inputs = tuple[torch.Tensor, ...]


class Kernel(nn.Module):
    """Stands for one of Triton or CUDA: its forward must not even be tried."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(8, 6))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        ran.append(x)
        raise KeyError("no GPU")


ran: list[torch.Tensor] = []


class Net(nn.Module):
    """The kernel between two layers that run, one of which wants a look at values."""

    def __init__(self, looks: bool = False) -> None:
        super().__init__()
        self.before = nn.Linear(4, 8)
        self.kernel = Kernel()
        self.after = nn.Linear(6, 2)
        self.looks = looks

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.kernel(self.before(x))
        y = y[0] if isinstance(y, (tuple, list)) else y
        if self.looks and y.sum() > 0:
            raise ValueError("zeros sum to 0")
        return self.after(y)


def macs(cost: Any, model: nn.Module, x: Any = (3, 4), **options: Any) -> int:
    ran.clear()
    count, params, info = thoplw.profile(model, x, {Kernel: cost}, convention="exact", verbose=False, **options)
    assert info.exact
    assert ran == []
    assert params == (4 * 8 + 8) + 8 * 6 + (6 * 2 + 2)
    return count


AROUND = 3 * 4 * 8 + 3 * 6 * 2


def shape(layer: Kernel, inputs: Inputs) -> Any:
    rows = inputs[0].shape[0]
    return rows * layer.weight.numel(), (rows, 6)


def a_torch_size(layer: Kernel, inputs: Inputs) -> Any:
    return 3 * 48, inputs[0].shape[:1] + layer.weight.shape[1:]


def several(layer: Kernel, inputs: Inputs) -> Any:
    return 3 * 48, ((3, 6), (3, 1))


def an_output(layer: Kernel, inputs: Inputs) -> Any:
    return 3 * 48, inputs[0].new_zeros(3, 6)


class Method:
    def cost(self, layer: Kernel, inputs: Inputs) -> Any:
        return shape(layer, inputs)


@pytest.mark.parametrize("looks", [False, True])
@pytest.mark.parametrize(
    "cost",
    [
        shape,
        a_torch_size,
        several,
        an_output,
        Method().cost,
        lambda layer, inputs: (144, [3, 6]),
        functools.partial(shape),
    ],
)
def test_a_function_in_place_of_a_forward(cost, looks):
    assert macs(cost, Net(looks)) == AROUND + 3 * 48


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_the_output_is_of_the_type_of_the_input(dtype):
    class Checked(Net):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y = self.kernel(self.before(x))
            assert y.dtype == dtype
            return self.after(y)

    assert macs(shape, Checked().to(dtype), torch.ones(3, 4, dtype=dtype)) == AROUND + 3 * 48


def test_functions_of_three_are_called_after_the_forward():
    class Doubles(Kernel):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x @ self.weight

    model = Net()
    model.kernel = Doubles()
    for cost in [lambda layer, inputs, output: output.numel(), lambda *all_of_them: all_of_them[2].numel()]:
        assert macs(cost, model) == AROUND + 3 * 6
    assert macs(lambda layer, inputs, output=None: 7, model) == AROUND + 7


@pytest.mark.parametrize(
    ("result", "message"),
    [(144, "must return a pair"), ((3, 6, 2), "must return a pair"), ((-1, (3, 6)), "int of 0 or more")],
)
def test_results_of_no_use(result, message):
    with pytest.raises(thoplw.Error, match=f"^kernel: the function in custom_ops returned .*{message}"):
        macs(lambda layer, inputs: result, Net())


def test_a_shape_that_does_not_fit_names_the_next_layer():
    with pytest.raises(thoplw.Error, match=r"^after \(Linear\)"):
        macs(lambda layer, inputs: (1, (3, 7)), Net())

"""What is given in place of a model, or of an input: each error says what it is and what to give instead."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import PackedSequence, pack_sequence

import thoplw


class Resizing(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(3, 8, 3, bias=False)

    def forward(self, x: torch.Tensor, size: Any = None) -> torch.Tensor:
        assert size is None or type(size) in (tuple, list)
        return nn.functional.interpolate(self.layer(x), size=size or (4, 4))

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(x)


class Flow(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(8, 8, bias=False)

    def log_prob(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(x)

    def sample(self, count: int) -> int:
        return count


class Lightning(Flow):
    """Passes a forward on that there is not."""

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return super().forward(*args, **kwargs)


class Wrapper(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.model = Flow()

    def __call__(self, *args: Any) -> Any:
        return self.predict(*args)

    def predict(self, x: torch.Tensor) -> torch.Tensor:
        return self.model.log_prob(x)


class Pipeline:
    def __init__(self) -> None:
        self.steps, self.unet, self.vae = 3, Flow(), Flow()


def error_of(model: Any, tensor: Any = (1, 8), **options: Any) -> str:
    with pytest.raises(thoplw.Error) as raised:
        thoplw.profile(model, tensor, verbose=False, **options)
    return str(raised.value)


@pytest.mark.parametrize(
    ("model", "what", "cure"),
    [
        (Resizing().forward, "the method Resizing.forward", "pass the model itself"),
        (Resizing().encode, "the method Resizing.encode", "pass the model itself with method='encode'"),
        (Flow(), "Flow has no forward", "method='log_prob' (also: sample), or pass a module inside of it, model.layer"),
        (Lightning(), "Lightning has no forward", "method='log_prob' (also: sample)"),
        (
            Wrapper(),
            "Wrapper has no forward",
            "method='__call__' (also: predict), or pass a module inside of it, model.model",
        ),
        (nn.ModuleList([nn.Linear(8, 8), nn.ReLU()]), "ModuleList has no forward", "model.0 (also: 1)"),
        (Pipeline(), "of type Pipeline", "pass one that it holds: .unet, .vae"),
        (nn.Linear, "Linear, not a torch.nn.Module", "pass Linear()"),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else "",
)
def test_what_is_no_model(model: Any, what: str, cure: str) -> None:
    message = error_of(model)
    assert what in message
    assert cure in message


def test_the_cures_work() -> None:
    assert thoplw.profile(Flow(), (1, 8), method="log_prob")[0] == 8 * 8
    assert thoplw.profile(Wrapper(), (1, 8), method="__call__")[0] == 8 * 8
    assert thoplw.profile(Wrapper().model, (1, 8), method="log_prob")[0] == 8 * 8


@pytest.mark.skipif(not hasattr(torch, "export"), reason="from torch 2.1 on")
def test_an_exported_program() -> None:
    program = torch.export.export(Resizing().eval(), (torch.ones(1, 3, 6, 6),))
    assert "pass its module, program.module()" in error_of(program)
    assert thoplw.profile(program.module(), (1, 3, 6, 6))[0] == 3 * 8 * 9 * 4 * 4


class Data:
    """As a graph of torch_geometric is given: no mapping, no tuple."""

    x = torch.ones(1, 8)


class Graph(nn.Module):
    def forward(self, data: Any) -> Any:
        return data.x if isinstance(data, Data) else data.data


@pytest.mark.parametrize("data", [Data(), pack_sequence([torch.ones(3, 8)])])
def test_one_input_of_many_parts(data: Any) -> None:
    message = error_of(Graph(), data)
    assert f"of type {type(data).__name__}" in message
    assert "put it in a list" in message
    thoplw.profile(Graph(), [data])
    thoplw.profile(Graph(), thoplw.as_is(data))
    assert isinstance(data, (Data, PackedSequence))


IMAGE, PRODUCTS = (1, 3, 6, 6), 3 * 8 * 9 * 4 * 4


@pytest.mark.parametrize(
    ("tensor", "options", "named"),
    [
        ({"x": IMAGE, "size": (16, 16)}, {}, "size (16, 16)"),
        ([IMAGE, (16, 16)], {}, "[1] (16, 16)"),
        (IMAGE, {"kwargs": {"size": (16, 16)}}, "size (16, 16)"),
        ([{"deep": [(16, 16)]}], {}, "[0]['deep'][0] (16, 16)"),
    ],
)
def test_a_tuple_that_was_taken_for_a_shape_is_named(tensor: Any, options: Any, named: str) -> None:
    message = error_of(Resizing(), tensor, **options)
    assert named in message
    assert "thoplw.as_is(...)" in message


def test_as_is() -> None:
    size = thoplw.as_is((16, 16))
    assert thoplw.profile(Resizing(), {"x": IMAGE, "size": size})[0] == PRODUCTS
    assert thoplw.profile(Resizing(), [IMAGE, size])[0] == PRODUCTS
    assert thoplw.profile(Resizing(), IMAGE, kwargs={"size": size})[0] == PRODUCTS
    assert thoplw.profile(Resizing(), [IMAGE, [16, 16]])[0] == PRODUCTS
    assert thoplw.profile(Resizing(), thoplw.as_is(torch.ones(IMAGE)))[0] == PRODUCTS

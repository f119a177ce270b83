"""Modules in every way that a model may hold and call them: each is counted once, where it belongs."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

import thoplw


def profile(model: nn.Module, x: Any = (2, 8), **options: Any) -> tuple[int, int, thoplw.LayerInfo]:
    return thoplw.profile(model, x, verbose=False, **options)


def rows(info: thoplw.LayerInfo) -> dict[str, tuple[int, int, int]]:
    return {row.name: (row.macs, row.params, row.calls) for row in info}


def test_a_shared_module_has_one_row_with_all_its_calls():
    layer = nn.Linear(8, 8)
    macs, params, info = profile(nn.Sequential(layer, nn.ReLU(), layer, layer))
    # 3 calls x 2 positions x (8 x 8 weights + 8 biases)
    assert rows(info)["0"] == (3 * 2 * (8 * 8 + 8), 8 * 8 + 8, 3)
    assert (macs, params) == (3 * 2 * 72, 72)


class OwnParameters(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(8))
        self.weights = nn.ParameterList([nn.Parameter(torch.ones(8, 8)) for _ in range(3)])
        self.table = nn.ParameterDict({"a": nn.Parameter(torch.ones(8, 4))})
        self.layer = nn.Linear(4, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for weight in self.weights:
            x = x @ weight
        return self.layer((x * self.scale) @ self.table["a"])


def test_parameters_on_inner_nodes_and_in_lists():
    _, params, info = profile(OwnParameters())
    # the model's own: its scale, three 8x8 matrices and one 8x4, each multiplied with 2 rows
    assert rows(info)[""] == (2 * (3 * 8 * 8 + 8 * 4), 8 + 3 * 8 * 8 + 8 * 4, 1)
    assert rows(info)["layer"] == (2 * (4 * 2 + 2), 4 * 2 + 2, 1)
    assert params == info.all_params


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(16, 8)
        self.head = nn.Linear(8, 16, bias=False)
        self.head.weight = self.embed.weight

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.head(self.embed(ids))


def test_tied_weights_count_once():
    macs, params, info = profile(Tied(), torch.zeros(2, 5, dtype=torch.long))
    assert (macs, params, info.all_params) == (2 * 5 * 8 * 16, 16 * 8, 16 * 8)


class OtherMethods(nn.Module):
    """Calls a layer's functions without calling the layer."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Linear(8, 4)
        self.decoder = nn.Linear(4, 8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.decoder.forward(self.encoder(x))

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        return self.encoder(x)


def test_a_module_run_through_forward_itself_is_counted():
    macs, params, info = profile(OtherMethods(), convention="exact")
    assert macs == 2 * (8 * 4 + 4 * 8)
    macs, params, info = profile(OtherMethods())
    assert params == info.all_params
    assert info.not_run == []


def test_another_method_than_forward():
    macs, params, info = profile(OtherMethods(), method="encode")
    assert (macs, params) == (2 * (8 * 4 + 4), 8 * 4 + 4)
    assert info.not_run == ["decoder"]
    assert [(step.name, step.input_shape, step.macs) for step in info.steps] == [("encoder", (2, 8), macs)]
    with pytest.raises(thoplw.Error, match="OtherMethods has no method 'encod'"):
        profile(OtherMethods(), method="encod")


class PlainList(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = [nn.Linear(8, 8), nn.Sequential(nn.Linear(8, 8), nn.ReLU())]
        self.by_name = {"last": nn.Linear(8, 2)}

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in self.layers:
            x = layer(x)
        return self.by_name["last"](x)


def test_modules_in_plain_python_lists_are_counted_and_said():
    macs, params, info = profile(PlainList())
    assert macs == 2 * (2 * (8 * 8 + 8) + 8 * 2 + 2)
    assert params == 2 * (8 * 8 + 8) + 8 * 2 + 2
    assert list(rows(info)) == ["layers.0", "layers.1.0", "layers.1.1", "by_name.last"]
    assert len(info.notes) == 1
    assert "layers.0" in info.notes[0]


class BuiltInForward(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer: nn.Module | None = None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.layer is None:
            self.layer = nn.Linear(x.shape[-1], 3)
        return nn.Softmax(dim=-1)(self.layer(x))


def test_a_module_built_in_forward_is_counted_and_not_left_behind():
    model = BuiltInForward()
    macs, params, _ = profile(model)
    assert (macs, params) == (2 * (8 * 3 + 3), 8 * 3 + 3)
    assert model.layer is None
    assert profile(model)[:2] == (macs, params)


@pytest.mark.parametrize("real", [False, True])
def test_lazy_modules(real):
    model = nn.Sequential(nn.LazyConv2d(4, 3), nn.LazyBatchNorm2d(), nn.Flatten(), nn.LazyLinear(5))
    if real:
        model.append(LooksAtValues())
    macs, params, _ = thoplw.profile(model, torch.ones(1, 3, 6, 6), verbose=False, convention="exact")
    # 3x3 kernels on 3 channels at 4x4 positions for 4 channels; 4 x 16 features to 5
    assert macs == 3 * 3 * 3 * 4 * 16 + 64 * 5
    assert params == (3 * 3 * 3 * 4 + 4) + (4 + 4) + (64 * 5 + 5)
    assert type(model[0]) is nn.LazyConv2d
    assert model[0].has_uninitialized_params()
    assert model[3].has_uninitialized_params()


class LooksAtValues(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x if x.sum() > 0 else -x


def test_lazy_modules_that_never_run():
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.used, self.unused = nn.LazyLinear(2), nn.LazyLinear(2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.used(x)

    assert profile(Model())[:2] == (2 * (8 * 2 + 2), 8 * 2 + 2)


def test_a_lazy_model_whose_forward_raises():
    with pytest.raises(thoplw.Error, match="lazy parameters"):
        thoplw.profile(nn.Sequential(nn.LazyConv2d(4, 3)), torch.ones(1, 2), verbose=False)


def test_generators_and_modules_of_no_use():
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.ModuleList(nn.Linear(8, 8) for _ in range(4))

        def forward(self, xs: Any) -> torch.Tensor:
            return sum(layer(x) for layer, x in zip(self.layers, xs, strict=True))

    xs = [torch.ones(2, 8) for _ in range(4)]
    assert profile(Model(), [xs])[0] == 4 * 2 * (8 * 8 + 8)
    assert profile(Model(), ((x for x in xs),))[0] == 4 * 2 * (8 * 8 + 8)

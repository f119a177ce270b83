"""What models take: nests of tensors, dataclasses, strings and None, keywords, integers with checks, no batch."""

from __future__ import annotations

from collections import OrderedDict, namedtuple
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import nn

import thoplw
from thoplw import _models

LAYER = 2 * (8 * 8 + 8)  # a Linear(8, 8) on two rows, with its biases
Pair = namedtuple("Pair", "left right")


@dataclass
class Batch:
    x: torch.Tensor
    name: str
    mask: torch.Tensor | None = None


@dataclass(frozen=True)
class Frozen:
    batch: Batch
    scale: float


class Model(nn.Module):
    def __init__(self, function: Any) -> None:
        super().__init__()
        self.layer = nn.Linear(8, 8)
        self.function = function

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(self.layer, *args, **kwargs)


def macs(function: Any, tensor: Any, **options: Any) -> int:
    count, _, info = thoplw.profile(Model(function), tensor, verbose=False, **options)
    assert info.exact
    assert info.notes == []
    return count


def x() -> torch.Tensor:
    return torch.ones(2, 8)


def test_dataclasses():
    batch = Batch(x(), "first")
    assert macs(lambda layer, batch: layer(batch.x), [batch]) == LAYER
    assert macs(lambda layer, frozen: layer(frozen.batch.x) * frozen.scale, [Frozen(batch, 2.0)]) == LAYER
    assert torch.equal(batch.x, x())  # the caller's own is not touched
    assert not batch.x.is_meta


def test_a_module_that_returns_a_dataclass_has_shapes():
    class Wraps(nn.Linear):
        def forward(self, value: torch.Tensor) -> Any:
            return Batch(super().forward(value), "out")

    count, _, info = thoplw.profile(Wraps(8, 8), (2, 8), verbose=False)
    assert (count, info.exact, info[0].output_shape) == (LAYER, True, (8,))


def test_nests_of_containers():
    nest = {"a": [Pair(x(), None), (x(), "text")], "b": OrderedDict(c=x())}
    function = lambda layer, nest: layer(nest["a"][0].left) + layer(nest["a"][1][0]) + layer(nest["b"]["c"])  # noqa: E731
    assert macs(function, [nest]) == 3 * LAYER


def test_strings_numbers_and_none():
    def function(layer: nn.Module, value: torch.Tensor, mode: str, times: int, mask: None, scale: float) -> Any:
        assert (mode, mask, scale) == ("mean", None, 0.5)
        for _ in range(times):
            value = layer(value)
        return value

    assert macs(function, [x(), "mean", 3, None, 0.5]) == 3 * LAYER


def test_keywords_only():
    def function(layer: nn.Module, *, left: torch.Tensor, right: torch.Tensor | None = None) -> Any:
        return layer(left) if right is None else layer(left) + layer(right)

    assert macs(function, {"left": x()}) == LAYER
    assert macs(function, {"left": (2, 8), "right": (2, 8)}) == 2 * LAYER
    assert macs(function, (), kwargs={"left": x()}) == LAYER


def test_integer_inputs_keep_their_values():
    def function(layer: nn.Module, ids: torch.Tensor, lengths: torch.Tensor) -> Any:
        if ids.min() < 0 or int(ids.max()) >= 8:
            raise IndexError("no such token")
        assert lengths.tolist() == [3, 2]
        return layer(nn.functional.one_hot(ids, 8).float())

    ids = torch.tensor([[1, 2, 7], [0, 3, 0]])
    assert macs(function, [ids, torch.tensor([3, 2])]) == 6 * (8 * 8 + 8)
    with pytest.raises(thoplw.Error, match="IndexError: no such token"):
        macs(function, [ids + 5, torch.tensor([3, 2])])


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16])
def test_element_types(dtype):
    model = Model(lambda layer, value, ids: layer(value)).to(dtype)
    count = thoplw.profile(model, [torch.ones(2, 8, dtype=dtype), torch.ones(2, dtype=torch.int32)], verbose=False)[0]
    assert count == LAYER


def test_no_batch_dimension():
    # 3 x 3 on 3 channels for 4, at 6 x 6 positions, and 4 biases
    assert thoplw.profile(nn.Conv2d(3, 4, 3), torch.ones(3, 8, 8), verbose=False)[0] == 27 * 4 * 36 + 4
    assert thoplw.profile(nn.Linear(8, 8), torch.ones(8), verbose=False)[0] == 8 * 8 + 8
    # 5 steps of 4 gates of 4 from 8 inputs and 4 states, with two biases
    assert thoplw.profile(nn.LSTM(8, 4), torch.ones(5, 8), verbose=False)[0] == 5 * 4 * (8 * 4 + 4 * 4 + 2 * 4)


def test_transformers_outputs_as_inputs():
    pytest.importorskip("torchvision")
    _models.import_torchvision()  # transformers imports it too
    transformers = pytest.importorskip("transformers")
    sizes = {"vocab_size": 32, "d_model": 8, "d_kv": 4, "d_ff": 16, "num_layers": 1, "num_heads": 2}
    model = transformers.T5ForConditionalGeneration(transformers.T5Config(**sizes, decoder_start_token_id=0))
    encoded = transformers.modeling_outputs.BaseModelOutput(last_hidden_state=torch.ones(1, 5, 8))
    ids = torch.zeros(1, 3, dtype=torch.long)
    count = thoplw.profile(
        model, {"encoder_outputs": encoded, "decoder_input_ids": ids}, verbose=False, convention="exact"
    )[0]
    own = 3 * 4 * 8 * 8 + 2 * 3 * 3 * 8  # 4 projections, and products of 3 positions with 3
    cross = 2 * 3 * 8 * 8 + 2 * 5 * 8 * 8 + 2 * 3 * 5 * 8  # queries and results of 3, keys and values of 5
    assert count == own + cross + 3 * 2 * 8 * 16 + 3 * 8 * 32  # the inner layers, and the head

"""Quantised layers hold packed weights: what these stand for counts, of products and of parameters alike."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import pytest
import torch
from torch import nn

import thoplw
from test_operators import CONVOLUTIONS, Convolutions, engine, t

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.usefixtures("engine")]
__all__ = ["engine"]


def rows(model: nn.Module, *inputs: torch.Tensor, convention: str = "thoplw") -> tuple[int, dict[str, int]]:
    """Multiply-adds, and the parameters of each row that has any; nothing of them is trained."""
    macs, params, info = thoplw.profile(model, list(inputs), convention=convention, verbose=False)
    found = {row.name: row.params for row in info if row.params}
    assert info.exact
    assert sum(found.values()) == params
    return macs, found


def dynamic(*layers: nn.Module) -> nn.Module:
    return torch.ao.quantization.quantize_dynamic(nn.Sequential(*layers), set(map(type, layers)), dtype=torch.qint8)


@pytest.mark.parametrize("convention", ["thoplw", "exact"])
def test_dynamic_linear(convention: str) -> None:
    model = dynamic(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 4))
    macs, params = rows(model, t(2, 16), convention=convention)
    assert macs == 2 * (16 * 32 + 32 * 4)
    assert params == {"0": 16 * 32 + 32, "2": 32 * 4 + 4}  # 676
    info = thoplw.profile(model, t(2, 16), verbose=False)[2]
    assert (info.all_params, info.trainable_params, info.buffers) == (676, 0, 0)


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (nn.LSTM(5, 4), (3, 2, 5)),
        (nn.GRU(5, 4, 2, bidirectional=True), (3, 2, 5)),
        (nn.LSTMCell(5, 4), (2, 5)),
        (nn.GRUCell(5, 4), (2, 5)),
        (nn.RNNCell(5, 4), (2, 5)),
        (nn.Linear(5, 4, bias=False), (2, 5)),
    ],
    ids=str,
)
def test_as_many_as_before(layer: nn.Module, shape: tuple[int, ...]) -> None:
    assert rows(dynamic(layer), t(*shape))[1] == {"0": sum(p.numel() for p in layer.parameters())}


def test_embedding() -> None:
    model = nn.Sequential(nn.Embedding(10, 4))
    model.qconfig = torch.ao.quantization.float_qparams_weight_only_qconfig  # type: ignore[assignment]
    model = torch.ao.quantization.convert(torch.ao.quantization.prepare(model))
    assert rows(model, torch.zeros(2, 3, dtype=torch.int64)) == (0, {"0": 10 * 4})


def test_static() -> None:
    model, x = Convolutions().eval(), t(2, 3, 10, 10)
    model = torch.ao.quantization.fuse_modules(model, [["conv", "norm", "relu"]])
    model.qconfig = torch.ao.quantization.get_default_qconfig("qnnpack")  # type: ignore[assignment]
    torch.ao.quantization.prepare(model, inplace=True)
    model(x)
    torch.ao.quantization.convert(model, inplace=True)
    weights = {"conv": 8 * 3 * 9 + 8, "grouped": 8 * 4 * 9 + 8, "up": 8 * 8 * 4 + 8, "fc": 8 * 5 + 5}
    assert rows(model, x) == (CONVOLUTIONS, weights)


def test_a_layer_that_does_not_run() -> None:
    class Half(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.used, self.idle = nn.Linear(8, 4), nn.Linear(8, 6)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.used(x)

    model = torch.ao.quantization.quantize_dynamic(Half(), {nn.Linear}, dtype=torch.qint8)
    assert rows(model, t(2, 8))[1] == {"used": 8 * 4 + 4}
    assert rows(model, t(2, 8), convention="exact")[1] == {"used": 8 * 4 + 4, "idle": 8 * 6 + 6}


# ---- integers that hold several weights each, as the layers of other libraries keep them


class Words(nn.Module):
    """Weights of 4 bits in elements of 8: dequantised before the product."""

    def __init__(self, name: str, buffer: bool, **sizes: int) -> None:
        super().__init__()
        words = torch.zeros(4096, 1, dtype=torch.uint8)
        if buffer:
            self.register_buffer(name, words)
        else:
            self.register_parameter(name, nn.Parameter(words, requires_grad=False))
        self.register_buffer("g_idx", torch.zeros(64, dtype=torch.int32))
        self.bias = nn.Parameter(torch.zeros(128))
        self.__dict__.update(sizes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        words = self.get_parameter("weight") if hasattr(self, "weight") else self.g_idx
        if hasattr(words, "quant_state"):
            return torch.ops.bitsandbytes.gemm_4bit(x, words, [128, 64], x.new_zeros(128), 64, "nf4", self.bias)
        return x @ x.new_zeros(64, 128) + self.bias


SIZES = {"in_features": 64, "out_features": 128}


@pytest.mark.parametrize(
    ("name", "buffer", "sizes", "weights", "buffers"),
    [
        ("W_q", False, SIZES, 128 * 64, 64),  # as HQQ has it
        ("qweight", True, SIZES, 128 * 64, 64),  # as GPTQ and AWQ have it
        ("qweight", True, {}, 0, 4096 + 64),  # nothing says what it stands for
        ("codes", True, SIZES, 0, 4096 + 64),  # no weight by its name
    ],
)
def test_words_of_several_weights(name: str, buffer: bool, sizes: dict[str, int], weights: int, buffers: int) -> None:
    info = thoplw.profile(Words(name, buffer, **sizes), t(3, 64), convention="exact", verbose=False)[2]
    assert (info.params, info.trainable_params, info.buffers) == (weights + 128, 128, buffers)


@pytest.fixture
def bitsandbytes() -> Iterator[None]:
    """The operator as bitsandbytes 0.50 declares it, which is too large a dependency for a test."""
    library = torch.library.Library("bitsandbytes", "FRAGMENT")
    library.define(
        "gemm_4bit(Tensor A, Tensor B, int[] shapeB, Tensor absmax, int blocksize, str quant_type, Tensor? bias=None, "
        "Tensor? absmax_8bit=None, Tensor? absmax_code=None, Tensor? absmax_offset=None) -> Tensor"
    )
    library.impl("gemm_4bit", lambda a, b, shape, *_: a.new_zeros(*a.shape[:-1], shape[0]), "Meta")
    yield
    library._destroy()


def test_four_bits(bitsandbytes: None) -> None:
    model = nn.Sequential(Words("weight", False))
    model[0].weight.quant_state = SimpleNamespace(shape=torch.Size([128, 64]))  # type: ignore[union-attr]
    assert rows(model, t(3, 64)) == (3 * 64 * 128, {"0": 128 * 64 + 128})

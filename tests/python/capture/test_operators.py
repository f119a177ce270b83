"""Operator families on live tensors: the multiply-adds that a hand calculation gives, on every path of a pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

from thoplw import _native

if tuple(map(int, torch.__version__.split(".")[:2])) < (2, 13):
    pytest.skip("older releases lack some of the operators", allow_module_level=True)
pytestmark = pytest.mark.filterwarnings("ignore")  # prototypes and what is deprecated are profiled all the same


class Model(nn.Module):
    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self.inner = function if isinstance(function, nn.Module) else None
        object.__setattr__(self, "function", function)

    def forward(self, *args: Any) -> Any:
        return (self.inner or self.function)(*args)


class Differentiating(Model):
    """Runs under no_grad only: composite operators then arrive taken apart."""

    def forward(self, *args: Any) -> Any:
        if torch.is_inference_mode_enabled():
            raise RuntimeError("Inference tensors cannot be used")
        return super().forward(*args)


def contraction(model: nn.Module, args: tuple[Any, ...], real: bool) -> int | list[str]:
    """The multiply-adds, or what could not be counted."""
    info = _native.count(_native.capture(model, args, {}, {}, real=real), "exact")
    return info.macs if info.exact else [operator.op for operator in info.uncounted]


def on_every_path(function: Callable[..., Any], args: tuple[Any, ...]) -> list[int | list[str]]:
    return [contraction(model(function), args, real) for model in (Model, Differentiating) for real in (False, True)]


def t(*shape: int) -> torch.Tensor:
    return torch.randn(shape)


def ids(*shape: int) -> torch.Tensor:
    return torch.randint(4, shape)


IMAGE = t(2, 4, 8, 8)
SPD = torch.eye(3).repeat(2, 1, 1) + 0.1  # symmetric, positive definite
ATTENTION = F.scaled_dot_product_attention
MASK = torch.tensor([[False] * 5, [False, False, False, True, True]])


def self_attention(**kwargs: Any) -> Callable[..., Any]:
    layer = nn.MultiheadAttention(8, 2, batch_first=True).eval()
    return lambda x: layer(x, x, x, **kwargs)[0]


def packed(layer: nn.Module, lengths: list[int]) -> Callable[..., Any]:
    return lambda x: layer(pack_padded_sequence(x, torch.tensor(lengths), enforce_sorted=False))[0].data


# 2 sequences of 5, width 8: four projections, two products of 5 x 5 by 8 over all heads
SELF_ATTENTION = 2 * (4 * 5 * 8 * 8 + 2 * 5 * 5 * 8)
ENCODER = SELF_ATTENTION + 2 * (2 * 5 * 8 * 16)  # and two linear layers, 8 to 16 to 8

# fmt: off
COUNTED: list[tuple[str, Callable[..., Any], tuple[Any, ...], int]] = [
    ("conv1d", nn.Conv1d(4, 8, 3), (t(2, 4, 6),), 2 * 8 * 4 * 3 * 4),
    ("conv2d, unbatched", nn.Conv2d(4, 8, 3), (t(4, 6, 6),), 8 * 4 * 9 * 16),
    ("conv2d, groups and stride", nn.Conv2d(4, 8, 3, 2, 1, groups=2), (t(2, 4, 6, 6),), 2 * 8 * 2 * 9 * 9),
    ("conv2d, depthwise", nn.Conv2d(4, 4, 3, padding="same", groups=4), (t(2, 4, 6, 6),), 2 * 4 * 9 * 36),
    ("conv2d, circular", nn.Conv2d(4, 8, 3, padding=1, padding_mode="circular"), (t(2, 4, 6, 6),), 2 * 8 * 4 * 9 * 36),
    ("conv2d, dilated", nn.Conv2d(4, 8, 3, dilation=2), (t(2, 4, 6, 6),), 2 * 8 * 4 * 9 * 4),
    ("conv3d", nn.Conv3d(4, 8, 3), (t(2, 4, 6, 6, 6),), 2 * 8 * 4 * 27 * 64),
    ("conv_transpose1d", nn.ConvTranspose1d(4, 8, 3, 2, 1, 1, groups=2), (t(2, 4, 6),), 2 * 4 * 4 * 3 * 6),
    ("conv_transpose2d", nn.ConvTranspose2d(4, 8, 3, 2), (t(2, 4, 6, 6),), 2 * 4 * 8 * 9 * 36),
    ("conv_transpose3d", nn.ConvTranspose3d(4, 8, 3), (t(2, 4, 6, 6, 6),), 2 * 4 * 8 * 27 * 216),
    ("conv_tbc", torch.conv_tbc, (t(10, 2, 3), t(3, 3, 4), t(4)), 3 * 3 * 4 * 8 * 2),
    ("linear", nn.Linear(5, 7), (t(2, 3, 5),), 2 * 3 * 5 * 7),
    ("bilinear", nn.Bilinear(3, 4, 5), (t(2, 7, 3), t(2, 7, 4)), 2 * 7 * 5 * 3 * 4),
    ("matmul, batches broadcast", torch.matmul, (t(2, 1, 4, 5), t(3, 5, 6)), 2 * 3 * 4 * 5 * 6),
    ("matmul, a vector", torch.matmul, (t(2, 4, 5), t(5)), 2 * 4 * 5),
    ("matmul, complex", torch.matmul, (t(4, 5).cfloat(), t(5, 6).cfloat()), 4 * 5 * 6),
    ("mm", torch.mm, (t(4, 5), t(5, 6)), 4 * 5 * 6),
    ("mv", torch.mv, (t(4, 5), t(5)), 4 * 5),
    ("bmm", torch.bmm, (t(2, 4, 5), t(2, 5, 6)), 2 * 4 * 5 * 6),
    ("addmm", torch.addmm, (t(6), t(4, 5), t(5, 6)), 4 * 5 * 6),
    ("addmv", torch.addmv, (t(4), t(4, 5), t(5)), 4 * 5),
    ("baddbmm", torch.baddbmm, (t(2, 4, 6), t(2, 4, 5), t(2, 5, 6)), 2 * 4 * 5 * 6),
    ("addbmm", torch.addbmm, (t(4, 6), t(2, 4, 5), t(2, 5, 6)), 2 * 4 * 5 * 6),
    ("dot", torch.dot, (t(5), t(5)), 5),
    ("vdot", torch.vdot, (t(5), t(5)), 5),
    ("vmap of dot", torch.func.vmap(torch.dot), (t(4, 5), t(4, 5)), 4 * 5),
    ("inner", torch.inner, (t(2, 5), t(3, 5)), 2 * 3 * 5),
    ("inner, a scalar", torch.inner, (t(), t(3, 5)), 0),  # nothing is summed
    ("outer", torch.outer, (t(4), t(5)), 0),
    ("addr", torch.addr, (t(4, 5), t(4), t(5)), 0),
    ("kron", torch.kron, (t(2, 3), t(4, 5)), 0),
    ("tensordot", lambda a, b: torch.tensordot(a, b, ([0, 1], [1, 0])), (t(3, 4, 2), t(4, 3, 5)), 2 * 5 * 3 * 4),
    ("chain_matmul", torch.chain_matmul, (t(2, 3), t(3, 4), t(4, 5)), 2 * 3 * 4 + 2 * 4 * 5),
    # the cheapest order: 30x3 by 3, 2x30 by 30, 10x2 by 2
    ("multi_dot", lambda *a: torch.linalg.multi_dot(a), (t(10, 2), t(2, 30), t(30, 3), t(3)), 90 + 60 + 20),
    ("matrix_power", lambda a: torch.matrix_power(a, 5), (t(4, 4),), 3 * 4 * 4 * 4),  # a2, a4, a4 a
    ("einsum", lambda a, b: torch.einsum("...ij,...jk", a, b), (t(7, 1, 2, 3), t(8, 3, 5)), 7 * 8 * 2 * 3 * 5),
    ("einsum by sublists", lambda a, b: torch.einsum(a, [0, 1], b, [1, 2], [0, 2]), (t(4, 5), t(5, 6)), 4 * 5 * 6),
    ("einsum of a diagonal", lambda a, b: torch.einsum("ii,ij->j", a, b), (t(4, 4), t(4, 5)), 4 * 5),
    ("einsum of three", lambda *a: torch.einsum("ij,jk,kl->il", *a), (t(2, 3), t(3, 4), t(4, 5)), 24 + 40),
    ("einsum, elementwise", lambda a, b: torch.einsum("ij,ij->ij", a, b), (t(4, 5), t(4, 5)), 0),
    ("cdist", torch.cdist, (t(2, 4, 5), t(2, 6, 5)), 2 * 4 * 6 * 5),
    ("cdist by a product", torch.cdist, (t(30, 5), t(40, 5)), 30 * 40 * 5),
    ("pdist", F.pdist, (t(6, 5),), 15 * 5),
    ("affine_grid", lambda m: F.affine_grid(m, [2, 3, 5, 7], False), (t(2, 2, 3),), 2 * 5 * 7 * 2 * 3),
    ("int_mm", torch._int_mm, (ids(32, 16).char(), ids(16, 8).char()), 32 * 16 * 8),
    ("scaled_mm", lambda a, b: torch._scaled_mm(a, b.t(), t(1).abs()[0], t(1).abs()[0], out_dtype=torch.bfloat16),
     (t(32, 16).to(torch.float8_e4m3fn), t(16, 16).to(torch.float8_e4m3fn)), 32 * 16 * 16),
    ("weight_int8pack_mm", torch._weight_int8pack_mm, (t(32, 16).bfloat16(), ids(8, 16).char(), t(8).bfloat16()),
     32 * 16 * 8),

    # 3 x 3: factors of 4+1 (LU) or 3+1 (Cholesky) multiply-adds, 0+1+2 per triangle and right-hand side
    ("solve", torch.linalg.solve, (SPD, t(2, 3, 5)), 2 * (5 + 5 * 6)),
    ("solve, a vector", torch.linalg.solve, (SPD[0], t(3)), 5 + 6),
    ("solve, from the right", lambda a, b: torch.linalg.solve(a, b, left=False), (SPD[0], t(5, 3)), 5 + 5 * 6),
    ("solve_triangular", lambda a, b: torch.linalg.solve_triangular(a, b, upper=False), (SPD, t(3, 5)), 2 * 5 * 3),
    ("triangular_solve", lambda a, b: torch.triangular_solve(b, a)[0], (SPD, t(2, 3, 5)), 2 * 5 * 3),
    ("lu_factor", lambda a: torch.linalg.lu_factor(a)[0], (SPD,), 2 * 5),
    ("lu_solve", lambda a, b: torch.linalg.lu_solve(*torch.linalg.lu_factor(a), b), (SPD, t(2, 3, 5)), 2 * (5 + 30)),
    ("cholesky", torch.linalg.cholesky, (SPD,), 2 * 4),
    ("cholesky_solve", lambda a, b: torch.cholesky_solve(b, a), (SPD, t(2, 3, 5)), 2 * 5 * 6),
    ("inv", torch.linalg.inv, (SPD,), 2 * 3 * 2 * 2),  # n (n - 1)^2
    ("det", torch.linalg.det, (SPD,), 2 * 5),
    ("slogdet", lambda a: torch.linalg.slogdet(a)[1], (SPD,), 2 * 5),
    ("qr", lambda a: torch.linalg.qr(a)[0], (t(4, 2),), 17 + 10),  # GEQRF and ORGQR, as in rules_test.cpp
    ("normal distribution", lambda x: torch.distributions.MultivariateNormal(
        torch.zeros(3), scale_tril=torch.eye(3), validate_args=False).log_prob(x), (t(5, 3),), 5 * 3),

    ("attention", ATTENTION, (t(2, 8, 5, 4), t(2, 8, 7, 4), t(2, 8, 7, 6)), 2 * 8 * 5 * 7 * (4 + 6)),
    ("attention, causal", lambda q: ATTENTION(q, q, q, is_causal=True), (t(2, 8, 5, 4),), 2 * 8 * 5 * 5 * 8),
    ("attention, masked", lambda q, m: ATTENTION(q, q, q, m), (t(2, 8, 5, 4), t(2, 1, 5, 5)), 2 * 8 * 5 * 5 * 8),
    ("attention, grouped", lambda q, k: ATTENTION(q, k, k, enable_gqa=True), (t(2, 8, 5, 4), t(2, 2, 7, 4)),
     2 * 8 * 5 * 7 * 8),
    ("attention, one head", ATTENTION, (t(5, 4), t(7, 4), t(7, 4)), 5 * 7 * 8),
    ("multi-head", self_attention(need_weights=False), (t(2, 5, 8),), SELF_ATTENTION),
    ("multi-head, weights", self_attention(), (t(2, 5, 8),), SELF_ATTENTION),
    ("multi-head, padded", self_attention(key_padding_mask=MASK), (t(2, 5, 8),), SELF_ATTENTION),
    ("multi-head, other widths", nn.MultiheadAttention(8, 2, kdim=6, vdim=4, batch_first=True),
     (t(2, 5, 8), t(2, 7, 6), t(2, 7, 4)), 2 * (2 * 5 * 64 + 7 * 6 * 8 + 7 * 4 * 8 + 2 * 5 * 7 * 8)),
    # one key and value of their own, and a zero: 7 in all
    ("multi-head, more keys", nn.MultiheadAttention(8, 2, add_bias_kv=True, add_zero_attn=True),
     (t(5, 2, 8), t(5, 2, 8), t(5, 2, 8)), 2 * (4 * 5 * 64 + 2 * 5 * 7 * 8)),
    ("encoder layer", nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), (t(2, 5, 8),), ENCODER),
    ("encoder layer, norm first", nn.TransformerEncoderLayer(8, 2, 16, norm_first=True), (t(5, 2, 8),), ENCODER),
    # padding counts as it is given: the work hangs on sizes, not on the values of a mask
    ("encoder, padded", lambda x: ENCODER_OF_TWO(x, src_key_padding_mask=MASK), (t(2, 5, 8),), 2 * ENCODER),
    ("decoder layer", nn.TransformerDecoderLayer(8, 2, 16, batch_first=True), (t(2, 5, 8), t(2, 7, 8)),
     ENCODER + 2 * (2 * 5 * 64 + 2 * 7 * 64 + 2 * 5 * 7 * 8)),

    # 3 steps of 2 sequences; gates of 4 from 5 inputs and a state of 4
    ("rnn", nn.RNN(5, 4, nonlinearity="relu"), (t(3, 2, 5),), 3 * 2 * 4 * (5 + 4)),
    ("gru, both directions", nn.GRU(5, 4, bidirectional=True), (t(3, 2, 5),), 2 * 3 * 2 * 3 * 4 * (5 + 4)),
    ("lstm, two layers", nn.LSTM(5, 4, 2, dropout=0.5), (t(3, 2, 5),), 3 * 2 * 4 * 4 * (5 + 4 + 4 + 4)),
    ("lstm, no bias, unbatched", nn.LSTM(5, 4, bias=False), (t(3, 5),), 3 * 4 * 4 * (5 + 4)),
    ("lstm, projected", nn.LSTM(5, 4, proj_size=2, batch_first=True), (t(2, 3, 5),), 3 * 2 * (16 * 5 + 16 * 2 + 2 * 4)),
    ("lstm, packed", packed(nn.LSTM(5, 4, bidirectional=True), [1, 3, 2]), (t(3, 3, 5),), 2 * 6 * 4 * 4 * (5 + 4)),
    ("rnn cell", nn.RNNCell(5, 4), (t(2, 5),), 2 * 4 * (5 + 4)),
    ("gru cell", nn.GRUCell(5, 4), (t(5),), 3 * 4 * (5 + 4)),
    ("lstm cell", nn.LSTMCell(5, 4, bias=False), (t(2, 5),), 2 * 4 * 4 * (5 + 4)),
]

WITHOUT_CONTRACTION: list[tuple[str, Callable[..., Any], tuple[Any, ...]]] = [
    *[(str(layer), layer, (IMAGE,)) for layer in (
        nn.BatchNorm2d(4), nn.InstanceNorm2d(4), nn.GroupNorm(2, 4), nn.LayerNorm(8), nn.RMSNorm(8),
        nn.LocalResponseNorm(2), nn.ReLU(), nn.PReLU(4), nn.RReLU(), nn.SELU(), nn.CELU(), nn.ELU(), nn.GELU(),
        nn.GELU("tanh"), nn.SiLU(), nn.Mish(), nn.Softplus(), nn.Softsign(), nn.Softshrink(), nn.Hardshrink(),
        nn.Tanhshrink(), nn.Threshold(0.1, 1), nn.GLU(1), nn.LogSigmoid(), nn.Hardtanh(), nn.Hardswish(),
        nn.Hardsigmoid(), nn.Sigmoid(), nn.Tanh(), nn.LeakyReLU(), nn.ReLU6(), nn.Softmin(1), nn.Softmax(1),
        nn.LogSoftmax(1), nn.Softmax2d(), nn.MaxPool2d(2), nn.MaxPool2d(2, return_indices=True), nn.AvgPool2d(2),
        nn.AdaptiveAvgPool2d(3), nn.AdaptiveMaxPool2d(3), nn.FractionalMaxPool2d(3, output_size=2), nn.LPPool2d(2, 2),
        nn.Upsample(scale_factor=2), nn.Upsample(scale_factor=1.5, mode="bicubic"), nn.Upsample((5, 5)),
        nn.Upsample(scale_factor=2, mode="nearest-exact"), nn.UpsamplingBilinear2d(scale_factor=2),
        nn.PixelShuffle(2), nn.PixelUnshuffle(2), nn.ChannelShuffle(2), nn.Unfold(3), nn.ReflectionPad2d(1),
        nn.ReplicationPad2d(1), nn.ConstantPad2d(1, 2.0), nn.CircularPad2d(1), nn.Dropout(), nn.AlphaDropout(),
        nn.Flatten(), nn.Unflatten(1, (2, 2)))],
    ("interpolate, area", lambda x: F.interpolate(x, (3, 3), mode="area"), (IMAGE,)),
    ("interpolate, smooth", lambda x: F.interpolate(x, scale_factor=0.5, mode="bilinear", antialias=True), (IMAGE,)),
    ("interpolate 1d", lambda x: F.interpolate(x, scale_factor=1.3, mode="linear"), (t(2, 3, 8),)),
    ("interpolate 3d", lambda x: F.interpolate(x, scale_factor=(2, 1, 0.5), mode="trilinear"), (t(2, 3, 4, 4, 4),)),
    ("grid_sample", F.grid_sample, (IMAGE, t(2, 5, 5, 2))),
    ("embedding", nn.Embedding(10, 4, max_norm=1.0), (ids(2, 3),)),
    ("embedding_bag", nn.EmbeddingBag(10, 4, mode="max"), (ids(2, 3),)),
    ("fft", torch.fft.fft, (IMAGE,)),
    ("rfft2", torch.fft.rfft2, (IMAGE,)),
    ("irfft", torch.fft.irfft, (t(2, 5).cfloat(),)),
    ("fftn", torch.fft.fftn, (IMAGE,)),
    ("fftfreq", lambda x: torch.fft.fftfreq(8) + x, (t(8),)),
    ("stft", lambda x: torch.stft(x, 16, return_complex=True), (t(2, 64),)),
    ("sort", torch.sort, (IMAGE,)),
    ("topk", lambda x: x.topk(3), (IMAGE,)),
    ("quantile", lambda x: x.quantile(0.5), (IMAGE,)),
    ("unique", torch.unique, (IMAGE,)),
    ("bincount", torch.bincount, (ids(9),)),
    ("histc", torch.histc, (IMAGE,)),
    ("searchsorted", lambda x: torch.searchsorted(x, x), (t(5),)),
    ("mask", lambda x: x[x > 0], (IMAGE,)),
    ("index_put", lambda x: x.index_put((torch.tensor([1]),), x[:1]), (IMAGE,)),
    ("scatter", lambda x: x.scatter(0, ids(1, 4, 8, 8) // 4, 1.0), (IMAGE,)),
    ("logsumexp", lambda x: x.logsumexp(1), (IMAGE,)),
    ("cross", lambda a, b: torch.linalg.cross(a, b), (t(4, 3), t(4, 3))),
    ("renorm", lambda x: x.renorm(2, 0, 1.0), (IMAGE,)),
    ("cross_entropy", F.cross_entropy, (t(3, 5, 2, 2), ids(3, 2, 2))),
    ("mse_loss", F.mse_loss, (IMAGE, IMAGE)),
    ("ctc_loss", lambda x: F.ctc_loss(x, 1 + ids(2, 4), torch.tensor([9, 9]), torch.tensor([4, 4])), (t(9, 2, 5),)),
    ("fold", lambda x: F.fold(x, (4, 4), 2, stride=2), (t(1, 12, 4),)),
    ("bessel_j0", torch.special.bessel_j0, (IMAGE,)),
    ("fake_quantize", lambda x: torch.fake_quantize_per_tensor_affine(x, 0.1, 0, 0, 255), (IMAGE,)),
    ("dequantize", lambda x: torch.quantize_per_tensor(x, 0.1, 0, torch.quint8).dequantize(), (IMAGE,)),
]
# fmt: on
ENCODER_OF_TWO = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2).eval()


@pytest.mark.parametrize(("name", "function", "args", "macs"), COUNTED, ids=[case[0] for case in COUNTED])
def test_contractions(name: str, function: Any, args: tuple[Any, ...], macs: int) -> None:
    assert on_every_path(function, args) == [macs] * 4


@pytest.mark.parametrize(
    ("name", "function", "args"), WITHOUT_CONTRACTION, ids=[case[0] for case in WITHOUT_CONTRACTION]
)
def test_operators_that_contract_nothing(name: str, function: Any, args: tuple[Any, ...]) -> None:
    assert on_every_path(function, args) == [0] * 4


@pytest.mark.parametrize("name", ["svd", "eigh", "pinv", "ldl_factor", "matrix_exp"])
def test_decompositions_that_hang_on_the_data_are_named_as_missing(name: str) -> None:
    """How many steps they take, the values say: a lower bound."""
    for found in on_every_path(getattr(torch.linalg, name), (torch.eye(4),)):
        assert isinstance(found, list)
        assert len(found) == 1


# ---- quantized models: run for real, their weights are packed


class Convolutions(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.quantize, self.dequantize = torch.ao.quantization.QuantStub(), torch.ao.quantization.DeQuantStub()
        self.conv, self.norm, self.relu = nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU()
        self.grouped, self.up = nn.Conv2d(8, 8, 3, groups=2), nn.ConvTranspose2d(8, 8, 2, 2)
        self.fc = nn.Linear(8, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.up(self.grouped(self.relu(self.norm(self.conv(self.quantize(x))))))
        return self.dequantize(self.fc(x.mean((2, 3))))


# 10x10 images: 8x8 and 6x6 positions after the convolutions
CONVOLUTIONS = 2 * (8 * 3 * 9 * 64 + 8 * 4 * 9 * 36 + 8 * 8 * 4 * 36 + 8 * 5)


@pytest.fixture
def engine() -> Any:
    before = torch.backends.quantized.engine
    torch.backends.quantized.engine = "fbgemm" if "fbgemm" in torch.backends.quantized.supported_engines else "qnnpack"
    yield torch.backends.quantized.engine
    torch.backends.quantized.engine = before


def test_static_quantization(engine: str) -> None:
    from torch.ao import quantization

    model, x = Convolutions().eval(), t(2, 3, 10, 10)
    assert contraction(model, (x,), False) == CONVOLUTIONS
    model = quantization.fuse_modules(model, [["conv", "norm", "relu"]])
    model.qconfig = quantization.get_default_qconfig("qnnpack")  # type: ignore[assignment]
    quantization.prepare(model, inplace=True)
    model(x)
    quantization.convert(model, inplace=True)
    assert type(model.conv).__module__.startswith("torch.ao.nn.intrinsic.quantized")
    assert contraction(model, (x,), False) == CONVOLUTIONS


def test_observers_that_grow_are_put_back(engine: str) -> None:
    from torch.ao import quantization

    model = Convolutions().train()
    model.qconfig = quantization.get_default_qat_qconfig("fbgemm")  # type: ignore[assignment]
    quantization.prepare_qat(model, inplace=True)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    assert contraction(model.eval(), (t(2, 3, 10, 10),), True) == CONVOLUTIONS
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name]), name


@pytest.mark.parametrize(
    ("layer", "shape", "macs"),
    [
        (nn.Linear(8, 16), (3, 8), 3 * 8 * 16),
        (nn.LSTM(5, 4), (3, 2, 5), 3 * 2 * 4 * 4 * (5 + 4)),
        (nn.GRU(5, 4, 2, bidirectional=True), (3, 2, 5), 3 * 2 * 2 * 3 * 4 * (5 + 4 + 8 + 4)),
        (nn.LSTMCell(5, 4), (2, 5), 2 * 4 * 4 * (5 + 4)),
        (nn.GRUCell(5, 4), (2, 5), 2 * 3 * 4 * (5 + 4)),
        (nn.RNNCell(5, 4), (2, 5), 2 * 4 * (5 + 4)),
    ],
    ids=str,
)
def test_dynamic_quantization(engine: str, layer: nn.Module, shape: tuple[int, ...], macs: int) -> None:
    model = torch.ao.quantization.quantize_dynamic(nn.Sequential(layer), {type(layer)}, dtype=torch.qint8)
    assert contraction(model, (t(*shape),), False) == macs


# ---- sparse and nested tensors: what they hold counts


def half_empty(rows: int, columns: int) -> torch.Tensor:
    """Every other element is there: rows * columns / 2."""
    return (torch.arange(rows * columns) % 2).float().view(rows, columns)


LAYOUTS = [torch.Tensor.to_sparse, torch.Tensor.to_sparse_csr, torch.Tensor.to_sparse_csc]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_sparse_products(layout: Callable[[torch.Tensor], torch.Tensor]) -> None:
    a = layout(half_empty(6, 5))  # 15 elements
    assert on_every_path(torch.matmul, (a, t(5, 4))) == [15 * 4] * 4
    assert on_every_path(lambda x: torch.sparse.mm(a, x), (t(5, 4),)) == [15 * 4] * 4
    assert on_every_path(lambda x: a @ x, (t(5),)) == [15] * 4
    assert on_every_path(lambda x: F.linear(x, a), (t(3, 5),)) == [3 * 15] * 4
    assert on_every_path(lambda x: torch.mm(a, x), (a.t(),)) == [["aten::mm"]] * 4  # hangs on which elements meet


def test_sparse_blocks_buffers_and_samples() -> None:
    blocks = torch.kron(torch.eye(3), torch.ones(2, 2)).to_sparse_bsr((2, 2))  # 3 blocks of 4
    assert on_every_path(lambda x: blocks @ x, (t(6, 4),)) == [3 * 4 * 4] * 4
    model = nn.Module()
    model.register_buffer("graph", half_empty(6, 6).to_sparse())
    model.forward = lambda x: model.graph @ x  # type: ignore[method-assign]
    assert contraction(model, (t(6, 4),), False) == 18 * 4
    sampled = half_empty(6, 5).to_sparse_csr()
    assert on_every_path(torch.sparse.sampled_addmm, (sampled, t(6, 3), t(3, 5))) == [15 * 3] * 4
    assert on_every_path(lambda i, v: torch.sparse_coo_tensor(i, v, (4, 4)) @ t(4, 7), (ids(2, 3), t(3))) == [3 * 7] * 4


@pytest.mark.parametrize("layout", [torch.strided, torch.jagged])
def test_nested_tensors(layout: torch.layout) -> None:
    rows = [t(3, 4), t(5, 4)]  # 8 in all
    nested = torch.nested.nested_tensor(rows, layout=layout)
    assert on_every_path(nn.Linear(4, 6), (nested,)) == [8 * 4 * 6] * 4
    assert on_every_path(nn.LayerNorm(4), (nested,)) == [0] * 4
    made_inside = lambda *x: F.linear(torch.nested.as_nested_tensor(list(x), layout=layout), t(6, 4))  # noqa: E731
    assert on_every_path(made_inside, tuple(rows)) == [8 * 4 * 6] * 4


def heads(layout: torch.layout, *lengths: int) -> torch.Tensor:
    """Sequences of these lengths, in two heads of 8 features."""
    if layout == torch.strided:
        return torch.nested.nested_tensor([t(2, length, 8) for length in lengths])
    return torch.nested.nested_tensor([t(length, 2, 8) for length in lengths], layout=layout).transpose(1, 2)


@pytest.mark.parametrize("layout", [torch.strided, torch.jagged])
def test_nested_attention(layout: torch.layout) -> None:
    own = heads(layout, 3, 5)
    # two products of 2 heads, 8 features: a query with every key of its own sequence
    assert on_every_path(ATTENTION, (own, own, own)) == [2 * 2 * 8 * (3 * 3 + 5 * 5)] * 4
    other = heads(layout, 4, 1)
    assert on_every_path(ATTENTION, (own, other, other)) == [2 * 2 * 8 * (3 * 4 + 5 * 1)] * 4
    one = heads(layout, 7)
    assert on_every_path(ATTENTION, (one, one, one)) == [2 * 2 * 8 * 7 * 7] * 4


def test_products_of_nested_tensors() -> None:
    a = torch.nested.nested_tensor([t(3, 8), t(5, 8)])
    b = torch.nested.nested_tensor([t(8, 4), t(8, 2)])
    assert on_every_path(torch.matmul, (a, b)) == [3 * 8 * 4 + 5 * 8 * 2] * 4
    scores = 2 * (3 * 8 * 3 + 5 * 8 * 5)
    queries = torch.nested.nested_tensor([t(2, 3, 8), t(2, 5, 8)])
    assert on_every_path(lambda q: q @ q.transpose(-2, -1), (queries,)) == [scores] * 4
    assert on_every_path(lambda q: torch.matmul(q, q.transpose(-2, -1)).softmax(-1) @ q, (queries,)) == [2 * scores] * 4


def test_an_operator_on_script_objects_is_not_missed(engine: str) -> None:
    """Packing has no rule: the total must say so."""
    pack = torch.ops.quantized.linear_prepack
    weight = torch.quantize_per_tensor(t(3, 5), 0.1, 0, torch.qint8)
    found = contraction(Model(lambda x: (pack(weight, None), x)[1]), (t(2, 5),), True)
    assert found == ["quantized::linear_prepack"]

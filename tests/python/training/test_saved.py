"""What operators keep for backward, against torch's own autograd on the CPU: the same storages, of the same sizes."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils import _pytree as pytree

from saved import freed_by_engine, freed_by_torch, saved_by_engine, saved_by_torch

PLAIN = "gelu sigmoid tanh softplus softsign logsigmoid tanhshrink softshrink hardshrink glu"
DROPOUTS = "dropout alpha_dropout dropout1d dropout2d dropout3d feature_alpha_dropout"

Case = tuple[str, Callable[..., Any], list[torch.Tensor]]

if not torch.__version__.startswith("2.13."):
    pytest.skip("what operators keep changes between releases of torch", allow_module_level=True)


def full(*sizes: int) -> torch.Tensor:
    return torch.rand(sizes) + 0.1


def moved(*sizes: int) -> torch.Tensor:
    """With the second and third sizes last in memory, as the heads of attention are: [batch, heads, length, size]."""
    return full(sizes[0], sizes[2], sizes[1], *sizes[3:]).transpose(1, 2)


def last(*sizes: int) -> torch.Tensor:
    return full(*sizes).to(memory_format=torch.channels_last)


def square(size: int) -> torch.Tensor:
    return torch.eye(size) + full(size, size) / 10


def case(name: str, function: Callable[..., Any], *tensors: torch.Tensor) -> Case:
    return name, function, list(tensors)


def products() -> Iterator[Case]:
    weight, bias = full(5, 4), full(5)
    for sizes in [(4,), (3, 4), (2, 3, 4), (2, 3, 6, 4)]:
        yield case(f"linear {sizes}", F.linear, full(*sizes), weight, bias)
        yield case(f"linear {sizes}, no bias", F.linear, full(*sizes), weight)
    yield case("linear, moved", F.linear, full(3, 2, 4).transpose(0, 1), weight, bias)
    yield case("linear, heads moved", F.linear, moved(2, 3, 6, 4), weight, bias)
    sizes = [(4,), (3, 4), (1, 3, 4), (2, 3, 4), (6, 1, 3, 4), (2, 6, 3, 4), (2, 1, 3, 4)]
    for left, right in itertools.product(sizes, [(4,), (4, 5), (1, 4, 5), (2, 4, 5), (2, 6, 4, 5)]):
        batches = zip(reversed(left[:-2]), reversed(right[:-2]), strict=False)
        if all(a == b or 1 in (a, b) for a, b in batches):
            yield case(f"matmul {left} {right}", torch.matmul, full(*left), full(*right))
    yield case("matmul, moved", torch.matmul, moved(2, 6, 3, 4), full(2, 6, 4, 5))
    yield case("matmul, both moved", torch.matmul, moved(2, 6, 3, 4), full(2, 5, 6, 4).permute(0, 2, 3, 1))
    yield case("matmul, turned", torch.matmul, full(3, 2, 4).transpose(0, 1), full(4, 5))
    yield case("inner", torch.inner, full(2, 3, 4), full(5, 4))
    for left, right, dims in [
        ((3, 4, 5), (4, 5, 6), ([1, 2], [0, 1])),
        ((3, 4, 5), (6, 3), ([0], [1])),
        ((2, 2), (2, 2), ([0, 1], [1, 0])),
    ]:
        yield case(
            f"tensordot {left} {right}", lambda a, b, d=dims: torch.tensordot(a, b, d), full(*left), full(*right)
        )
    yield case("bilinear", F.bilinear, full(2, 7, 3), full(2, 7, 4), full(5, 3, 4), full(5))
    for equation, *shapes in [
        ("bij,bjk->bik", (2, 3, 4), (2, 4, 5)),
        ("ibj,bjk->ik", (3, 2, 4), (2, 4, 5)),
        ("bhqd,bhkd->bhqk", (2, 3, 4, 5), (2, 3, 6, 5)),
        ("...ij,...jk", (2, 3, 4), (2, 4, 5)),
        ("bnd,hd->bhn", (2, 3, 4), (5, 4)),
        ("i,j->ij", (3,), (4,)),
        ("ij,ij->i", (3, 4), (3, 4)),
        ("ijk,ik->j", (3, 4, 5), (3, 5)),
        ("ab,ac->a", (3, 4), (3, 5)),
        ("ij,jk,kl->il", (3, 4), (4, 5), (5, 6)),
        ("bhwc,wkc->bhwk", (2, 4, 4, 3), (4, 6, 3)),
        ("ncuv,nctv->nctu", (2, 3, 4, 4), (2, 3, 5, 4)),
        ("ii->i", (4, 4)),
    ]:
        tensors = [full(*shape) for shape in shapes]
        yield case(f"einsum {equation}", lambda *x, e=equation: torch.einsum(e, *x), *tensors)


def convolutions() -> Iterator[Case]:
    yield case("conv1d", F.conv1d, full(2, 3, 8), full(4, 3, 3), full(4))
    yield case("conv2d", F.conv2d, full(2, 3, 8, 8), full(4, 3, 3, 3), full(4))
    yield case("conv2d, no batch", F.conv2d, full(3, 8, 8), full(4, 3, 3, 3))
    yield case("conv2d, channels last", F.conv2d, last(2, 3, 8, 8), full(4, 3, 3, 3))
    yield case("conv3d", F.conv3d, full(1, 3, 5, 5, 5), full(4, 3, 3, 3, 3))
    yield case("conv1d, same, even", lambda x, w: F.conv1d(x, w, padding="same"), full(1, 3, 8), full(4, 3, 2))
    same = lambda x, w: F.conv2d(x, w, padding="same", dilation=(1, 2))  # noqa: E731
    yield case("conv2d, same", same, full(1, 3, 8, 8), full(4, 3, 2, 3))
    yield case("conv_transpose1d", F.conv_transpose1d, full(1, 3, 8), full(3, 4, 3))
    yield case("conv_transpose2d", F.conv_transpose2d, full(1, 3, 8, 8), full(3, 4, 3, 3), full(4))
    yield case("conv_tbc", torch.conv_tbc, full(8, 2, 3), full(3, 3, 4), full(4))


def norms() -> Iterator[Case]:
    three, four = [full(3), full(3)], [full(4), full(4)]
    for training in (True, False):
        norm = lambda x, w, b, t=training: F.batch_norm(x, torch.zeros(3), torch.ones(3), w, b, t)  # noqa: E731
        yield case(f"batch_norm, training {training}", norm, full(2, 3, 4, 4), *three)
    yield case("batch_norm, no statistics", lambda x: F.batch_norm(x, None, None, training=True), full(2, 3, 4, 4))
    yield case("layer_norm", lambda x, w, b: F.layer_norm(x, (4,), w, b), full(2, 3, 4), *four)
    yield case("layer_norm, two sizes", lambda x: F.layer_norm(x, (3, 4)), full(2, 3, 4))
    yield case("layer_norm, moved", lambda x, w, b: F.layer_norm(x, (4,), w, b), full(3, 2, 4).transpose(0, 1), *four)
    for name, x in {"": full(2, 4, 3, 5), "moved": moved(2, 4, 3, 5), "channels last": last(2, 4, 3, 5)}.items():
        yield case(f"group_norm {name}", lambda x, w, b: F.group_norm(x, 2, w, b), x, *four)
        yield case(f"instance_norm {name}", lambda x, w, b: F.instance_norm(x, weight=w, bias=b), x, *four)
    yield case("rms_norm", lambda x, w: F.rms_norm(x, (4,), w), full(2, 3, 4), full(4))
    yield case("rms_norm, no weight", lambda x: F.rms_norm(x, (4,)), full(2, 3, 4))
    yield case("rms_norm, bf16", lambda x, w: F.rms_norm(x, (4,), w), full(2, 3, 4).bfloat16(), full(4).bfloat16())
    for dim, sizes in enumerate([(5, 1, 1), (1, 3, 1), (1, 1, 4)]):
        yield case(f"weight_norm {dim}", lambda v, g, d=dim: torch._weight_norm(v, g, d), full(5, 3, 4), full(*sizes))
    yield case("normalize", lambda x: F.normalize(x, dim=1), full(4, 5))
    yield case("local_response_norm", lambda x: F.local_response_norm(x, 3), full(2, 5, 4, 4))


def pools() -> Iterator[Case]:
    images = {1: full(2, 3, 8), 2: full(2, 3, 8, 8), 3: full(1, 3, 4, 4, 4)}
    for rank, x in images.items():
        yield case(f"max_pool{rank}d", lambda x, r=rank: getattr(F, f"max_pool{r}d")(x, 2), x)
        indices = lambda x, r=rank: getattr(F, f"max_pool{r}d")(x, 2, return_indices=True)  # noqa: E731
        yield case(f"max_pool{rank}d, indices", indices, x)
        yield case(f"avg_pool{rank}d", lambda x, r=rank: getattr(F, f"avg_pool{r}d")(x, 2), x)
        for size in (1, 2):
            for kind in ("adaptive_avg_pool", "adaptive_max_pool"):
                pool = lambda x, k=kind, r=rank, s=size: getattr(F, f"{k}{r}d")(x, s)  # noqa: E731
                yield case(f"{kind}{rank}d, {size}", pool, x)


def activations() -> Iterator[Case]:
    names = "relu relu6 elu selu celu silu mish hardswish hardsigmoid leaky_relu hardtanh rrelu"
    for name in names.split():
        yield case(name, getattr(F, name), full(2, 3, 4))
        yield case(f"{name}_", lambda x, n=name: getattr(F, n)(x * 2, inplace=True), full(2, 3, 4))
    for name in PLAIN.split():
        yield case(name, getattr(F, name), full(2, 3, 4))
    for name in ("softmax", "log_softmax", "softmin", "gumbel_softmax"):
        yield case(name, lambda x, n=name: getattr(F, n)(x, dim=-1), full(2, 3, 4))
    yield case("prelu", F.prelu, full(2, 3, 4), full(3))
    yield case("rrelu, training", lambda x: F.rrelu(x, training=True), full(2, 3, 4))


def dropouts() -> Iterator[Case]:
    for name in DROPOUTS.split():
        x = full(2, 3, 4, 4, 4) if name == "dropout3d" else full(2, 3, 4) if name == "dropout1d" else full(2, 3, 4, 4)
        for p in (0.0, 0.3, 1.0):
            yield case(f"{name} {p}", lambda x, n=name, p=p: getattr(F, n)(x, p, training=True), x)
        yield case(f"{name}, not training", lambda x, n=name: getattr(F, n)(x, 0.3, training=False), x)


def losses() -> Iterator[Case]:
    classes = torch.tensor([0, 3, 1, 4])
    yield case("cross_entropy", lambda x: F.cross_entropy(x, classes), full(4, 5))
    yield case("cross_entropy, smooth", lambda x: F.cross_entropy(x, classes, label_smoothing=0.1), full(4, 5))
    yield case("cross_entropy, probabilities", F.cross_entropy, full(4, 5), full(4, 5))
    yield case("nll_loss", lambda x: F.nll_loss(x, classes), full(4, 5))
    names = "mse_loss l1_loss smooth_l1_loss huber_loss kl_div binary_cross_entropy_with_logits poisson_nll_loss"
    for name in names.split():
        yield case(name, getattr(F, name), full(4, 5), full(4, 5))
    yield case("triplet_margin_loss", F.triplet_margin_loss, full(4, 5), full(4, 5), full(4, 5))


def attentions() -> Iterator[Case]:
    three = [full(2, 2, 3, 4), full(2, 2, 5, 4), full(2, 2, 5, 4)]
    heads = [moved(2, 6, 3, 4), moved(2, 6, 5, 4), moved(2, 6, 5, 4)]
    groups = [moved(2, 6, 3, 4), moved(2, 2, 5, 4), moved(2, 2, 5, 4)]
    attention = F.scaled_dot_product_attention
    for name, tensors in {"contiguous": three, "heads moved": heads}.items():
        yield case(f"attention, {name}", attention, *tensors)
        yield case(f"attention, {name}, causal", lambda q, k, v: attention(q, k, v, is_causal=True), *tensors)
        yield case(f"attention, {name}, dropout", lambda q, k, v: attention(q, k, v, dropout_p=0.1), *tensors)
    yield case("attention, no batch", attention, *[x[0] for x in three])
    yield case("attention, wide values", attention, three[0], three[1], full(2, 2, 5, 6))
    yield case("attention, one head for all", attention, full(2, 6, 3, 4), full(2, 1, 5, 4), full(2, 1, 5, 4))
    grouped = lambda q, k, v, p=0.0: attention(q, k, v, dropout_p=p, enable_gqa=True)  # noqa: E731
    yield case("attention, groups", grouped, *groups)
    yield case("attention, groups, dropout", lambda q, k, v: grouped(q, k, v, 0.1), *groups)
    yield case("attention, numbers as mask", attention, *three, full(3, 5))
    yield case("attention, mask", lambda q, k, v: attention(q, k, v, full(3, 5) > 0.5), *three)
    yield case("attention, mask, dropout", lambda q, k, v: attention(q, k, v, full(3, 5) > 0.5, 0.1), *three)
    yield case("attention, bf16", attention, *[x.bfloat16() for x in heads])
    yield case(
        "attention, bf16, dropout", lambda q, k, v: attention(q, k, v, dropout_p=0.1), *[x.bfloat16() for x in heads]
    )


def others() -> Iterator[Case]:
    rows = torch.tensor([[0, 3], [1, 4]])
    yield case("embedding", lambda w: F.embedding(rows, w), full(5, 4))
    for mode in ("sum", "mean", "max"):
        yield case(f"embedding_bag, {mode}", lambda w, m=mode: F.embedding_bag(rows, w, mode=m), full(5, 4))
    weighted = lambda w, p: F.embedding_bag(rows, w, mode="sum", per_sample_weights=p)  # noqa: E731
    yield case("embedding_bag, weighted", weighted, full(5, 4), full(2, 2))
    yield case("cdist", torch.cdist, full(2, 5, 3), full(2, 4, 3))
    yield case("cdist, many", torch.cdist, full(30, 3), full(40, 3))
    for mode in ("constant", "reflect", "replicate", "circular"):
        yield case(f"pad, {mode}", lambda x, m=mode: F.pad(x, (1, 1), mode=m), full(2, 3, 4))
    for mode in ("nearest", "linear", "area"):
        yield case(f"interpolate, {mode}", lambda x, m=mode: F.interpolate(x, scale_factor=2, mode=m), full(2, 3, 4))
    yield case("grid_sample", F.grid_sample, full(1, 2, 4, 4), full(1, 3, 3, 2))
    yield case("unfold", lambda x: F.unfold(x, 2), full(1, 2, 4, 4))
    yield case("pixel_shuffle", lambda x: F.pixel_shuffle(x, 2), full(1, 4, 3, 3))
    for name in ("det", "logdet", "slogdet", "inverse"):
        yield case(name, getattr(torch, name), square(4))
    yield case("cholesky", lambda x: torch.linalg.cholesky(x @ x.mT), square(4))
    yield case("solve", torch.linalg.solve, square(4), full(4, 2))
    yield case("linalg.norm", torch.linalg.norm, full(4, 4))
    yield case("linalg.norm, one dim", lambda x: torch.linalg.norm(x, dim=1), full(4, 4))
    yield case("outer", torch.outer, full(4), full(5))
    yield case("where", lambda x, y: torch.where(x > y, x, y), full(4, 3), full(4, 3))
    yield case("where, a number", lambda x: torch.where(x > 1, 0.0, x), full(4, 3))
    yield case("max of two", torch.max, full(4, 3), full(4, 3))
    yield case("power of a number", lambda x: 2**x, full(4, 3))
    yield case("power of two", lambda x: x**2, full(4, 3))
    yield case("float_power", lambda x: torch.float_power(x, 2), full(4, 3))
    yield case("cast", lambda x: x.to(torch.float64).square(), full(4, 3))
    for name in ("add_", "mul_", "div_", "pow_"):
        yield case(name, lambda x, y, n=name: getattr(x * 2, n)(y), full(4, 3), full(4, 3))
    yield case("repeat_interleave", lambda x: x.repeat_interleave(torch.tensor([1, 2, 3, 4]), 0), full(4, 3))
    yield case("written rows", lambda x, y: (x * 2).index_put_((torch.tensor([0, 1]),), y), full(4, 3), full(2, 3))


ALL = [products, convolutions, norms, pools, activations, dropouts, losses, attentions, others]
CASES = {name: (function, tensors) for cases in ALL for name, function, tensors in cases()}


def assert_equal(function: Callable[[], object], given: list[torch.Tensor]) -> None:
    torch.manual_seed(0)
    expected = saved_by_torch(function, given)
    torch.manual_seed(0)
    assert saved_by_engine(function, given) == expected


@pytest.mark.parametrize("name", CASES)
def test_an_operator_keeps_what_torch_keeps(name: str) -> None:
    """Of each choice of inputs that need a gradient."""
    function, tensors = CASES[name]
    for needs in itertools.product((False, True), repeat=len(tensors)):
        given = [x.detach().requires_grad_(need) for x, need in zip(tensors, needs, strict=True)]
        assert_equal(lambda given=given: function(*given), given)


# One operator each, of those that make something inside which is gone when they end.
FREEING = """
matmul, moved; matmul, both moved; matmul (2, 1, 3, 4) (2, 6, 4, 5); einsum ibj,bjk->ik; conv1d, same, even
batch_norm, no statistics; layer_norm; layer_norm, moved; group_norm moved; instance_norm channels last
rms_norm; rms_norm, no weight; rms_norm, bf16; weight_norm 0; weight_norm 1
max_pool2d; max_pool3d; logsigmoid; dropout 0.3; alpha_dropout 0.3; dropout2d 0.3; feature_alpha_dropout 0.3
attention, contiguous; attention, heads moved, dropout; attention, groups; attention, groups, dropout
attention, numbers as mask; attention, bf16, dropout; attention, one head for all; attention, wide values
"""


@pytest.mark.parametrize("name", [name.strip() for line in FREEING.splitlines() for name in line.split(";") if name])
def test_an_operator_frees_what_torch_frees(name: str) -> None:
    function, tensors = CASES[name]
    assert freed_by_engine(lambda: function(*tensors)) == freed_by_torch(lambda: function(*tensors), tensors)


@pytest.mark.parametrize("cls", [nn.RNN, nn.GRU, nn.LSTM])
@pytest.mark.parametrize("both_ways", [False, True], ids=["one way", "both ways"])
@pytest.mark.parametrize("layers", [1, 3])
def test_a_recurrent_layer_frees_what_torch_frees(cls: type[nn.RNNBase], both_ways: bool, layers: int) -> None:
    layer = cls(6, 8, num_layers=layers, bidirectional=both_ways, dropout=0.3 if layers > 1 else 0)
    x, states = full(5, 4, 6), [full(layers * (2 if both_ways else 1), 4, 8) for _ in range(2)]
    state = tuple(states) if cls is nn.LSTM else states[0]
    given = [*layer.parameters(), x, *states]
    assert freed_by_engine(lambda: layer(x, state)) == freed_by_torch(lambda: layer(x, state), given)


LAYERS = {
    "BatchNorm2d": (lambda: nn.BatchNorm2d(3), full(2, 3, 4, 4)),
    "BatchNorm2d, bf16": (lambda: nn.BatchNorm2d(3).bfloat16(), full(2, 3, 4, 4).bfloat16()),
    "InstanceNorm2d": (lambda: nn.InstanceNorm2d(3, affine=True, track_running_stats=True), full(2, 3, 4, 4)),
    "LayerNorm, bf16": (lambda: nn.LayerNorm(4).bfloat16(), full(2, 3, 4).bfloat16()),
    "RNN": (lambda: nn.RNN(5, 4, num_layers=2, dropout=0.3), full(3, 2, 5)),
    "RNN, both ways": (lambda: nn.RNN(5, 4, num_layers=2, bidirectional=True, batch_first=True), full(2, 3, 5)),
    "GRU": (lambda: nn.GRU(5, 4, num_layers=2, dropout=0.3), full(3, 2, 5)),
    "GRU, both ways": (lambda: nn.GRU(5, 4, num_layers=2, bidirectional=True, batch_first=True), full(2, 3, 5)),
    "RNNCell": (lambda: nn.RNNCell(5, 4), full(3, 5)),
    "GRUCell": (lambda: nn.GRUCell(5, 4), full(3, 5)),
    "LSTMCell": (lambda: nn.LSTMCell(5, 4), full(3, 5)),
}


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("needs", [False, True], ids=["frozen input", "input needs"])
@pytest.mark.parametrize("training", [False, True], ids=["eval", "train"])
def test_a_layer_keeps_what_torch_keeps(name: str, needs: bool, training: bool) -> None:
    make, x = LAYERS[name]
    layer = make().train(training)
    x = x.detach().requires_grad_(needs)
    assert_equal(lambda: layer(x), [*layer.parameters(), *layer.buffers(), x])


@pytest.mark.parametrize("batch_first", [False, True])
def test_a_layer_of_a_transformer_keeps_what_torch_keeps(batch_first: bool) -> None:
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=batch_first)
    x = full(3, 2, 8)
    assert_equal(lambda: layer(x), [*layer.parameters(), x])


# Samples of torch's database that are not compared, and why.
NOT_COMPARED = {
    "combinations": "takes what a mask selects, of a size that is data",
    "nn.functional.cosine_similarity": "a part of it runs where autograd is switched off, out of the mode's sight",
    "nn.functional.gaussian_nll_loss": "the same",
    "nn.functional.ctc_loss": "lengths are tensors to the mode, and lists to autograd",
    "nn.functional.embedding_bag": "copies indices that lie in pieces",
    "nn.functional.linear_cross_entropy": "an operator of its own",
    "stft": "its windows are resized in place, which gives one tensor two memories",
    "tensordot": "a size of 1 that is broadcast",
}
PREFIXES = (
    "_refs",
    "_native_batch",
    "fft",
    "sparse",
    "masked.",
    "jiterator",
    "to_sparse",
    "svd_lowrank",
    "pca_lowrank",
)


def database() -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from torch.testing._internal.common_methods_invocations import op_db
    differentiable = (op for op in op_db if op.supports_autograd and torch.float32 in op.dtypes)
    named = {f"{op.name} {op.variant_test_name}".strip(): op for op in differentiable}
    return {name: op for name, op in named.items() if not name.startswith(PREFIXES) and op.name not in NOT_COMPARED}


def samples(op: Any) -> Iterator[tuple[Callable[[], object], list[torch.Tensor]]]:
    for sample in itertools.islice(op.sample_inputs("cpu", torch.float32, requires_grad=True), 3):
        arguments = (sample.input, sample.args, sample.kwargs)
        tensors = [leaf for leaf in pytree.tree_leaves(arguments) if isinstance(leaf, torch.Tensor)]
        if sum(tensor.numel() for tensor in tensors) < 20_000:
            yield lambda s=sample: op(s.input, *s.args, **s.kwargs), tensors


OPERATORS = database()


@pytest.mark.parametrize("name", OPERATORS)
def test_torchs_own_samples(name: str) -> None:
    for function, tensors in samples(OPERATORS[name]):
        assert_equal(function, tensors)

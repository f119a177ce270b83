"""ONNX files against live models, onnx's own shape inference and onnxruntime."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxscript")

import thoplw  # noqa: E402
from onnx_files import AS_IT_IS, exported, own_shapes, quiet, seeded, traced  # noqa: E402
from spec_rows import ROWS  # noqa: E402
from vision import build_on_meta, classification_models, input_shape  # noqa: E402

SAMPLES = Path(__file__).parents[2] / "data" / "samples"
SWEEP = [*(row[0] for row in ROWS), "vit_b_16", "swin_t", "convnext_tiny"]
Case = Callable[[], tuple[nn.Module, tuple[Any, ...]]]


class Block(nn.Module):
    """Attention and a feed-forward layer, of any batch and length."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(16)
        self.qkv = nn.Linear(16, 48)
        self.out = nn.Linear(16, 16)
        self.mlp = nn.Sequential(nn.Linear(16, 64), nn.GELU(), nn.Linear(64, 16))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, length, _ = x.shape
        q, k, v = self.qkv(self.norm(x)).reshape(batch, length, 3, 4, 4).permute(2, 0, 3, 1, 4).unbind(0)
        y = F.scaled_dot_product_attention(q, k, v)
        x = x + self.out(y.transpose(1, 2).reshape(batch, length, 16))
        return x + self.mlp(x)


class Again(nn.Module):
    """Modules that run several times, in a row and not, and layers that add up what they got."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(4, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.seq = nn.Sequential(nn.Conv2d(4, 4, 1), nn.ReLU(), nn.Sequential(nn.Conv2d(4, 4, 1, bias=False)))
        self.linear = nn.Linear(8, 8)
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.scale = nn.Parameter(torch.rand(8))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for _ in range(2):
            x = self.seq(self.norm(self.conv(self.conv(x))))
        x = self.linear(self.linear(x)).flatten(1, 2) * self.scale
        return x + self.attention(x, x, x, need_weights=False)[0]


class Tied(nn.Module):
    """A head whose weight is the embedding's."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(11, 8)
        self.norm = nn.LayerNorm(8)
        self.head = nn.Linear(8, 11, bias=False)
        self.head.weight = self.embed.weight

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        return self.head(self.norm(self.embed(tokens)))


class Wrapped(nn.Module):
    """A model of transformers as the older exporter wants it: one tensor goes in, and the last comes out."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.model(x)[1]


class Layers(nn.Module):
    """Layers of which each has its own price."""

    def __init__(self) -> None:
        super().__init__()
        self.up = nn.ConvTranspose2d(3, 4, 2, stride=2)
        self.group = nn.GroupNorm(2, 4)
        self.instance = nn.InstanceNorm2d(4, affine=True)
        self.pool = nn.AvgPool2d(2)
        self.slope = nn.PReLU(4)
        self.resize = nn.Upsample(scale_factor=2, mode="nearest")
        self.rnn = nn.LSTM(16, 5, batch_first=True, bidirectional=True)
        self.softmax = nn.Softmax(-1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.slope(self.pool(self.instance(self.group(self.up(x)))))
        x = self.resize(x).mean(1)
        return self.softmax(self.rnn(x)[0])


def tokens() -> tuple[torch.Tensor]:
    return (torch.arange(12).reshape(1, 12) % 7 + 3,)


def transformer(cls: str, **config: Any) -> nn.Module:
    transformers = pytest.importorskip("transformers")
    config_class = getattr(transformers, cls).config_class
    return getattr(transformers, cls)(config_class(**config))


def vision(name: str, **settings: Any) -> nn.Module:
    models = pytest.importorskip("torchvision").models
    return getattr(models, name)(**settings)


SMALL: dict[str, Case] = {
    "again": lambda: (Again(), (torch.rand(2, 4, 6, 8),)),
    "tied": lambda: (Tied(), (torch.arange(6).reshape(2, 3),)),
    "layers": lambda: (Layers(), (torch.rand(1, 3, 8, 8),)),
    "bert": lambda: (
        transformer(
            "BertModel", num_hidden_layers=2, hidden_size=16, num_attention_heads=2, intermediate_size=24, vocab_size=40
        ),
        tokens(),
    ),
    "gpt2": lambda: (
        transformer("GPT2LMHeadModel", n_layer=2, n_embd=16, n_head=2, vocab_size=40, use_cache=False),
        tokens(),
    ),
    "llama": lambda: (
        transformer(
            "LlamaForCausalLM",
            num_hidden_layers=2,
            hidden_size=16,
            num_attention_heads=4,
            num_key_value_heads=2,
            intermediate_size=24,
            vocab_size=40,
            use_cache=False,
        ),
        tokens(),
    ),
    "vit": lambda: (
        vision("VisionTransformer", image_size=32, patch_size=8, num_layers=2, num_heads=2, hidden_dim=16, mlp_dim=24),
        (torch.rand(1, 3, 32, 32),),
    ),
    "swin": lambda: (
        vision("SwinTransformer", patch_size=[4, 4], embed_dim=8, depths=[2, 2], num_heads=[2, 2], window_size=[4, 4]),
        (torch.rand(1, 3, 32, 32),),
    ),
    "convnext": lambda: (
        pytest.importorskip("torchvision").models.convnext.ConvNeXt(
            [
                pytest.importorskip("torchvision").models.convnext.CNBlockConfig(8, 12, 2),
                pytest.importorskip("torchvision").models.convnext.CNBlockConfig(12, None, 1),
            ]
        ),
        (torch.rand(1, 3, 32, 32),),
    ),
    "squeezenet": lambda: (vision("squeezenet1_1"), (torch.rand(1, 3, 64, 64),)),
    "shufflenet": lambda: (vision("shufflenet_v2_x0_5"), (torch.rand(1, 3, 64, 64),)),
    "mobilenet": lambda: (vision("mobilenet_v3_small"), (torch.rand(1, 3, 64, 64),)),
}

TRACEABLE = [name for name in SMALL if name not in ("gpt2", "llama")]  # these use an operator that it cannot write


def rows(info: thoplw.LayerInfo, live: thoplw.LayerInfo | None = None) -> dict[str, tuple[int, int]]:
    """What each module costs, without those that never ran: no exporter writes them."""
    absent = tuple(f"{path}." for path in (live or info).not_run)
    counted = {row.name: (row.macs, row.params) for row in info if row.macs or row.params}
    return {name: cost for name, cost in counted.items() if not f"{name}.".startswith(absent or ("\0",))}


def assert_live(path: Path, model: nn.Module, args: tuple[Any, ...], **settings: Any) -> None:
    for convention in ("thoplw", "exact"):
        live = thoplw.profile(model, args, convention=convention, verbose=False)[2]
        info = thoplw.load(path, convention=convention, verbose=False, **settings)
        assert info.uncounted == []
        assert rows(info, live) == rows(live)


@pytest.mark.parametrize("name", SMALL)
def test_a_file_of_the_exporter_is_the_live_model(name: str, tmp_path: Path) -> None:
    model, args = SMALL[name]()
    seeded(model)
    assert_live(exported(model, args, tmp_path / "net.onnx"), model, args)


@pytest.mark.parametrize("name", TRACEABLE)
def test_a_file_of_the_older_exporter_is_the_live_model(name: str, tmp_path: Path) -> None:
    model, args = SMALL[name]()
    seeded(model)
    model = Wrapped(model) if name == "bert" else model
    assert_live(traced(model, args, tmp_path / "net.onnx", **AS_IT_IS), model, args)


def whole_models() -> list[str]:
    """Two always; all of the specification, and more, where THOPLW_SWEEP is set, which takes ten minutes."""
    chosen = SWEEP if os.environ.get("THOPLW_SWEEP") else ["resnet18", "densenet121"]
    return [name for name in chosen if name in classification_models()]


@pytest.mark.parametrize("name", whole_models())
def test_whole_models_without_weights(name: str, tmp_path: Path) -> None:
    model = build_on_meta(name).to("meta")
    args = (torch.empty(input_shape(name), device="meta"),)
    assert_live(exported(model, args, tmp_path / f"{name}.onnx"), model, args)


@pytest.mark.parametrize(("batch", "length"), [(1, 2), (8, 128), (64, 512)])
@pytest.mark.parametrize("way", ["exported", "traced"])
def test_named_sizes_are_those_of_the_live_model(
    way: str, batch: int, length: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    model = seeded(Block())
    path = tmp_path_factory.getbasetemp() / f"dynamic-{way}.onnx"
    if not path.exists():
        args = (torch.rand(2, 6, 16),)
        if way == "exported":
            sizes = {0: torch.export.Dim("batch"), 1: torch.export.Dim("length")}
            exported(model, args, path, dynamic_shapes=(sizes,))
        else:
            traced(model, args, path, input_names=["x"], dynamic_axes={"x": {0: "batch", 1: "length"}}, **AS_IT_IS)
    args = (torch.empty(batch, length, 16, device="meta"),)
    assert_live(path, model, args, dims={"batch": batch, "length": length})
    assert_live(path, model, args, dims={"batch": batch, "x.1": length})


def test_what_folding_changed_is_said(tmp_path: Path) -> None:
    model = seeded(nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(144, 5)))
    args = (torch.rand(1, 3, 8, 8),)
    live = thoplw.profile(model, args, convention="exact", verbose=False)[2]
    # 4*3*9 weights at 36 positions, and the bias of the folded norm; 144*5
    for path in (
        exported(model, args, tmp_path / "new.onnx", optimize=True),
        traced(model, args, tmp_path / "old.onnx"),
    ):
        info = thoplw.load(path, convention="exact", verbose=False)
        assert info.macs == live.macs
        assert any("a batch norm is folded into 1 of the layers" in note for note in info.notes)
        assert rows(info) == {"0": (3888, 108 + 4), "4": (720, 725)}
        assert thoplw.load(path, verbose=False).macs == live.macs + 4 + 5  # each bias once


def test_weights_are_not_looked_for(tmp_path: Path) -> None:
    model, args = seeded(nn.Linear(8, 8)), (torch.rand(2, 8),)
    path = exported(model, args, tmp_path / "net.onnx")
    assert b"absent.bin" in path.read_bytes()
    assert not (tmp_path / "absent.bin").exists()
    assert thoplw.load(path, verbose=False).macs == 2 * (8 * 8 + 8)


def test_weights_are_not_read(tmp_path: Path) -> None:
    """The pages of the weights are never touched: /proc says how much of the file came into memory."""
    model, args = nn.Linear(4096, 4096, bias=False), (torch.rand(1, 4096),)
    path = traced(model, args, tmp_path / "net.onnx")
    assert path.stat().st_size > 64 << 20
    script = (
        "import sys, resource; from thoplw import _native; before = resource.getrusage(0).ru_maxrss;"
        "_native.load(sys.argv[1], {}); print(resource.getrusage(0).ru_maxrss - before)"
    )
    import subprocess
    import sys

    grown = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True).stdout
    assert int(grown) < 10_000  # KiB


def samples() -> list[str]:
    return sorted(path.name for path in SAMPLES.glob("*.onnx"))


@pytest.mark.parametrize("name", samples())
def test_files_of_other_torch_versions(name: str) -> None:
    expected = json.loads((SAMPLES / "expected.json").read_text())[name]
    points = {point: cost for point, cost in expected.items() if re.fullmatch(r"\d+x\d+", point)}
    for point, cost in points.items():
        batch, length = map(int, point.split("x"))
        dims = {"x.0": batch, "x.1": length}
        assert thoplw.load(SAMPLES / name, dims=dims, convention="exact", verbose=False).macs == cost, point
    if not points:
        info = thoplw.load(SAMPLES / name, convention="exact", verbose=False)
        assert info.macs == expected["contractions"]
        assert info.exact
        if name.startswith("net-exported"):
            assert info.params == expected["params"] - 6  # a layer that never runs is in no ONNX file: 2*2 + 2


def inferred(model: Any) -> dict[str, tuple[int, ...]]:
    """What onnx's own inference knows of each value."""
    bare = onnx.ModelProto()
    bare.CopyFrom(model)
    del bare.graph.value_info[:]
    graph = onnx.shape_inference.infer_shapes(bare, data_prop=True).graph
    known = {}
    for value in graph.value_info:
        dims = value.type.tensor_type.shape.dim
        if value.type.tensor_type.HasField("shape") and all(dim.HasField("dim_value") for dim in dims):
            known[value.name] = tuple(dim.dim_value for dim in dims)
    return known


def computed(model: Any, args: tuple[torch.Tensor, ...]) -> dict[str, tuple[int, ...]]:
    """The shapes that come out when onnxruntime runs the model."""
    runtime = pytest.importorskip("onnxruntime")
    open_ = onnx.ModelProto()
    open_.CopyFrom(model)
    names = [name for node in model.graph.node for name in node.output if name]
    outputs = {output.name for output in model.graph.output}
    open_.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names if name not in outputs)
    options = runtime.SessionOptions()
    options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    session = runtime.InferenceSession(open_.SerializeToString(), options, providers=["CPUExecutionProvider"])
    feeds = {given.name: arg.numpy() for given, arg in zip(session.get_inputs(), args, strict=True)}
    results = zip([output.name for output in session.get_outputs()], session.run(None, feeds), strict=True)
    return {name: result.shape for name, result in results if hasattr(result, "shape")}


def made(name: str, way: str, path: Path) -> tuple[Any, tuple[torch.Tensor, ...]]:
    """The file with its weights, as the exporter makes it unless told otherwise."""
    model, args = SMALL[name]()
    seeded(model)
    if way == "traced":
        traced(Wrapped(model) if name == "bert" else model, args, path)
    else:
        with quiet(), torch.no_grad():
            torch.onnx.export(model, args, str(path), dynamo=True, verbose=False, external_data=False)
    return onnx.load(path), args


@pytest.mark.parametrize(
    ("name", "way"), [*((name, "exported") for name in SMALL), *((name, "traced") for name in TRACEABLE)]
)
def test_every_shape_is_that_of_onnx_and_of_onnxruntime(name: str, way: str, tmp_path: Path) -> None:
    file, args = made(name, way, tmp_path / "net.onnx")
    own = own_shapes(file, tmp_path / "probed.onnx")
    for known in (inferred(file), computed(file, args)):
        assert known
        assert {name: own[name] for name in known if name in own} == {n: known[n] for n in known if n in own}
    assert computed(file, args).keys() - {output.name for output in file.graph.output} <= own.keys()

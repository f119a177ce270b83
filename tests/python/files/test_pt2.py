"""Files of torch.export: the numbers of the live model, row by row, for files of all releases and forms."""

from __future__ import annotations

import copy
import importlib.util
import json
import os
import pathlib
import sys
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import thoplw
from spec_rows import ROWS
from vision import input_shape

DATA = pathlib.Path(__file__).parents[2] / "data"
SAMPLES = sorted((DATA / "samples").glob("*.pt2"))
EXPECTED = json.loads((DATA / "samples" / "expected.json").read_text())
CONVENTIONS = ("exact", "thoplw")

# What files of old releases hold beside or less than the model that they were made from.
UNUSED = 2 * 2 + 2  # torch 2.1 and 2.2 drop parameters that no operator reads
AS_EXPORTED = {
    "net-2.1.pt2": {"contractions": 258128, "params": 438 - UNUSED},
    "net-2.2.pt2": {"contractions": 258128, "params": 438 - UNUSED},
    "decomposed-2.2.pt2": {"contractions": 258128, "params": 438 - UNUSED},
    # torch 2.6 leaves the step that it tried out in the graph, before the loop of 4.
    "scan-2.6.pt2": {"contractions": 5 * 2 * 64, "params": 64},
}
# Torch 2.3 specializes sizes of 1, and calls inputs by number.
LEAST_BATCH = {"dynamic-2.3.pt2": 2}


def load_export_script() -> Any:
    spec = importlib.util.spec_from_file_location("thoplw_samples", DATA / "export.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where torch.export looks for the globals of a model
    spec.loader.exec_module(module)
    return module


MODELS = load_export_script()


def load(path: pathlib.Path, convention: str = "exact", **dims: int) -> thoplw.LayerInfo:
    return thoplw.load(
        path, dims={name.replace("__", "."): size for name, size in dims.items()}, convention=convention, verbose=False
    )


def live(model: nn.Module, inputs: Any, convention: str = "exact") -> thoplw.LayerInfo:
    return thoplw.profile(model, inputs, convention=convention, verbose=False)[2]


def table(info: thoplw.LayerInfo) -> list[tuple[str, int, int]]:
    return [(row.name, row.macs, row.params) for row in info if row.macs or row.params]


def totals(info: thoplw.LayerInfo) -> tuple[object, ...]:
    return (
        info.model, info.macs, info.params, info.all_params, info.trainable_params, info.buffers, info.exact,
    )  # fmt: skip


def assert_same(path: pathlib.Path, model: nn.Module, inputs: Any, **dims: int) -> None:
    for convention in CONVENTIONS:
        from_file, from_model = load(path, convention, **dims), live(model, inputs, convention)
        assert table(from_file) == table(from_model)
        assert totals(from_file) == totals(from_model)


def of_samples(*kinds: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("path", [p for p in SAMPLES if p.name.startswith(kinds)], ids=lambda path: path.name)


Save = Callable[..., pathlib.Path]


@pytest.fixture
def save(tmp_path: pathlib.Path) -> Save:
    def save(model: nn.Module, *inputs: Any, decomposed: bool = False, **how: Any) -> pathlib.Path:
        with torch.no_grad():
            program = torch.export.export(model, inputs, **how)
            torch.export.save(program.run_decompositions() if decomposed else program, str(tmp_path / "model.pt2"))
        return tmp_path / "model.pt2"

    return save


def on_meta_whole(model: nn.Module) -> nn.Module:
    return copy.deepcopy(model).to("meta")


@of_samples("")
def test_sample_of_each_release(path):
    expected = AS_EXPORTED.get(path.name) or EXPECTED[path.name]
    info = load(path)
    assert (info.macs, info.all_params) == (expected["contractions"], expected["params"])
    assert info.exact == expected.get("exact", True)
    assert not info.exact or not info.uncounted


@pytest.mark.parametrize(
    "path", [p for p in SAMPLES if p.name.startswith(("net-", "decomposed-"))], ids=lambda p: p.name
)
def test_calls_and_modules_of_each_release(path):
    rows = {row.name: row for row in load(path, "thoplw")}
    assert rows["again"].calls == 2
    # batch * weights * positions + batch * biases, twice: the release does not matter.
    assert rows["again"].macs == 2 * (2 * (8 * 2 * 9) * 16 * 16 + 2 * 8)
    assert rows["stem.1"].macs == 4 * 2 * 8 * 16 * 16
    assert rows["head"].macs == 2 * 8 * 5
    assert rows["pool"].macs == 2 * 8 * 2
    assert {name: row.cls for name, row in rows.items() if name in ("stem.0", "stem.1", "head")} == {
        "stem.0": "Conv2d",
        "stem.1": "BatchNorm2d",
        "head": "Linear",
    }


@of_samples("dynamic-")
def test_dynamic_sample_at_other_sizes(path):
    points = [name for name in EXPECTED[path.name] if "x" in name and name[0].isdigit()]
    assert points
    place = "arg10_1" if path.name == "dynamic-2.3.pt2" else "x"
    for point in points:
        batch, length = map(int, point.split("x"))
        dims = {f"{place}__0": batch, f"{place}__1": length}
        if batch < LEAST_BATCH.get(path.name, 1):
            with pytest.raises(thoplw.Error, match="s0 would be 1; the program was exported for 2 to 64"):
                load(path, **dims)
        else:
            assert load(path, **dims).macs == EXPECTED[path.name][point] == MODELS.block(batch, length)


# One of each family always; all of the specification where THOPLW_SWEEP is set.
FAMILIES = ["alexnet", "vgg11", "resnet18", "squeezenet1_0", "densenet121", "inception_v3", "googlenet", "mobilenet_v2"]
FAMILIES += ["shufflenet_v2_x0_5", "mnasnet0_5", "resnext50_32x4d", "wide_resnet50_2", "vit_b_16", "swin_t"]
OTHERS = [row[0] for row in ROWS if row[0] not in FAMILIES] + ["convnext_tiny"]


@pytest.mark.parametrize("name", FAMILIES + (OTHERS if os.environ.get("THOPLW_SWEEP") else []))
def test_model_of_the_specification(save, on_meta, name):
    model = on_meta_whole(on_meta(name))
    path = save(model, torch.zeros(input_shape(name), device="meta"))
    assert_same(path, model, input_shape(name))


@pytest.mark.parametrize("name", ["resnet18", "convnext_tiny"])
def test_decomposed_model(save, on_meta, name):
    model = on_meta_whole(on_meta(name))
    path = save(model, torch.zeros(input_shape(name), device="meta"), decomposed=True)
    assert_same(path, model, input_shape(name))


@pytest.mark.parametrize("name", ["bert", "gpt2", "llama"])
def test_transformers(save, name):
    pytest.importorskip("transformers", minversion="5.0")
    from transformer_models import MODELS as TRANSFORMERS
    from transformer_models import build

    model = build(name)
    model.config.use_cache = False
    inputs = TRANSFORMERS[name].inputs()
    assert_same(save(model, kwargs=inputs), model, inputs)


def test_dynamic_export_equals_the_live_model(save):
    model = MODELS.Block().eval()
    batch, half = torch.export.Dim("batch", max=64), torch.export.Dim("half", max=256)
    path = save(model, torch.ones(2, 6, 16), dynamic_shapes=({0: batch, 1: 2 * half},))
    for batch_size, length in ((2, 6), (1, 4), (8, 128), (64, 512)):
        assert_same(path, model, (batch_size, length, 16), x__0=batch_size, x__1=length)


def test_dims_are_checked():
    path = DATA / "samples" / "dynamic-2.13.pt2"
    assert load(path, s77=8, s44=64).macs == MODELS.block(8, 128)
    assert load(path, x__1=128).macs == MODELS.block(2, 128)
    for dims, said in (
        ({"s77": 65}, "s77 would be 65; the program was exported for 0 to 64"),
        ({"x__1": 514}, r"2\*s44 would be 514; the program was exported for 2 to 512"),
        ({"x__1": 7}, "--dim x.1=7: no s44 makes it so"),
        ({"x__2": 8}, "--dim x.2=8: this size is 16 in the file for good"),
        ({"batch": 8}, r"no dimension 'batch'; known are s77 \(x.0\), s44 \(in x.1\)"),
        ({"x__1": 128, "s44": 32}, "--dim x.1 and --dim s44 contradict each other: s44 would be 64 and 32"),
    ):
        with pytest.raises(thoplw.Error, match=rf"dynamic-2.13.pt2: .*models/model.json: {said}"):
            load(path, **dims)


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_tied_weights_with_and_without_weights(save, strict, device):
    model = MODELS.Net().eval().to(device)
    model.head.weight = model.embed.weight  # which .to() may have parted
    path = save(
        model, torch.ones(2, 3, 16, 16, device=device), torch.zeros(2, dtype=torch.int64, device=device), strict=strict
    )
    info = load(path)
    assert info.all_params == sum(p.numel() for p in model.parameters())
    assert info.buffers == sum(b.numel() for b in model.buffers())


class Frozen(nn.Module):
    """A parameter without gradient, a buffer that is not saved and a constant."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.second = nn.Linear(4, 4).requires_grad_(False)
        self.register_buffer("mask", torch.ones(4), persistent=False)

    def forward(self, x):
        return self.second(self.first(x) * self.mask + torch.tensor([1.0, 2.0, 3.0, 4.0]))


class InPlace(nn.Module):
    """An activation whose result is dropped, as it changed its argument."""

    def __init__(self):
        super().__init__()
        self.linear, self.norm = nn.Linear(4, 4), nn.LayerNorm(4)
        self.act = nn.Hardtanh(inplace=True)

    def forward(self, x):
        y = self.linear(x)
        self.act(y)
        return self.norm(y)


class Settings(nn.Module):
    """Regions that torch moves to graphs of their own."""

    def __init__(self):
        super().__init__()
        self.linear, self.other = nn.Linear(4, 4), nn.Linear(4, 4)

    def forward(self, x):
        with torch.no_grad():
            y = self.linear(x)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            y = self.other(y)
        return y.float() + self.linear(x)


class Sliced(nn.Module):
    """Layers by a slice of their list, of which some run twice, and a class of torch's own that is made up."""

    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(4, 4) for _ in range(3))
        self.conv = nn.utils.parametrizations.weight_norm(nn.Conv1d(4, 4, 3))

    def forward(self, x):
        for layer in self.layers[:2]:
            x = layer(layer(x))
        return self.conv(x)


class Batched(nn.Module):
    """What vmap runs has the sizes of one slice."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(4, 4)

    def forward(self, x):
        return torch.vmap(lambda row: row @ self.linear.weight)(x)


class Recurrent(nn.Module):
    """Layers whose operators take lists of tensors."""

    def __init__(self):
        super().__init__()
        self.lstm, self.gru = nn.LSTM(4, 4, 2, bidirectional=True), nn.GRU(8, 3, batch_first=True)
        self.heads = nn.MultiheadAttention(3, 3)

    def forward(self, x):
        y = self.gru(self.lstm(x)[0])[0]
        return (
            self.heads(y, y, y)[0],
            torch.einsum("abc,dbc->ad", y, y),
            torch.tensordot(y, y.permute(2, 1, 0), ([1, 2], [1, 0])),
        )


class Interpolated(nn.Module):
    """Layers with arguments that formulas read, and functional ones."""

    def __init__(self):
        super().__init__()
        self.up, self.grow = nn.Upsample(scale_factor=2, mode="bilinear"), nn.ConvTranspose2d(4, 2, 3)
        self.norm, self.act, self.out = nn.GroupNorm(2, 4), nn.PReLU(2), nn.Softmax(1)
        self.bilinear = nn.Bilinear(2, 2, 3)

    def forward(self, x):
        y = self.out(self.act(self.grow(self.norm(self.up(x)))))
        z = F.avg_pool2d(y, 14).flatten(1)
        return self.bilinear(z, z)


class Composite(nn.Module):
    """Operators that a live model takes apart, and a file holds whole."""

    def forward(self, x):
        spectrum = torch.fft.rfft2(x)
        y = torch.fft.irfft2(torch.fft.ifftshift(spectrum))
        loss = F.nll_loss(F.log_softmax(y[:, 0], 1), torch.zeros(2, 4, dtype=torch.int64))
        loss = loss + F.cross_entropy(x, y) + F.l1_loss(x, y) + F.kl_div(x, y) + F.cosine_similarity(x, y).sum()
        return loss, F.pairwise_distance(x, y), torch.pdist(x[0].flatten(1)), torch.special.ndtr(torch.fft.fft(x).real)


@pytest.mark.parametrize("decomposed", [False, True], ids=["whole", "decomposed"])
@pytest.mark.parametrize(
    ("cls", "shape"),
    [
        (Frozen, (3, 4)),
        (InPlace, (3, 4)),
        (Sliced, (2, 4, 4)),
        (Batched, (5, 4)),
        (Interpolated, (2, 4, 6, 6)),
        (Composite, (2, 3, 4, 4)),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
def test_form_equals_the_live_model(save, cls, shape, decomposed):
    model = cls().eval()
    assert_same(save(model, torch.ones(shape), decomposed=decomposed), model, shape)


def test_regions_with_settings_equal_the_live_model(save):
    model = Settings().eval()
    assert_same(save(model, torch.ones(3, 4)), model, (3, 4))
    # Once taken apart, what ran under autocast no longer says its module.
    assert load(save(model, torch.ones(3, 4), decomposed=True)).macs == 3 * 3 * 4 * 4


def test_recurrent_layers_equal_the_live_model(save):
    model = Recurrent().eval()
    assert_same(save(model, torch.ones(5, 2, 4)), model, (5, 2, 4))


class Mapped(nn.Module):
    """A loop over the rows of its argument."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(4, 4)

    def forward(self, rows):
        from torch._higher_order_ops.map import map as for_each

        return for_each(lambda row: self.linear(row).relu(), rows)


def test_bodies_run_as_often_as_the_loop(save):
    info = load(save(Mapped().eval(), torch.ones(5, 3, 4)))
    assert info.macs == 5 * 3 * 4 * 4
    assert info.exact


def test_branches_are_of_the_modules_whose_weights_they_take(save):
    model = MODELS.Cond().eval()
    rows = {row.name: row for row in load(save(model, torch.ones(4, 8)), "thoplw")}
    assert rows["big"].macs == 2 * 4 * (8 * 8 + 8)  # twice 4 positions, with bias
    assert rows["big"].calls == 2
    assert "small" not in {name for name, row in rows.items() if row.macs}


@pytest.mark.parametrize("kind", ["script", "state dict", "nothing"])
def test_other_archives_are_told_apart(tmp_path, kind):
    path = tmp_path / "model.pt2"
    model = nn.Linear(2, 2)
    if kind == "script":
        torch.jit.save(torch.jit.trace(model, torch.ones(1, 2)), str(path))
        said = "TorchScript archive"
    elif kind == "state dict":
        torch.save(model.state_dict(), path)
        said = "saved by torch.save"
    else:
        path.write_bytes(b"PK\3\4")
        said = "this is not a zip archive"
    with pytest.raises(thoplw.Error, match=said):
        load(path)


def test_custom_operators_make_a_lower_bound(save):
    with torch.library._scoped_library("thoplw_test", "DEF") as library:
        library.define("twice(Tensor x) -> Tensor")
        library.impl("twice", lambda x: x * 2, "CompositeExplicitAutograd")

        class Custom(nn.Module):
            def forward(self, x):
                return torch.ops.thoplw_test.twice(x)

        info = load(save(Custom(), torch.ones(2)))
    assert not info.exact
    assert [entry.op for entry in info.uncounted] == ["thoplw_test::twice"]

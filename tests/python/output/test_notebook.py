"""What LayerInfo and Comparison give to notebooks: HTML, dicts, data frames and plots, of real models."""

from __future__ import annotations

import builtins
import json
import re
import xml.etree.ElementTree as ElementTree
from typing import Any

import pytest
import torch
from torch import nn

import thoplw
from thoplw import _native

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
pandas = pytest.importorskip("pandas")


class Net(nn.Module):
    """A parameter of its own, a block that is called twice, and a layer that never runs."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(4))
        self.block = nn.Sequential(nn.Linear(4, 4), nn.ReLU())
        self.head = nn.Linear(4, 2, bias=False)
        self.spare = nn.Linear(7, 7)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.block(self.block(x)) * self.scale)


# Twice 3 * (4 * 4 + 4), then 3 * 4 * 2.
BLOCK, HEAD = 120, 24


@pytest.fixture(scope="module")
def net() -> thoplw.LayerInfo:
    return thoplw.profile(Net(), (3, 4), verbose=False)[2]


@pytest.fixture(scope="module")
def resnet(on_meta) -> thoplw.LayerInfo:
    return thoplw.profile(on_meta("resnet18"), (1, 3, 224, 224), verbose=False)[2]


class Hostile(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleDict({name: nn.Linear(4, 4) for name in ("$x$", "<script>", "a\nb", "層", "_hidden")})

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in self.layers.values():
            x = layer(x)
        return x


@pytest.fixture(scope="module")
def hostile() -> thoplw.LayerInfo:
    Hostile.__name__ = "<b>$Ho|stile$"
    return thoplw.profile(Hostile(), (1, 4), verbose=False)[2]


# --- HTML


def test_html_is_well_formed_and_has_no_scripts(net, resnet, hostile):
    for info in (net, resnet, hostile):
        html = info._repr_html_()
        names = {element.tag for element in ElementTree.fromstring(html).iter()}
        assert names <= {"div", "span", "b", "details", "summary"}
        assert len(html) < 60_000
    assert "2 calls" in net._repr_html_()
    assert "not run: spare" in net._repr_html_()


def test_html_of_a_comparison():
    comparison = thoplw.compare(Net(), (3, 4), ["exact", "torch"])
    rows = ElementTree.fromstring(comparison._repr_html_()).findall(".//tr")
    assert [cell.text for cell in rows[0]] == ["Name", "Class", "thoplw MACs", "exact MACs", "torch FLOPs"]
    assert (rows[-1][0].text or "").strip() in ("bias", "elementwise")


# --- dicts and frames


def test_to_dict_is_the_report(net):
    report = net.to_dict()
    assert report == json.loads(net.summary("json"))
    assert report["total"]["macs"] == net.macs
    assert [row["name"] for row in report["rows"]] == ["", "block", "block.0", "block.1", "head", "spare"]
    assert report["rows"][2]["input"] == {"dtype": "f32", "shape": [3, 4]}


def test_to_pandas_has_the_layers(net):
    frame = net.to_pandas()
    assert list(frame.columns) == ["name", "class", "input", "output", "macs", "params", "calls", "exact"]
    assert list(frame["name"]) == [row.name for row in net]
    linear = frame[frame["name"] == "block.0"].iloc[0]
    assert (linear["class"], linear["input"], linear["output"]) == ("Linear", (4,), (4,))
    assert (linear["macs"], linear["params"], linear["calls"], linear["exact"]) == (BLOCK, 20, 2, True)
    assert frame["macs"].sum() == net.macs
    assert frame["params"].sum() == net.params
    assert str(frame["macs"].dtype) == "int64"
    assert frame.attrs == {"model": "Net", "convention": "thoplw", "unit": "MAC"}


class Squared(nn.Module):
    """Beside a layer it makes a tensor itself."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(x).square()


def test_the_tree_of_memory_has_what_containers_make_themselves():
    info = thoplw.memory(nn.Sequential(Squared()), (1, 4), verbose=False)
    text = re.sub(r"<[^>]+>", " ", info._repr_html_())
    lines = [line.split() for line in text.splitlines() if "%" in line]
    activations = {line[-1]: line[3] for line in lines}
    assert activations == {"Sequential": "32", "Squared": "32", "(itself)": "16", "Linear": "16"}  # 4 floats, twice


def test_to_pandas_of_all_rows_has_subtrees(net):
    frame = net.to_pandas(all_rows=True).set_index("name")
    assert list(frame.index) == ["", "block", "block.0", "block.1", "head", "spare"]
    assert frame.loc["", "subtree_macs"] == net.macs
    assert frame.loc["block", ["macs", "subtree_macs", "depth", "calls"]].tolist() == [0, BLOCK, 1, 2]
    assert not frame.loc["spare", "listed"]
    assert frame.loc["spare", "input"] is None


def test_to_pandas_is_exact_beyond_floats():
    class Huge(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x

    cost = 2**62 + 1
    info = thoplw.profile(nn.Sequential(Huge(), Huge()), (1, 4), {Huge: lambda *_: cost}, verbose=False)[2]
    frame = info.to_pandas(all_rows=True)
    assert [int(count) for count in frame["macs"]] == [0, cost, cost]
    assert int(frame["subtree_macs"][0]) == info.to_dict()["total"]["macs"] == 2 * cost  # beyond int64


def test_to_pandas_of_a_comparison():
    comparison = thoplw.compare(Net(), (3, 4), ["exact", "torch"])
    frame = comparison.to_pandas()
    assert list(frame.columns) == ["name", "class", "thoplw", "exact", "torch"]
    assert frame[["thoplw", "exact", "torch"]].sum().to_dict() == comparison.macs
    assert frame.attrs["units"] == {"thoplw": "MAC", "exact": "MAC", "torch": "FLOP"}


# --- plots


@pytest.fixture
def settings():
    """Fails where a plot changes what others see, or leaves a window open."""
    from matplotlib import pyplot

    before = dict(matplotlib.rcParams)
    yield
    assert dict(matplotlib.rcParams) == before
    pyplot.close("all")


def texts(axes: Any) -> list[str]:
    return [text.get_text() for text in axes.texts]


def test_bars_of_the_costliest_layers(settings, net, resnet):
    axes = net.plot()
    assert [label.get_text() for label in axes.get_yticklabels()] == ["block.0", "head"]
    assert [bar.get_width() for bar in axes.patches][:2] == [BLOCK, HEAD]
    axes = resnet.plot(by="params", top=5)
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names[0] == "layer4.0.conv2"
    assert names[-1].endswith(" others")
    assert sum(bar.get_width() for bar in axes.patches) == resnet.params
    axes.figure.canvas.draw()


def test_bars_of_the_modules_at_a_depth(settings, resnet):
    axes = resnet.plot(depth=1)
    names = {label.get_text() for label in axes.get_yticklabels()}
    assert {"conv1", "layer1", "layer4", "fc"} <= names
    assert "layer1.0" not in names
    assert sum(bar.get_width() for bar in axes.patches) == resnet.macs


def test_plots_go_into_given_axes(settings, net, resnet):
    from matplotlib.figure import Figure

    figure = Figure()
    left, right = figure.subplots(1, 2)
    assert resnet.plot(ax=left) is left
    assert thoplw.plot({"net": net, "resnet18": resnet}, ax=right) is right
    figure.canvas.draw()


def test_a_plot_of_models(settings, net, resnet):
    axes = thoplw.plot({"net": net, "resnet18": resnet})
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert texts(axes) == ["net", "resnet18"]
    points = {tuple(float(v) for v in line.get_xydata()[0]) for line in axes.lines[:2]}
    assert points == {(float(net.params), float(net.macs)), (float(resnet.params), float(resnet.macs))}
    assert thoplw.plot([net, net.under("exact")]).get_xscale() == "linear"


def test_labels_of_many_models_keep_apart(settings, net):
    axes = thoplw.plot({f"model {i}": net for i in range(3)})
    assert texts(axes) == ["model 0, model 1, model 2"]  # they are on one spot
    infos = {
        f"width {n}": thoplw.profile(nn.Sequential(nn.Linear(n, n)), (1, n), verbose=False)[2] for n in range(10, 34)
    }
    axes = thoplw.plot(infos)
    axes.figure.canvas.draw()
    boxes = [text.get_window_extent() for text in axes.texts]
    assert len(boxes) == 24
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_labels_keep_clear_of_what_is_around():
    point = (50.0, 50.0, 20.0, 10.0)
    ((left, _, width, _),) = _native.place_labels([point], (0.0, 0.0, 200.0, 100.0), [])
    assert left > 50  # to its right, where nothing is in the way
    ((left, _, width, _),) = _native.place_labels([point], (0.0, 0.0, 200.0, 100.0), [(55.0, 0.0, 145.0, 100.0)])
    assert 0 < left < left + width < 55


def test_names_are_plain_text(settings, hostile):
    for axes in (hostile.plot(), thoplw.plot({"$x$": hostile, "a\n<b>": hostile})):
        axes.figure.canvas.draw()
    assert {"layers.$x$", "layers.a\\nb"} <= {label.get_text() for label in hostile.plot().get_yticklabels()}


def test_a_model_without_work(settings):
    info = thoplw.profile(nn.Identity(), (1, 4), verbose=False)[2]
    info.plot().figure.canvas.draw()
    thoplw.plot([info]).figure.canvas.draw()
    ElementTree.fromstring(info._repr_html_())
    assert info.to_pandas()["macs"].sum() == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda info: info.plot(by="mac"), "did you mean 'macs'"),
        (lambda info: info.plot(top=0), "top must be a number of bars"),
        (lambda info: info.plot(depth=-1), "depth must be a number of 0 or more"),
        (lambda info: thoplw.plot({}), "needs one model or more"),
        (lambda info: thoplw.plot(info), "info.plot() shows the layers"),
        (
            lambda info: thoplw.plot({"a": info, "b": (1, 2, info)}),
            "'b': plot() takes a LayerInfo, the third that profile() returns",
        ),
        (lambda info: thoplw.plot([info, info.under("torch")]), "count all by one convention"),
    ],
)
def test_errors(net, call, message):
    with pytest.raises(thoplw.Error) as error:
        call(net)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("library", "call"), [("pandas", lambda i: i.to_pandas()), ("matplotlib", lambda i: thoplw.plot([i, i]))]
)
def test_what_is_missing_is_named(net, monkeypatch, library, call):
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.partition(".")[0] == library:
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(thoplw.Error, match=f"pip install {library}"):
        call(net)

"""Pictures and graphs as those who read them do: an XML parser, a parser of Graphviz' language, flame graph viewers."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import pytest
import torch
from torch import nn

import thoplw

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # pydot uses old names of pyparsing's

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = [
    '</title><script>alert("1")</script>',
    "a;b c",
    "tab\tline\nend",
    "bell\x07\x1b[31m",
    "層",
    "\u202eabc",
    "&lt;",
    "%%",
]


class Block(nn.Module):
    """A linear layer, a norm and a product of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(8, 8)
        self.norm = nn.LayerNorm(8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.norm(self.fc(x))
        return y @ y.T @ y


def hostile() -> thoplw.LayerInfo:
    """Names that no format can take as they are, and a class that is named so, too."""
    model = nn.Sequential()
    for name in HOSTILE:
        model.add_module(name, Block())
    type(model[0]).__name__ = "Block"
    odd = type('Odd<"&>', (Block,), {})()
    model.add_module("odd", odd)
    return thoplw.profile(model, (4, 8), verbose=False)[2]


def large() -> thoplw.LayerInfo:
    """5,001 modules with work."""
    model = nn.Sequential(*[nn.Sequential(*[nn.Linear(4, 4) for _ in range(50)]) for _ in range(100)], nn.Linear(4, 4))
    return thoplw.profile(model, (1, 4), verbose=False)[2]


def resnet18() -> thoplw.LayerInfo:
    torchvision = pytest.importorskip("torchvision")
    return thoplw.profile(torchvision.models.resnet18(), (1, 3, 224, 224), verbose=False)[2]


MODELS: list[Callable[[], thoplw.LayerInfo]] = [hostile, large, resnet18]


@pytest.fixture(scope="module", params=MODELS, ids=lambda make: make.__name__)
def info(request: pytest.FixtureRequest) -> Any:
    return request.param()


def amount(title: str) -> int:
    """Of "conv1: Conv2d\\n115,605,504 MACs, 6.34 % of the total, 9,408 params"."""
    found = re.search(r"\n([\d,]+) (?:MACs|params), ", title)
    assert found, title
    return int(found[1].replace(",", ""))


def cells(text: str) -> list[tuple[int, float, float, float]]:
    """Of each cell of the picture what it stands for, its left, its top and its bottom."""
    found = []
    for group in ElementTree.fromstring(text).iter(SVG + "g"):
        title, rect = group.find(SVG + "title"), group.find(SVG + "rect")
        assert title is not None
        assert title.text
        assert rect is not None
        top = float(rect.attrib["y"])
        found.append((amount(title.text), float(rect.attrib["x"]), top, top + float(rect.attrib["height"])))
    return found


@pytest.mark.parametrize("options", [{}, {"sort": "params"}, {"depth": 1}, {"top": 3}, {"sort": "macs", "depth": 2}])
def test_cells_are_as_high_as_their_share(info, options):
    total = info.params if options.get("sort") == "params" else info.macs
    found = cells(info.summary("svg", **options))
    root = found[0]
    assert root[0] == total
    for count, left, top, bottom in found:
        assert bottom - top == pytest.approx((root[3] - root[2]) * count / total, abs=0.11)  # of two roundings
        assert root[2] - 0.1 <= top < bottom <= root[3] + 0.1
        inside = [c for c in found if c[1] == min((x[1] for x in found if x[1] > left), default=None)]
        assert sum(c[0] for c in inside if top - 0.06 <= c[2] and c[3] <= bottom + 0.06) <= count


def test_pictures_hold_no_markup_but_ours():
    text = hostile().summary("svg")
    tags = {element.tag.removeprefix(SVG) for element in ElementTree.fromstring(text).iter()}
    assert tags == {"svg", "title", "style", "rect", "text", "g"}
    assert "alert(&quot;1&quot;)" in text
    assert not re.search(r"[\x00-\x09\x0b-\x1f\u202e]", text)


def test_pictures_stay_small():
    assert len(large().summary("svg")) < 100_000
    assert len(large().summary("mermaid")) < 50_000  # what Mermaid takes


@pytest.mark.parametrize("options", [{}, {"sort": "params"}, {"depth": 1}, {"top": 3}, {"filter": ["Linear"]}])
def test_stacks_add_up(info, options):
    total = 0
    for line in info.summary("folded", **options).split("\n"):
        found = re.fullmatch(r"([^ ]+) (\d+)", line)
        assert found, line
        assert found[1].split(";")[0] == info.model
        total += int(found[2])
    assert total == (info.params if options.get("sort") == "params" else info.macs)


def test_a_parser_of_graphviz_reads_the_graph(info):
    pydot = pytest.importorskip("pydot")
    depth = 1 if len(info) > 1000 else None  # it is slow
    (graph,) = pydot.graph_from_dot_data(info.summary("dot", depth=depth))
    nodes = [node for node in graph.get_nodes() if node.get_name().startswith("n") and node.get_name() != "node"]
    assert len(graph.get_edges()) == len(nodes) - 1
    assert {edge.get_destination() for edge in graph.get_edges()} | {"n0"} == {node.get_name() for node in nodes}
    labels = [html.unescape(node.get("label")) for node in nodes]
    assert "100.00 %" in labels[0]
    if depth is None:
        assert len(nodes) >= len(info)


def test_names_reach_the_graph():
    pydot = pytest.importorskip("pydot")
    (graph,) = pydot.graph_from_dot_data(hostile().summary("dot"))
    labels = " ".join(html.unescape(node.get("label") or "") for node in graph.get_nodes())
    for name in (
        '</title><script>alert(\\"1\\")</script>: Block',
        "a;b c: Block",
        "tab\\\\tline\\\\nend: Block",
        "層: Block",
    ):
        assert name in labels


def test_mermaid_names_cannot_end_a_label():
    for line in hostile().summary("mermaid").split("\n"):
        assert re.fullmatch(
            r'%% .*|flowchart LR|  n\d+\["[^"<>`;]*(#\d+;[^"<>`;]*)*<br/>[\d.]+( [KMGT])? MACs, [\d.]+ %"\]:::s\d'
            r"|  n\d+ --> n\d+|  classDef s\d fill:#\w+,color:#\w+,stroke:#\w+",
            line,
        ), line


@pytest.mark.parametrize("kind", ["svg", "folded", "dot", "mermaid"])
def test_the_same_model_gives_the_same_bytes(kind):
    assert hostile().summary(kind) == hostile().summary(kind)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.svg", "svg"), ("a.folded", "folded"), ("a.gv", "dot"), ("a.dot", "dot"), ("a.mmd", "mermaid")],
)
def test_save_goes_by_suffix(tmp_path, name, kind):
    info = hostile()
    info.save(tmp_path / name, depth=1, sort="macs", top=2)
    assert (tmp_path / name).read_text() == info.summary(kind, depth=1, sort="macs", top=2)

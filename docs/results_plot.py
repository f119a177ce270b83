"""The plot of the results: multiply-adds against parameters, every model labelled, as SVG and PNG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from thoplw._labels import Point, draw_labels


@dataclass(frozen=True)
class Result:
    name: str
    family: str
    macs: int
    params: int


@dataclass(frozen=True)
class Look:
    color: str
    marker: str


# Okabe and Ito's colours, which the colour-blind can tell apart; where two families share one, their markers differ.
LOOKS = {
    "AlexNet": Look("#000000", "X"),
    "VGG": Look("#D55E00", "s"),
    "ResNet": Look("#0072B2", "o"),
    "Wide ResNet": Look("#56B4E9", "D"),
    "ResNeXt": Look("#CC79A7", "^"),
    "DenseNet": Look("#009E73", "P"),
    "Inception": Look("#E69F00", "v"),
    "SqueezeNet": Look("#000000", "d"),
    "MobileNet": Look("#D55E00", "o"),
    "ShuffleNet": Look("#0072B2", "^"),
    "MNASNet": Look("#009E73", "s"),
}

SETTINGS: dict[Any, Any] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same everywhere
    "font.size": 10,
    "svg.hashsalt": "thoplw",  # the same ids, so the same bytes, in every run
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def save_plot(results: Sequence[Result], folder: Path) -> None:
    """Writes macs-vs-params.svg and .png into `folder`, the same bytes for the same results."""
    with rc_context(SETTINGS):
        figure = draw(results)
        figure.savefig(folder / "macs-vs-params.svg", metadata={"Date": None, "Creator": None})
        figure.savefig(folder / "macs-vs-params.png", metadata={"Software": None})


def draw(results: Sequence[Result]) -> Figure:
    figure = Figure(figsize=(11, 8), dpi=110, layout="constrained")
    axes = figure.subplots()
    axes.set(xscale="log", yscale="log", xlabel="Parameters [M]", ylabel="Multiply-adds (MACs) of one image [G]")
    axes.set_xlim(1, 330)
    axes.set_ylim(0.03, 40)
    axes.grid(which="major", color="0.88", linewidth=0.8)
    axes.grid(which="minor", color="0.95", linewidth=0.5)
    axes.set_axisbelow(True)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_locator(LogLocator(subs=tuple(range(1, 10))))
        axis.set_minor_formatter(NullFormatter())
    for family, look in LOOKS.items():
        draw_family(axes, family, look, [result for result in results if result.family == family])
    legend = axes.legend(loc="lower right", title="Family", ncols=2, frameon=True, edgecolor="0.85")
    figure.draw_without_rendering()  # settles the layout, which the labels are placed in
    figure.set_layout_engine("none")
    points = [Point(r.name, LOOKS[r.family].color, r.params / 1e6, r.macs / 1e9) for r in results]
    draw_labels(axes, points, [legend.get_window_extent()])
    return figure


def draw_family(axes: Axes, family: str, look: Look, results: Sequence[Result]) -> None:
    x = [result.params / 1e6 for result in results]
    y = [result.macs / 1e9 for result in results]
    axes.plot(x, y, look.marker, color=look.color, markersize=8, markeredgecolor="white", label=family, zorder=3)

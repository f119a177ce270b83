"""The plot of the results: multiply-adds against parameters, every model labelled, as SVG and PNG."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from matplotlib.transforms import Bbox


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
SAME = 3.0  # pixels: points closer than this share a label


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
    draw_labels(axes, legend, results)
    return figure


def draw_family(axes: Axes, family: str, look: Look, results: Sequence[Result]) -> None:
    x = [result.params / 1e6 for result in results]
    y = [result.macs / 1e9 for result in results]
    axes.plot(x, y, look.marker, color=look.color, markersize=8, markeredgecolor="white", label=family, zorder=3)


@dataclass
class Label:
    """A text to be placed beside its point; all in pixels."""

    text: str
    color: str
    point: tuple[float, float]
    size: tuple[float, float]
    box: Bbox


def draw_labels(axes: Axes, legend: Legend, results: Sequence[Result]) -> None:
    labels = make_labels(axes, results)
    place(labels, [label.point for label in labels], axes.get_window_extent(), legend.get_window_extent())
    to_data = axes.transData.inverted()
    for label in labels:
        left, bottom = to_data.transform((label.box.x0, label.box.y0))
        axes.text(left, bottom, label.text, color="0.15", fontsize=9, va="bottom", zorder=4)
        draw_leader(axes, label)


def make_labels(axes: Axes, results: Sequence[Result]) -> list[Label]:
    """One label per point; models that fall on one spot share it."""
    spots: list[tuple[tuple[float, float], list[Result]]] = []
    for result in results:
        x, y = axes.transData.transform((result.params / 1e6, result.macs / 1e9))
        near = [names for (px, py), names in spots if abs(px - x) < SAME and abs(py - y) < SAME]
        if near:
            near[0].append(result)
        else:
            spots.append(((x, y), [result]))
    labels = []
    for point, names in spots:
        text = ", ".join(result.name for result in names)
        drawn = axes.text(0, 0, text, fontsize=9)
        extent = drawn.get_window_extent()
        drawn.remove()
        size = (extent.width, extent.height)
        labels.append(Label(text, LOOKS[names[0].family].color, point, size, Bbox.from_bounds(*point, *size)))
    return labels


def place(labels: Sequence[Label], points: Sequence[tuple[float, float]], inside: Bbox, legend: Bbox) -> None:
    """Moves each label, several times over, to the spot around its point that costs least while the others stay."""
    for _ in range(6):
        for label in labels:
            others = [other.box for other in labels if other is not label]
            label.box = min(spots_around(label), key=lambda box: cost(box, label, others, points, inside, legend))


# Right of the point first, then left, above, below, and the slanting places between.
SLANTS = tuple((across, up) for up in (0.5, -0.5, 0.75, -0.75, 1, -1) for across in (1, -1))
SIDES = ((1, 0), (-1, 0), (0, 1), (0, -1), *SLANTS)


def spots_around(label: Label) -> Iterator[Bbox]:
    """Boxes around the point, ever farther."""
    (x, y), (width, height) = label.point, label.size
    for gap in (11, 16, 22, 30, 40, 52):
        for across, up in SIDES:
            left = x + across * gap - (0 if across > 0 else width if across < 0 else width / 2)
            bottom = y - height / 2 + up * (gap + height / 2)
            yield Bbox.from_bounds(left, bottom, width, height)


def cost(
    box: Bbox,
    label: Label,
    others: Sequence[Bbox],
    points: Sequence[tuple[float, float]],
    inside: Bbox,
    legend: Bbox,
) -> float:
    """Overlaps weigh most, in square pixels, then points that it covers or stands nearer to, then its distance."""
    roomy = box.padded(2)
    total = sum(overlap(roomy, other) for other in (*others, legend)) * 10
    total += sum(400 for x, y in points if roomy.padded(5).contains(x, y))
    if not (inside.x0 < box.x0 and box.x1 < inside.x1 and inside.y0 < box.y0 and box.y1 < inside.y1):
        total += 10000
    far = gap_between(box, label.point)
    total += sum(30 for point in points if gap_between(box, point) < far)  # it would seem to belong there
    return total + far


def overlap(a: Bbox, b: Bbox) -> float:
    common = Bbox.intersection(a, b)
    return 0.0 if common is None else float(common.width * common.height)


def nearest(box: Bbox, point: tuple[float, float]) -> tuple[float, float]:
    return min(max(point[0], box.x0), box.x1), min(max(point[1], box.y0), box.y1)


def gap_between(box: Bbox, point: tuple[float, float]) -> float:
    x, y = nearest(box, point)
    return float(((x - point[0]) ** 2 + (y - point[1]) ** 2) ** 0.5)


def draw_leader(axes: Axes, label: Label) -> None:
    """A thin line from the point to a label that stands away from it."""
    if gap_between(label.box, label.point) < 15:
        return
    ends = axes.transData.inverted().transform([label.point, nearest(label.box, label.point)])
    axes.plot(ends[:, 0], ends[:, 1], color=label.color, linewidth=0.6, zorder=1)

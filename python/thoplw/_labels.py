"""Writes names beside the points of a plot. The engine finds the places, as it does for its own pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.transforms import Affine2D, Bbox

from thoplw import _native

SAME = 3.0  # pixels: points closer than this share a label
_LEADER = 11.0  # points: a label farther off has a line to its point


@dataclass(frozen=True)
class Point:
    """A point in data coordinates, with what is to be written beside it."""

    name: str
    color: str
    x: float
    y: float


@dataclass
class Label:
    """A text to be placed beside its point; in pixels."""

    text: str
    color: str
    point: tuple[float, float]
    size: tuple[float, float]


def draw_labels(
    axes: Axes, points: Sequence[Point], around: Sequence[Bbox], color: str = "0.15", fontsize: float = 9
) -> None:
    """Writes each name near its point, with a thin line to it where that is some way off.

    The layout of the figure and the limits of the axes have to be settled. `around` are boxes to keep clear of.
    """
    labels = make_labels(axes, points, fontsize)
    figure: Any = axes.figure.figure  # around a subfigure, too
    to_paper = Affine2D().scale(72 / figure.dpi, -72 / figure.dpi)  # in points, down from the top
    to_data = to_paper.inverted() + axes.transData.inverted()
    sized = [(*to_paper.transform(label.point), *abs(to_paper.transform(label.size))) for label in labels]
    inside = _box(axes.get_window_extent().transformed(to_paper))
    boxes = _native.place_labels(sized, inside, [_box(box.transformed(to_paper)) for box in around])
    for label, (x, y, _, _), (left, top, width, height) in zip(labels, sized, boxes, strict=True):
        at, bottom = to_data.transform((left, top + height))
        axes.text(at, bottom, label.text, color=color, fontsize=fontsize, va="bottom", zorder=4, parse_math=False)
        near = min(max(x, left), left + width), min(max(y, top), top + height)
        if max(abs(x - near[0]), abs(y - near[1])) >= _LEADER:
            ends = to_data.transform([(x, y), near])
            axes.plot(ends[:, 0], ends[:, 1], color=label.color, linewidth=0.6, zorder=1)


def make_labels(axes: Axes, points: Sequence[Point], fontsize: float) -> list[Label]:
    """One label per point; models that fall on one spot share it."""
    spots: list[tuple[tuple[float, float], list[Point]]] = []
    for point in points:
        x, y = axes.transData.transform((point.x, point.y))
        near = [names for (px, py), names in spots if abs(px - x) < SAME and abs(py - y) < SAME]
        if near:
            near[0].append(point)
        else:
            spots.append(((x, y), [point]))
    labels = []
    for spot, names in spots:
        text = ", ".join(point.name for point in names)
        drawn = axes.text(0, 0, text, fontsize=fontsize, parse_math=False)
        extent = drawn.get_window_extent()
        drawn.remove()
        labels.append(Label(text, names[0].color, spot, (extent.width, extent.height)))
    return labels


def _box(box: Bbox) -> tuple[float, float, float, float]:
    return box.xmin, box.ymin, box.xmax - box.xmin, box.ymax - box.ymin

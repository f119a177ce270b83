"""Places labels beside the points of a plot, so that they cover neither each other nor points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.transforms import Bbox

SAME = 3.0  # pixels: points closer than this share a label
ROUNDS = 6

# Right of the point first, then left, above, below, and the slanting places between.
SLANTS = tuple((across, up) for up in (0.5, -0.5, 0.75, -0.75, 1, -1) for across in (1, -1))
SIDES = ((1, 0), (-1, 0), (0, 1), (0, -1), *SLANTS)
GAPS = (11, 16, 22, 30, 40, 52)

Array = Any  # of numpy; boxes are rows of (left, bottom, right, top)


@dataclass(frozen=True)
class Point:
    """A point in data coordinates, with what is to be written beside it."""

    name: str
    color: str
    x: float
    y: float


@dataclass
class Label:
    """A text to be placed beside its point; all in pixels."""

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
    boxes = place(labels, axes.get_window_extent(), around)
    to_data = axes.transData.inverted()
    for label, box in zip(labels, boxes, strict=True):
        left, bottom = to_data.transform(box[:2])
        axes.text(left, bottom, label.text, color=color, fontsize=fontsize, va="bottom", zorder=4, parse_math=False)
        spot = np.array(label.point)
        near = np.clip(spot, box[:2], box[2:])
        if np.hypot(*(spot - near)) >= 15:  # a leader
            ends = to_data.transform([spot, near])
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


def place(labels: Sequence[Label], inside: Bbox, around: Sequence[Bbox]) -> Array:
    """Moves each label, several times over, to the spot around its point that costs least while the others stay."""
    points = np.array([label.point for label in labels]).reshape(-1, 2)
    sizes = np.array([label.size for label in labels]).reshape(-1, 2)
    boxes = np.concatenate([np.hstack([points, points + sizes]), *([box.extents] for box in around)])
    candidates = [spots_around(label) for label in labels]
    for _ in range(ROUNDS):
        for i, spots in enumerate(candidates):
            others = np.delete(boxes, i, axis=0)
            boxes[i] = spots[np.argmin(costs(spots, points[i], others, points, inside))]
    return boxes[: len(labels)]


def spots_around(label: Label) -> Array:
    """Boxes around the point, ever farther."""
    (x, y), (width, height) = label.point, label.size
    boxes = []
    for gap in GAPS:
        for across, up in SIDES:
            left = x + across * gap - (0 if across > 0 else width if across < 0 else width / 2)
            bottom = y - height / 2 + up * (gap + height / 2)
            boxes.append((left, bottom, left + width, bottom + height))
    return np.array(boxes)


def costs(spots: Array, point: Array, others: Array, points: Array, inside: Bbox) -> Array:
    """Overlaps weigh most, in square pixels, then points that it covers or stands nearer to, then its distance."""
    roomy = padded(spots, 2)
    total = 10 * overlaps(roomy, others).sum(axis=1)
    total += 400 * (gaps(padded(spots, 7), points) == 0).sum(axis=1)
    within = (spots[:, :2] > inside.min).all(axis=1) & (spots[:, 2:] < inside.max).all(axis=1)
    total += np.where(within, 0, 10000)
    far = gaps(spots, point[None])
    total += 30 * (gaps(spots, points) < far).sum(axis=1)  # it would seem to belong there
    return total + far[:, 0]


def padded(boxes: Array, by: float) -> Array:
    return boxes + np.array([-by, -by, by, by])


def overlaps(boxes: Array, others: Array) -> Array:
    """Square pixels that each box has in common with each other."""
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    return np.clip(high - low, 0, None).prod(axis=2)


def gaps(boxes: Array, points: Array) -> Array:
    """How far each point is from each box; 0 in it."""
    nearest = np.clip(points[None], boxes[:, None, :2], boxes[:, None, 2:])
    return np.sqrt(((points[None] - nearest) ** 2).sum(axis=2))

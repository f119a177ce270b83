"""plot(): several models, or a sweep's candidates, as points; LayerInfo.plot(): the costliest layers of one."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from thoplw import _native
from thoplw._native import Error, LayerInfo
from thoplw._suggest import unknown

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from thoplw._results import Sweep

# Okabe and Ito's colours, which the colour-blind can tell apart; the next eight classes get another marker.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8C6D31")
MARKERS = "os^DPvXd"
REST = "0.8"  # the colour of what is summed up
_SPAN = 10.0  # from this factor on, an axis is logarithmic
_LONGEST = 48  # characters of a name
_CROWD = 40  # from so many points on, labels are small


def plot(
    models: Mapping[str, LayerInfo] | Iterable[LayerInfo] | Sweep,
    *,
    x: str | None = None,
    y: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Plots what models cost: multiply-adds against parameters, a labelled point each, coloured by class. Of a sweep it
    plots any two columns, and a line through the candidates that no other beats.

    Args:
        models: reports by the name that is to be shown, ``{"resnet18": info, ...}``; or reports alone, which are
            called by their class. All are counted in one unit. Or a ``Sweep``.
        x, y: columns of a sweep; "params" and "macs" unless given.
        ax: where to plot; a new figure unless given.

    Returns:
        The axes. An axis is logarithmic where its values differ by a factor of ten and more. Hollow points are lower
        bounds. Labels are placed for the size that the figure has now.

    Raises:
        Error: there are no models, one is no ``LayerInfo``, units are mixed, or matplotlib is not installed.
    """
    from thoplw._results import Sweep  # here, as it imports what others do not need

    if isinstance(models, Sweep):
        return _plot_sweep(models, x or "params", y or "macs", ax)
    if x is not None or y is not None:
        raise Error("x and y are columns of a sweep; models are plotted by parameters and multiply-adds")
    named = _named(models)
    classes = list(dict.fromkeys(info.model for _, info in named))
    axes = _axes(ax, (9, 6.5))
    for i, cls in enumerate(classes):
        color, marker = COLORS[i % len(COLORS)], MARKERS[i // len(COLORS) % len(MARKERS)]
        label: str | None = _shown(cls)
        for exact in (True, False):
            some = [info for _, info in named if info.model == cls and info.exact == exact]
            if not some:
                continue
            xs, ys = [info.params for info in some], [info.macs for info in some]
            look = {f"marker{'edge' if exact else 'face'}color": axes.get_facecolor()}
            axes.plot(xs, ys, marker, color=color, markersize=8, label=label, zorder=3, **look)
            label = "_hidden"
    _label_axis(axes.xaxis, [info.params for _, info in named], "Parameters")
    _label_axis(axes.yaxis, [info.macs for _, info in named], _in_words(named[0][1].unit))
    _name_points(axes, named, classes)
    return axes


def _plot_sweep(sweep: Sweep, x: str, y: str, ax: Axes | None) -> Axes:
    from thoplw._shown_results import heading_of, with_numbers

    known = with_numbers(sweep, x, y)
    front = known.places_of_front(x, y)
    axes = _axes(ax, (9, 6.5))
    columns = known.columns[x], known.columns[y]
    axes.plot(*columns, "o", color=COLORS[5], alpha=0.5, markersize=4, markeredgewidth=0, rasterized=len(known) > 5000)
    axes.plot(*([column[i] for i in front] for column in columns), "o-", color=COLORS[1], linewidth=1, markersize=6)
    _label_axis(axes.xaxis, columns[0], heading_of(x))
    _label_axis(axes.yaxis, columns[1], heading_of(y))
    return axes


def plot_layers(info: LayerInfo, by: str, top: int, depth: int | None, ax: Axes | None) -> Axes:
    import json

    if not isinstance(by, str):
        raise Error(f"by must be the name of a measure, such as macs, not {_native.shown(by)}")
    measures = {measure.name: measure for measure in _native.measures()}
    if by not in measures:
        raise Error(f"by: unknown {unknown(by, list(measures))}; known: {' '.join(measures)}")
    total = getattr(info, by)
    if total is None:
        raise Error(f"by: the report of {info.model} has no {by}: profile or load the model itself")
    if not isinstance(top, int) or top < 1:
        raise Error(f"top must be a number of bars, 1 or more, not {_native.shown(top)}")
    if depth is not None and (not isinstance(depth, int) or depth < 0):
        raise Error(f"depth must be a number of 0 or more, or None for layers, not {_native.shown(depth)}")
    rows = json.loads(info.summary("json", depth=depth))["rows"]
    rows = sorted((row for row in rows if row[by]), key=lambda row: -row[by])
    shown, rest = rows[:top], rows[top:]
    classes = list(dict.fromkeys(row["class"] for row in shown))
    colors = {cls: COLORS[min(i, len(COLORS) - 1)] for i, cls in enumerate(classes)}
    names = [_shown(row["name"] or "(root)") for row in shown]
    amounts = [row[by] for row in shown]
    if rest:
        names.append(f"{len(rest)} others")
        amounts.append(sum(row[by] for row in rest))
    unit = measures[by].heading or _in_words(info.unit)
    axes = _axes(ax, (9, 1.6 + 0.26 * max(len(names), 3)))
    places = range(len(names))
    bars = axes.barh(places, amounts, color=[*(colors[row["class"]] for row in shown), *[REST] * bool(rest)])
    axes.bar_label(bars, [_amount(n, total) for n in amounts], padding=4)
    axes.set_yticks(places, names, parse_math=False)
    axes.margins(y=0.02)
    axes.invert_yaxis()
    _label_axis(axes.xaxis, [0, *amounts], unit)
    axes.set_xlim(0, max([*amounts, 1]) * 1.22)  # the numbers beside the bars have room
    axes.grid(axis="y", visible=False)
    _name_bars(axes, colors, _title(info))
    return axes


def _named(models: Any) -> list[tuple[str, LayerInfo]]:
    if isinstance(models, LayerInfo):
        raise Error("plot() takes several reports, {'name': info, ...}; of one, info.plot() shows the layers")
    if not isinstance(models, Iterable):
        raise Error(f"plot() takes several reports, {{'name': info, ...}}, not {_native.shown(models)}")
    pairs = list(models.items()) if isinstance(models, Mapping) else [(None, info) for info in models]
    if not pairs:
        raise Error("plot() needs one model or more, but got none")
    for name, info in pairs:
        if not isinstance(info, LayerInfo):
            where = "" if name is None else f"{_native.shown(name)}: "
            raise Error(f"{where}plot() takes a LayerInfo, the third that profile() returns, not {type(info).__name__}")
    if len({info.unit for _, info in pairs}) > 1:
        raise Error("some models are counted in MACs, others in FLOPs: count all by one convention, info.under(...)")
    if wrong := [name for name, _ in pairs if name is not None and not isinstance(name, str)]:
        raise Error(f"plot() takes models by name, a str, not {_native.shown(wrong[0])}")
    return [(info.model if name is None else name, info) for name, info in pairs]


def _name_points(axes: Axes, named: Sequence[tuple[str, LayerInfo]], classes: Sequence[str]) -> None:
    from matplotlib import rcParams

    from thoplw._labels import Point, draw_labels

    legend = None
    if 1 < len(classes) < len(named):
        legend = axes.legend(loc="best", ncols=1 + len(classes) // 12, fontsize=8, frameon=True, edgecolor="0.85")
        _without_mathtext(legend.get_texts())
    figure: Any = axes.figure.figure  # around a subfigure, too
    figure.draw_without_rendering()  # settles the layout, which the labels are placed in
    colors = {cls: COLORS[i % len(COLORS)] for i, cls in enumerate(classes)}
    points = [Point(_shown(name), colors[info.model], info.params, info.macs) for name, info in named]
    limits = axes.get_xlim(), axes.get_ylim()
    around = [] if legend is None else [legend.get_window_extent()]
    draw_labels(axes, points, around, color=rcParams["text.color"], fontsize=9 if len(points) < _CROWD else 7)
    axes.set(xlim=limits[0], ylim=limits[1])


def _name_bars(axes: Axes, colors: Mapping[str, str], title: str) -> None:
    """Above the bars, the title and what the colours stand for."""
    from matplotlib.patches import Patch

    if not 1 < len(colors) <= len(COLORS):
        axes.set_title(title, parse_math=False, loc="left", fontsize=11)
        return
    patches = [Patch(color=color, label=_shown(cls)) for cls, color in colors.items()]
    above: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (0, 1), "borderaxespad": 0, "frameon": False}
    legend = axes.legend(
        handles=patches, ncols=4, fontsize=8, title=title, title_fontsize=11, alignment="left", **above
    )
    _without_mathtext([legend.get_title(), *legend.get_texts()])


def _without_mathtext(texts: Iterable[Any]) -> None:
    for text in texts:
        text.set_parse_math(False)


def _label_axis(axis: Any, values: Sequence[int], title: str) -> None:
    """Scale by what the values span, marks in units of 1000."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

    axis.set_label_text(title)
    least, most = min(values), max(values)
    if least > 0 and most / least >= _SPAN:
        margin = (most / least) ** 0.06
        name = axis.axis_name
        axis.axes.set(**{f"{name}scale": "log", f"{name}lim": (least / margin, most * margin)})
        decades = math.log10(most / least)
        axis.set_major_locator(LogLocator(subs=(1, 2, 5) if decades < 3.3 else (1, 3) if decades < 5 else (1,)))
        axis.set_minor_locator(LogLocator(subs=tuple(range(1, 10))))
        axis.set_minor_formatter(NullFormatter())
    else:
        axis.set_major_locator(MaxNLocator(integer=True, nbins=8, steps=[1, 2, 5, 10]))
    axis.set_major_formatter(FuncFormatter(lambda value, _: _mark(value)))


def _mark(value: float) -> str:
    return "" if value < 0 else _native.clever_format(round(value), "%.4g").strip()


def _amount(count: int, total: int) -> str:
    return f"{count if count < 1000 else _native.clever_format(count, '%.2f')}  {100 * count / total:.1f} %"


def _title(info: LayerInfo) -> str:
    macs, params = (_native.clever_format(count, "%.2f") for count in (info.macs, info.params))
    return f"{_shown(info.model)}: {'' if info.exact else '≥'}{macs} {info.unit}s, {params} parameters"


def _in_words(unit: Literal["MAC", "FLOP"]) -> str:
    return "Multiply-adds (MACs)" if unit == "MAC" else "FLOPs"


def _shown(name: str) -> str:
    """On one line, not too long."""
    plain = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in name)
    return plain if len(plain) <= _LONGEST else "…" + plain[1 - _LONGEST :]


def _axes(ax: Axes | None, size: tuple[float, float]) -> Axes:
    """Those that are given, or new ones of that size, with our look: by their own settings, as notebooks change
    matplotlib's at the first plot, and rightly so."""
    try:
        from matplotlib import axes as kinds
        from matplotlib import pyplot
    except ImportError as missing:
        raise Error("plots need matplotlib: pip install matplotlib") from missing
    axes = pyplot.subplots(figsize=size, layout="constrained")[1] if ax is None else ax
    if not isinstance(axes, kinds.Axes):
        raise Error(f"ax must be matplotlib's Axes, or None for a new figure, not {_native.shown(axes)}")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(True, color="0.5", alpha=0.25, linewidth=0.8)
    axes.set_axisbelow(True)
    return axes

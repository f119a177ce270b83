"""Results of a sweep as tables, as a page, and as pictures."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from thoplw import _native
from thoplw._counting import ERROR, EXACT, PAGE
from thoplw._native import Error
from thoplw._png import write_png
from thoplw._results import Sweep, is_bounded

KINDS = ("text", "md", "csv", "json", "html", "svg", "png")
_FIRST = 40  # rows of a table for people, unless --top says how many


def render(results: Sweep, asked: Mapping[str, str], under: Mapping[str, float], kind: str, file: str) -> str:
    """What is asked of the results, as text; in the file, where one is named: then "".

    Args:
        asked: what flags say: "best", "pareto" ("x,y"), "sort", "top", "numbers".
        under: the most that columns may have.
    """
    kept = results.filter(under=under) if under else results
    if kind in ("html", "svg", "png"):
        text = _picture(kept, *_axes(kept, asked), kind)
        if kind == "png":
            write_png(text, file)
            return ""
    else:
        text = _table(_chosen(kept, asked), results, asked, kind)
    if not file:
        return text
    Path(file).write_text(text + "\n", encoding="utf-8")
    return ""


def _chosen(kept: Sweep, asked: Mapping[str, str]) -> Sweep:
    if "pareto" in asked:
        kept = kept.pareto(*_axes(kept, asked))
    if "best" in asked:
        best = kept.best(asked["best"])
        return Sweep({name: [value] for name, value in best.items()})
    return kept.sorted(asked["sort"], descending=True) if "sort" in asked else kept


def _axes(results: Sweep, asked: Mapping[str, str]) -> tuple[str, str]:
    if "pareto" in asked:
        x, comma, y = asked["pareto"].partition(",")
        if not comma or "," in y:
            raise Error(f"--pareto {asked['pareto']}: name two measures, such as params,macs")
        return x, y
    names = results.measures
    if len(names) < 2:
        raise Error("a picture needs two measures: --pareto X,Y")
    return ("params", "macs") if {"params", "macs"} <= set(names) else (names[0], names[1])


def _table(shown: Sweep, results: Sweep, asked: Mapping[str, str], kind: str) -> str:
    top = int(asked["top"]) if "top" in asked else _FIRST if kind == "text" else len(shown)
    if kind == "json":
        return json.dumps(list(shown[:top]), indent=1, default=str)
    notes = []
    if kind != "csv":
        if len(shown) > top:
            notes.append(f"... and {len(shown) - top} more: --top N shows more of them")
        if failed := len(results.failed):
            notes.append(f"{failed} of {len(results)} candidates have an error")
        if bounds := sum(exact is False for exact in results.columns.get(EXACT, [])):
            notes.append(f"{bounds} of {len(results)} candidates have only a lower bound")
    names = [name for name in shown.columns if kind == "csv" or _says_something(name, shown)]
    numbers = [any(_is_number(value) for value in shown.columns[name]) for name in names]
    rows = [[_text(row[name], asked.get("numbers")) for name in names] for row in shown[:top]]
    return _native.write_table(kind, names, numbers, rows, notes)


def _says_something(name: str, shown: Sweep) -> bool:
    """Is the column more than what is so of an ordinary candidate?"""
    usual: dict[str, Any] = {EXACT: True, ERROR: None, PAGE: None}
    return name not in usual or any(value not in (usual[name], None) for value in shown.columns[name])


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _text(value: Any, numbers: str | None) -> str:
    if value is None:
        return ""
    if numbers == "clever" and isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**64:
        return _native.clever_format(value, "%6.2f")
    return str(value)


def _picture(results: Sweep, x: str, y: str, kind: str) -> str:
    known = with_numbers(results, x, y)
    if kind == "html":
        return front_page(results, x, y)
    xs, ys = known.columns[x], known.columns[y]
    if any(not isinstance(value, int) or value < 0 for value in [*xs, *ys]):
        raise Error(f"pictures show whole numbers, but {x} or {y} has others: write a page, -o front.html")
    front = known.places_of_front(x, y)
    names = [title_of(known, place) for place in front]
    return _native.front_svg(xs, ys, front, names, heading_of(x), heading_of(y))


def with_numbers(results: Sweep, x: str, y: str) -> Sweep:
    """Those that have a number in both columns.

    Raises:
        Error: there are none.
    """
    pairs = zip(results.column(x), results.column(y), strict=True)
    known = results.at(i for i, (a, b) in enumerate(pairs) if _is_number(a) and _is_number(b))
    if not len(known):
        raise Error(f"no candidate has both {x} and {y}")
    return known


def front_page(results: Sweep, x: str, y: str) -> str:
    """The page with all candidates; whoever looks at it chooses other axes, and filters."""
    columns = {name: [_plain(value) for value in values] for name, values in results.columns.items()}
    names = [name for name in columns if _says_something(name, results)]
    bounded = [name for name in columns if is_bounded(name) and EXACT in columns]
    page = {"names": names, "columns": columns, "bounded": bounded, "x": x, "y": y}
    data = json.dumps(page, separators=(",", ":"))
    about = f"{len(results)} candidates; those on the line have nobody with less of both"
    return _native.front_page("Sweep", about, data)


def title_of(results: Sweep, place: int) -> str:
    """A candidate by its settings."""
    row = results[place]
    return " ".join(str(row[name]) if name == "model" else f"{name}={row[name]}" for name in results.settings)


def heading_of(name: str) -> str:
    headings = {row.name: row.heading for row in _native.measures()}
    return headings.get(name, name) or "Multiply-adds (MACs)"


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, (bool, int, float)) else str(value)

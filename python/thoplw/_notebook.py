"""What LayerInfo and Comparison give to notebooks and data frames; pandas is imported where it is asked for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from thoplw import _native
from thoplw._native import Comparison, Error, LayerInfo

if TYPE_CHECKING:
    import pandas


def to_dict(info: LayerInfo) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(info.summary("json"))
    return report


def to_pandas(info: LayerInfo, all_rows: bool) -> pandas.DataFrame:
    report = to_dict(info)
    rows = [row for row in report["rows"] if all_rows or row["listed"]]
    columns: dict[str, Any] = {name: [row[name] for row in rows] for name in ("name", "class")}
    columns |= {name: [_shape(row[name]) for row in rows] for name in ("input", "output")}
    shown = [measure.name for measure in _native.measures() if measure.shown]
    names = [*shown, "calls", "exact"]
    if all_rows:
        names += ["depth", "listed", *(f"subtree_{name}" for name in shown)]
    columns |= {name: _exactly([row[name] for row in rows]) for name in names}
    return _frame(columns, model=info.model, convention=info.convention, unit=info.unit)


def comparison_to_pandas(comparison: Comparison) -> pandas.DataFrame:
    report = json.loads(comparison.summary("json"))
    rows = report["rows"]
    columns: dict[str, Any] = {name: [row[name] for row in rows] for name in ("name", "class")}
    for convention in comparison.macs:
        columns[convention] = _exactly([row["macs"][convention] for row in rows])
    units = {one["convention"]: one["unit"] for one in report["conventions"]}
    return _frame(columns, model=report["model"], base=report["base"], units=units)


def _shape(tensor: dict[str, Any] | None) -> tuple[int, ...] | None:
    """Without the batch, as ``Row.input_shape``."""
    return None if tensor is None else _native.without_batch(tensor["shape"])


def _exactly(values: list[Any]) -> Any:
    """A column of bool or of the narrowest of int64, uint64 that holds all: never a float, as pandas might choose."""
    _pandas()
    import numpy as np

    if all(isinstance(value, bool) for value in values):
        return np.array(values, dtype=bool)
    return np.array(values, dtype=np.int64 if max(values) < 2**63 else np.uint64)


def _frame(columns: dict[str, Any], **attributes: Any) -> pandas.DataFrame:
    pd = _pandas()
    shapes = {name: pd.Series(columns.pop(name), dtype=object) for name in ("input", "output") if name in columns}
    named: dict[str, Any] = {name: columns.pop(name) for name in ("name", "class")}
    named |= shapes | columns
    frame: pandas.DataFrame = pd.DataFrame(named)
    frame.attrs.update(attributes)
    return frame


def _pandas() -> Any:
    try:
        import pandas
    except ImportError as missing:
        raise Error("to_pandas() needs pandas: pip install pandas") from missing
    return pandas

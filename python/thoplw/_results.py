"""Sweep: the results of a sweep, as values."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, overload

from thoplw._cells import Cell, cell_of, value_of
from thoplw._counting import ERROR, EXACT, PAGE, questions
from thoplw._native import Error
from thoplw._result_files import open_results, read_results
from thoplw._suggest import unknown

if TYPE_CHECKING:
    import pandas

Row = dict[str, Any]


class Sweep:
    """The candidates of a sweep with what each costs: a row for each, in columns.

    A row is a dict: the settings of the candidate, the measures, ``exact`` (False: the counts are lower bounds, as the
    model has operators that no rule counts) and ``error``, which is None where all went well. What a candidate does not
    have is None.

    Attributes:
        columns: the columns by name, each a list with a value per row.
        settings: the names of those that are settings.
        measures: the names of those that are measures.
    """

    columns: dict[str, list[Any]]

    def __init__(self, columns: Mapping[str, list[Any]]) -> None:
        self.columns = dict(columns)

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Sweep:
        """The results in a .csv, .sqlite or .parquet file, also while these are being made.

        Raises:
            Error: there is no such file, or it is none of results.
        """
        return cls.of_rows(read_results(os.fspath(path)))

    @classmethod
    def of_rows(cls, rows: Iterable[Mapping[str, Cell]], columns: Iterable[str] = ()) -> Sweep:
        """Of rows as files have them, and with these columns in any case."""
        known: dict[str, list[Any]] = {name: [] for name in columns}
        same: dict[Any, Any] = {}  # of equal values one object: there are few
        for count, row in enumerate(rows):
            for name, cell in row.items():
                if name not in known:
                    known[name] = [None] * count
                value = value_of(cell) if name != ERROR else cell
                with contextlib.suppress(TypeError):  # of a list, a dict
                    value = same.setdefault((type(value), value), value)
                known[name].append(value)
            for values in known.values():
                if len(values) <= count:
                    values.append(None)
        return cls({name: known[name] for name in in_order(known)})

    @property
    def settings(self) -> list[str]:
        return [name for name in self.columns if name not in questions() and name not in (EXACT, ERROR, PAGE)]

    @property
    def measures(self) -> list[str]:
        return [name for name in self.columns if name in questions()]

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), []))

    def __iter__(self) -> Iterator[Row]:
        return (self[place] for place in range(len(self)))

    @overload
    def __getitem__(self, place: int) -> Row: ...
    @overload
    def __getitem__(self, place: slice) -> Sweep: ...
    def __getitem__(self, place: int | slice) -> Row | Sweep:
        if isinstance(place, slice):
            return self.at(range(len(self))[place])
        return {name: values[place] for name, values in self.columns.items()}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sweep) and self.columns == other.columns

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Sweep({len(self)} candidates: {', '.join(self.columns)})"

    @property
    def failed(self) -> Sweep:
        """The candidates that have an error."""
        return self.at(place for place, error in enumerate(self.column(ERROR, [])) if error is not None)

    def filter(
        self,
        holds: Callable[[Row], bool] | None = None,
        *,
        under: Mapping[str, float] = {},
        over: Mapping[str, float] = {},
        **values: Any,
    ) -> Sweep:
        """The candidates for which all of this is so.

        Args:
            holds: a function of the row.
            under, over: the most and the least that columns may have: ``under={"params": 5_000_000}``. A candidate that
                has no such value, or only a lower bound of it, is not under anything.
            values: what columns are: ``depth=4``.
        """
        for name in (*under, *over, *values):
            self.column(name)
        places: Iterable[int] = range(len(self))
        for name, most in under.items():
            column, bounds = self.columns[name], self._bounds(name)
            places = [i for i in places if column[i] is not None and column[i] <= most and not bounds[i]]
        for name, least in over.items():
            column = self.columns[name]
            places = [i for i in places if column[i] is not None and column[i] >= least]
        for name, value in values.items():
            column = self.columns[name]
            places = [i for i in places if column[i] == value]
        return self.at(places if holds is None else (i for i in places if holds(self[i])))

    def sorted(self, by: str, *, descending: bool = False) -> Sweep:
        """By a column, the least first; candidates without such a value come last."""
        column = self.column(by)
        there = [i for i in range(len(self)) if column[i] is not None]
        there.sort(key=lambda i: column[i], reverse=descending)
        return self.at([*there, *(i for i in range(len(self)) if column[i] is None)])

    def best(self, by: str, *, under: Mapping[str, float] = {}, over: Mapping[str, float] = {}) -> Row:
        """The candidate with the least of a measure, among those that keep to limits as :meth:`filter` has them.

        Raises:
            Error: there is none.
        """
        places = [i for i, bound in enumerate(self._bounds(by)) if self.column(by)[i] is not None and not bound]
        among = self.at(places).filter(under=under, over=over)
        if not len(among):
            raise Error("no candidate keeps to these limits, with counts that are exact")
        column = among.columns[by]
        return among[min(range(len(among)), key=lambda i: column[i])]

    def pareto(self, x: str, y: str) -> Sweep:
        """The candidates that no other beats: none has less of one and not more of the other. Sorted by `x`.

        What is only a lower bound beats nobody and is left out.
        """
        return self.at(self.places_of_front(x, y))

    def places_of_front(self, x: str, y: str) -> list[int]:
        """Where the rows of :meth:`pareto` are."""
        columns = self.column(x), self.column(y)
        known = (i for i, bound in enumerate(self._bounds(x, y)) if not bound)
        points = sorted((columns[0][i], columns[1][i], i) for i in known if None not in (columns[0][i], columns[1][i]))
        front: list[int] = []
        least: Any = None
        for x_value, y_value, place in points:
            beside = front and (columns[0][front[-1]], columns[1][front[-1]]) == (x_value, y_value)
            if least is None or y_value < least or beside:
                front.append(place)
                least = y_value
        return front

    def summary(self, kind: str = "text", *, pareto: tuple[str, str] | None = None, top: int | None = None) -> str:
        """The candidates as "text", "md", "csv" or "json"; or as points, "html" or "svg".

        Args:
            pareto: show only the front of these two; of points, their axes.
            top: show no more than so many rows; None: 40 as text, else all.
        """
        from thoplw._shown_results import KINDS, render

        if kind not in KINDS or kind == "png":
            raise Error(f"results of a sweep cannot be shown as {kind}; known: {' '.join(KINDS[:-1])}")
        asked = {} if pareto is None else {"pareto": ",".join(pareto)}
        return render(self, asked | ({} if top is None else {"top": str(top)}), {}, kind, "")

    def __str__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        frame: str = self.to_pandas()._repr_html_()
        return frame

    def to_pandas(self) -> pandas.DataFrame:
        """As a pandas DataFrame."""
        try:
            import pandas
        except ImportError as missing:
            raise Error("to_pandas() needs pandas: pip install pandas") from missing
        return pandas.DataFrame(self.columns)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes a new .csv, .sqlite or .parquet file.

        Raises:
            Error: the file is there already, or its suffix is another.
        """
        if os.path.exists(path):
            raise Error(f"{os.fspath(path)}: it is there already")
        file = open_results(os.fspath(path), list(self.columns))
        file.append([self._cells(place) for place in range(len(self))])
        file.close(True)

    def _cells(self, place: int) -> dict[str, Cell]:
        return {
            name: values[place] if name == ERROR else cell_of(values[place], name)
            for name, values in self.columns.items()
            if values[place] is not None
        }

    def at(self, places: Iterable[int]) -> Sweep:
        """The rows at these places."""
        chosen = list(places)
        return Sweep({name: [values[i] for i in chosen] for name, values in self.columns.items()})

    def column(self, name: str, otherwise: list[Any] | None = None) -> list[Any]:
        """Raises Error where there is none of that name and nothing stands for it."""
        if name not in self.columns:
            if otherwise is not None:
                return otherwise
            raise Error(f"unknown column {unknown(name, self.columns)}; known: {' '.join(self.columns)}")
        return self.columns[name]

    def _bounds(self, *names: str) -> list[bool]:
        """Of each candidate, is one of these only a lower bound?"""
        bounded = any(is_bounded(name) for name in names)
        exact = self.column(EXACT, [True] * len(self))
        return [bounded and value is False for value in exact]


# What is counted without operators.
_NO_BOUNDS = ("params", "trainable", "bytes", "all_params", "active_params", "buffers")


def is_bounded(name: str) -> bool:
    """Is it a measure that is only a lower bound where the row is not exact?"""
    return name in questions() and name not in _NO_BOUNDS


def in_order(columns: Iterable[str]) -> list[str]:
    """Settings, measures, and what each row has further."""
    names = list(columns)
    last = [name for name in (EXACT, ERROR, PAGE) if name in names]
    measures = [name for name in names if name in questions()]
    return [*(name for name in names if name not in measures and name not in last), *measures, *last]

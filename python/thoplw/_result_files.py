"""Files of results: rows are appended as they come, and whatever ends the sweep, those that are there can be read."""

from __future__ import annotations

import contextlib
import csv
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any, Protocol

from thoplw._cells import Cell, value_of
from thoplw._native import Error

Row = dict[str, Cell]

_MANY, _LONG = 500, 0.5  # rows, seconds: what is written at once
_GROUP = 50_000  # rows of a Parquet file that are in memory at once


class ResultFile(Protocol):
    """A file of results that is open for more rows."""

    columns: list[str]

    def rows(self) -> Iterator[Row]: ...
    def append(self, rows: Sequence[Row]) -> None: ...
    def remove(self, column: str) -> None:
        """Rows that have something in the column."""

    def close(self, done: bool) -> None: ...


class CsvFile:
    """Text, a line for each row. What a kill left of a line is dropped."""

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self.columns = list(columns)
        self._path = path
        if path.exists() and path.stat().st_size:
            _drop_torn_line(path)
            with path.open(newline="", encoding="utf-8") as file:
                self.columns = next(csv.reader(file), self.columns)
        self._open()
        if path.stat().st_size == 0:
            self._writer.writerow(self.columns)
            self._file.flush()

    def _open(self) -> None:
        self._file: IO[str] = self._path.open("a", newline="", encoding="utf-8")
        self._writer = csv.writer(self._file, lineterminator="\n")

    def rows(self) -> Iterator[Row]:
        return read_csv(self._path)

    def append(self, rows: Sequence[Row]) -> None:
        for row in rows:
            if new := [name for name in row if name not in self.columns]:
                raise Error(
                    f"{self._path}: it has no column {new[0]!r}, as its first row had none: where candidates have "
                    f"different settings, write to a .sqlite or .parquet file"
                )
        self._writer.writerows([_text(row.get(name)) for name in self.columns] for row in rows)
        self._file.flush()

    def remove(self, column: str) -> None:
        self._file.close()
        place = self.columns.index(column)
        partial = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        with (
            self._path.open(newline="", encoding="utf-8") as file,
            partial.open("w", newline="", encoding="utf-8") as fewer,
        ):
            lines = csv.reader(file)
            writer = csv.writer(fewer, lineterminator="\n")
            writer.writerow(next(lines))
            writer.writerows(cells for cells in lines if not "".join(cells[place : place + 1]))
        partial.replace(self._path)
        self._open()

    def close(self, done: bool) -> None:
        self._file.close()


class SqliteFile:
    """A database with the table ``results``. What was not committed was not there."""

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self._path = path
        try:
            self._database = sqlite3.connect(path, isolation_level=None)
            self._database.execute("PRAGMA synchronous = OFF")  # a kill of the process loses nothing all the same
            known = [name for _, name, *_ in self._database.execute("PRAGMA table_info(results)")]
            self.columns = known or list(columns)
            if not known:
                self._database.execute(f"CREATE TABLE results ({', '.join(map(_quoted, columns))})")
        except sqlite3.DatabaseError as wrong:
            raise Error(f"{path}: no SQLite database of results: {wrong}") from wrong

    def rows(self) -> Iterator[Row]:
        return read_sqlite(self._path)

    def append(self, rows: Iterable[Row]) -> None:
        with self._database:
            self._database.execute("BEGIN")
            for row in rows:
                for name in row:
                    if name not in self.columns:
                        self._database.execute(f"ALTER TABLE results ADD COLUMN {_quoted(name)}")
                        self.columns.append(name)
                names, marks = ", ".join(map(_quoted, row)), ", ".join("?" * len(row))
                self._database.execute(f"INSERT INTO results ({names}) VALUES ({marks})", list(row.values()))

    def remove(self, column: str) -> None:
        self._database.execute(f"DELETE FROM results WHERE {_quoted(column)} IS NOT NULL")

    def close(self, done: bool) -> None:
        self._database.close()


class ParquetFile:
    """A file that cannot grow: rows are kept in a database beside it, which becomes the file at the end."""

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        import_pyarrow()
        self._path, self._beside = path, beside(path)
        self._grown = not path.exists()
        self._rows = SqliteFile(self._beside, columns if self._grown else _columns_of_parquet(path))
        if not self._grown and next(self._rows.rows(), None) is None:
            self._rows.append(read_parquet(path))  # all of it or nothing
        self.columns = self._rows.columns

    def rows(self) -> Iterator[Row]:
        return self._rows.rows()

    def append(self, rows: Sequence[Row]) -> None:
        self._grown = True
        self._rows.append(rows)

    def remove(self, column: str) -> None:
        self._grown = True
        self._rows.remove(column)

    def close(self, done: bool) -> None:
        self._rows.close(done)
        if self._grown and not done:
            return
        if self._grown:
            write_parquet(self._path, lambda: read_sqlite(self._beside), self._rows.columns)
        self._beside.unlink()


def open_results(path: str, columns: Sequence[str]) -> ResultFile:
    """The file, with the rows that it has already; the suffix of its name says which kind it is."""
    kind = _kind(path)[0]
    result: ResultFile = kind(Path(path), columns)
    return result


def read_results(path: str) -> Iterator[Row]:
    """The rows of a file of results, one after the other; of a Parquet file that is being made those so far."""
    read = _kind(path)[1]
    if read is read_parquet and beside(Path(path)).exists():
        return read_sqlite(beside(Path(path)))
    if not Path(path).is_file():
        raise Error(f"{path}: no such file")
    rows: Iterator[Row] = read(Path(path))
    return rows


def is_results(path: str) -> bool:
    """Does the name say that it is a file of results?"""
    return Path(path).suffix in _KINDS


def _kind(path: str) -> tuple[type, Any]:
    suffix = Path(path).suffix
    if suffix not in _KINDS:
        raise Error(f"{path}: results go to a file named {', '.join('*' + suffix for suffix in _KINDS)}")
    return _KINDS[suffix]


class Buffered:
    """Gathers rows, so that thousands a second can be written; slow ones are written at once."""

    def __init__(self, file: ResultFile) -> None:
        self._file = file
        self._rows: list[Row] = []
        self._written = time.monotonic()

    def add(self, row: Row) -> None:
        self._rows.append(row)
        if len(self._rows) >= _MANY or time.monotonic() - self._written >= _LONG:
            self.write()

    def write(self) -> None:
        if self._rows:
            self._file.append(self._rows)
        self._rows.clear()
        self._written = time.monotonic()


def read_csv(path: Path) -> Iterator[Row]:
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.reader(file)
        columns = next(reader, [])
        for cells in reader:
            if len(cells) == len(columns):  # not the last line, where that was torn
                yield {name: _cell(text) for name, text in zip(columns, cells, strict=True)}


def read_sqlite(path: Path) -> Iterator[Row]:
    with contextlib.closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True)) as database:
        try:
            cursor = database.execute("SELECT * FROM results ORDER BY rowid")
        except sqlite3.DatabaseError as wrong:
            raise Error(f"{path}: no SQLite database of results: {wrong}") from wrong
        columns = [name for name, *_ in cursor.description]
        for cells in cursor:
            yield dict(zip(columns, cells, strict=True))


def read_parquet(path: Path) -> Iterator[Row]:
    with _parquet(path) as file:
        for batch in file.iter_batches(_GROUP):
            columns = [
                [str(cell) if isinstance(cell, bool) else cell for cell in column.to_pylist()]
                for column in batch.columns
            ]
            for cells in zip(*columns, strict=True):
                yield dict(zip(batch.schema.names, cells, strict=True))


def _parquet(path: Path) -> Any:
    try:
        return import_pyarrow().parquet.ParquetFile(path)
    except Error:
        raise
    except Exception as wrong:
        raise Error(f"{path}: no Parquet file: {wrong}") from wrong


def _columns_of_parquet(path: Path) -> list[str]:
    with _parquet(path) as file:
        names: list[str] = file.schema_arrow.names
        return names


def write_parquet(path: Path, rows: Any, columns: Sequence[str]) -> None:
    """Writes what ``rows()`` gives, twice: first the types of columns are looked for."""
    pyarrow = import_pyarrow()
    kinds: dict[str, set[str]] = {name: set() for name in columns}
    for row in rows():
        for name, cell in row.items():
            kinds[name].add("bool" if cell in ("True", "False") else type(cell).__name__)
    schema = pyarrow.schema([(name, _type(pyarrow, kinds[name] - {"NoneType"})) for name in columns])
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    with pyarrow.parquet.ParquetWriter(partial, schema) as writer:
        for group in _groups(rows(), _GROUP):
            arrays = [_column(pyarrow, field.type, [row.get(field.name) for row in group]) for field in schema]
            writer.write_table(pyarrow.Table.from_arrays(arrays, schema=schema))
    partial.replace(path)


def _type(pyarrow: Any, kinds: set[str]) -> Any:
    if kinds == {"bool"}:
        return pyarrow.bool_()
    if kinds == {"int"}:
        return pyarrow.int64()
    return pyarrow.float64() if kinds and kinds <= {"int", "float"} else pyarrow.string()


def _column(pyarrow: Any, kind: Any, cells: list[Cell]) -> Any:
    if pyarrow.types.is_boolean(kind):
        return pyarrow.array([value_of(cell) for cell in cells], kind)
    if pyarrow.types.is_string(kind):
        return pyarrow.array([None if cell is None else _text(cell) for cell in cells], kind)
    return pyarrow.array(cells, kind)


def _groups(rows: Iterator[Row], size: int) -> Iterator[list[Row]]:
    group: list[Row] = []
    for row in rows:
        group.append(row)
        if len(group) == size:
            yield group
            group = []
    if group:
        yield group


def beside(path: Path) -> Path:
    return path.with_name(path.name + ".rows")


def import_pyarrow() -> Any:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as missing:
        raise Error("Parquet files need pyarrow: pip install pyarrow; .csv and .sqlite need nothing") from missing
    return pyarrow


def _drop_torn_line(path: Path) -> None:
    with path.open("rb+") as file:
        size = file.seek(0, os.SEEK_END)
        while size > 0:
            start = max(size - 65536, 0)
            file.seek(start)
            newline = file.read(size - start).rfind(b"\n")
            if newline >= 0:
                file.truncate(start + newline + 1)
                return
            size = start
        file.truncate(0)


def _text(cell: Cell) -> str:
    return "" if cell is None else repr(cell) if isinstance(cell, float) else str(cell)


def _cell(text: str) -> Cell:
    if not text:
        return None
    number = value_of(text)
    return number if type(number) in (int, float) and abs(number) < 2**63 else text


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


_KINDS = {
    ".csv": (CsvFile, read_csv),
    ".sqlite": (SqliteFile, read_sqlite),
    ".db": (SqliteFile, read_sqlite),
    ".parquet": (ParquetFile, read_parquet),
}

"""Settings and measures as files of results hold them: each value has one text, and the text gives the value back."""

from __future__ import annotations

import ast
import hashlib
import math
import re
from collections.abc import Mapping
from typing import Any

from thoplw._native import Error

Cell = int | float | str | None
"""What a column holds. A str is the text of a value that is no number; None: the row has none."""

_NUMBER = re.compile(r"[+-]?\d")
_AS_PYTHON = re.compile(r"""["'(\[{]|[bB]["']""")  # how literals begin that are no numbers and no names
_NAMES = {"None": None, "True": True, "False": False}
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")


def cell_of(value: Any, name: str) -> Cell:
    """The cell of the value of a setting of that name, or of a measure.

    Raises:
        Error: the value has no text that would be the same in another process.
    """
    if hasattr(value, "item") and getattr(value, "shape", None) == ():
        value = value.item()  # of numpy
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        plain = abs(value) < 2**63 if isinstance(value, int) else math.isfinite(value)
        return value if plain else repr(value)
    if isinstance(value, str):
        return value if value and value.isprintable() and value_of(value) == value else ascii(value)
    module, qualified = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    if module and qualified and "<" not in qualified:  # a class or a function
        return f"{module}:{qualified}"
    text = repr(value)
    if _ADDRESS.search(text) or "<lambda>" in str(qualified):
        raise Error(
            f"{name} has a value of type {type(value).__name__}, which cannot be written to a file of results: give "
            f"numbers or names, and make the rest of them in build"
        )
    return text


def value_of(cell: Cell) -> Any:
    """The value of a cell; a text that stands for nothing else is itself."""
    if not isinstance(cell, str):
        return cell
    if cell in _NAMES:
        return _NAMES[cell]
    if _NUMBER.match(cell):
        for kind in (int, float):
            try:
                return kind(cell)
            except ValueError:
                continue
        return cell
    if _AS_PYTHON.match(cell):
        try:
            return ast.literal_eval(cell)
        except (ValueError, SyntaxError):
            return cell
    return cell


def key_of(settings: Mapping[str, Cell]) -> bytes:
    """What tells candidates apart: 16 bytes that are the same in each process."""
    cells = sorted((name, _canonical(cell)) for name, cell in settings.items() if cell is not None)
    return hashlib.blake2b(repr(cells).encode(), digest_size=16).digest()


def _canonical(cell: Cell) -> str:
    """1 and 1.0 are one value in a column of floats."""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)

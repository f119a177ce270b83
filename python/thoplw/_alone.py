"""One writer of a file at a time, in whichever process."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from thoplw._native import Error


@contextlib.contextmanager
def alone(path: str) -> Iterator[None]:
    """Raises Error where another sweep writes to the file. SQLite's own lock, which ends with its process, is held."""
    beside = Path(f"{path}.lock")
    with contextlib.ExitStack() as held:
        if os.name == "nt":  # where a file that is open cannot be removed
            held.callback(_remove, beside)
        try:
            lock = held.enter_context(contextlib.closing(sqlite3.connect(beside, timeout=0, isolation_level=None)))
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as wrong:
            if "locked" not in str(wrong):
                raise Error(f"{path}: cannot be written: {wrong}") from wrong
            raise Error(f"{path}: another sweep is writing to it; wait, or give this one a file of its own") from wrong
        held.callback(_remove, beside)  # while it is held: whoever makes it anew then locks another file
        yield


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()

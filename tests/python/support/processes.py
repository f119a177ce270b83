"""Processes that a test has started, and theirs."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path


def descendants_of(mark: str) -> list[int]:
    """Processes that run with THOPLW_TEST_RUN=`mark` in their environment, which is inherited."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                environment = (folder / "environ").read_bytes()
                running = "Z" not in (folder / "stat").read_text().rpartition(")")[2].split()[0]
            except OSError:
                continue
            if running and f"THOPLW_TEST_RUN={mark}".encode() in environment.split(b"\0"):
                found.append(int(folder.name))
    return found


def wait_until(true: Callable[[], object], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.05)

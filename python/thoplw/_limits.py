"""Counts a candidate in a process of its own, which may be killed: for taking too long, or too much memory."""

from __future__ import annotations

import os
import pickle
import time
from typing import TYPE_CHECKING, Any

from thoplw._cells import Cell
from thoplw._counting import Job, Row, Settings, end_with, failed
from thoplw._system import memory_of, start_python

if TYPE_CHECKING:
    from thoplw._system import Connection

_LOOK = 0.05  # seconds between looks at its memory
_START = 120.0  # seconds that it may take to import what a candidate needs


class _Over(Exception):
    """A limit was reached."""


class Child:
    """A process that counts one candidate after the other."""

    def __init__(self) -> None:
        from multiprocessing import Pipe

        self._pipe, there = Pipe()
        self._process = start_python("_limits.serve", there)
        there.close()

    def count(self, job: Job, settings: Settings, cells: dict[str, Cell]) -> Row:
        """
        Raises:
            _Over: it took more than it may; the process is to be killed.
            EOFError, OSError: it died.
        """
        self._pipe.send_bytes(_dumped((job, settings, cells)))
        self._wait(_START, None)  # until all is imported
        self._pipe.recv_bytes()
        self._wait(job.timeout, job.memory_limit)
        row: Row = pickle.loads(self._pipe.recv_bytes())
        return row

    def end(self) -> int:
        self._pipe.close()
        self._process.kill()
        return self._process.wait()

    def died_of(self) -> int:
        """The signal, or 0."""
        return max(-self._process.wait(), 0)

    def _wait(self, seconds: float | None, most: int | None) -> None:
        end = None if seconds is None else time.monotonic() + seconds
        while not self._pipe.poll(_LOOK if most is not None else seconds):
            if end is not None and time.monotonic() >= end:
                raise _Over(f"took longer than {seconds:g} s")
            if most is not None and memory_of(self._process.pid) > most:
                raise _Over(f"needed more than {most} bytes of memory")


_child: Child | None = None


def count_within(job: Job, settings: Settings, cells: dict[str, Cell]) -> Row:
    """As ``job.count``, within the limits of the job. What dies costs its own row."""
    global _child
    if _child is None:
        _child = Child()
    try:
        return _child.count(job, settings, cells)
    except _Over as why:
        row = failed(str(why))
    except (EOFError, OSError):
        number = _child.died_of()
        row = failed(f"the process that counted it died{f' of signal {number}' if number else ''}")
    _child.end()
    _child = None
    return row


def serve(pipe: Connection[Any, Any], parent: int) -> None:
    """What the process does until its parent is no more."""
    end_with(parent)
    while True:
        try:
            job, settings, cells = pickle.loads(pipe.recv_bytes())
            job.enter()
            job.prepare(settings)
            pipe.send_bytes(b"")
            pipe.send_bytes(pickle.dumps(job.count(settings, cells)))
        except (EOFError, BrokenPipeError):
            os._exit(0)


def _dumped(job: Any) -> bytes:
    """Functions of a script or a notebook, too."""
    try:
        from joblib.externals.cloudpickle import dumps
    except ImportError:
        from pickle import dumps
    dumped: bytes = dumps(job)
    return dumped

"""Processes that open models for the command line, so that several are worked on at once.

One process imports torch and the libraries that the models come from, and then forks into the workers. Nothing of
this is loaded where it is not used.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import sys
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from thoplw import _cache
from thoplw._native import Error, Trace

if TYPE_CHECKING:
    import subprocess
    from multiprocessing.connection import Connection
    from queue import SimpleQueue

_LIBRARIES = ("torchvision", "timm", "transformers")
_PATIENCE = 10.0  # seconds for workers to end that have nothing to do


class Workers:
    """Worker processes, none of them until one is asked for; at the end of the ``with`` block they are gone."""

    def __init__(self) -> None:
        self._jobs = 0
        self._idle: SimpleQueue[Connection] | None = None
        self._libraries: list[str] = []
        self._servers: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        while self._idle is not None and not self._idle.empty():
            self._idle.get().close()  # its worker ends
        if not self._servers:
            return
        import subprocess

        for server in self._servers:
            try:
                server.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                server.kill()

    def start(self, models: Sequence[str], jobs: int) -> None:
        """Has `jobs` workers for models of these names start when the first is needed."""
        import threading

        if self._jobs > 0:
            return
        self._jobs = jobs
        self._starting = threading.Lock()
        sources = {model.partition(":")[0] for model in models}
        self._libraries = [library for library in _LIBRARIES if library in sources]

    def open(
        self,
        name: str,
        inputs: Sequence[Any],
        settings: Sequence[tuple[str, str]],
        sizes: tuple[int, int, int] = (0, 0, 0),
        question: str = "cost",
        precision: str = "",
        cuda: bool = False,
    ) -> Trace:
        """As ``open_model``, in a worker that has nothing to do; any thread may call it."""
        request = (name, list(inputs), list(settings), sizes, question, precision, cuda)
        kept = _cache.find(*request)
        return Trace.parse(self._ask("open", *request)) if kept is None else kept

    def matching(self, pattern: str) -> list[str]:
        """As ``_models.matching``; in a worker where there are some, as torch is imported there."""
        names: list[str] | None = _cache.find_matching(pattern)
        if names is None:
            names = self._ask("matching", pattern) if self._jobs > 0 else _cache.matching(pattern)
        return names

    def _ask(self, what: str, *args: Any) -> Any:
        idle = self._idle_ones()
        worker = idle.get()
        try:
            worker.send((what, args))
            fine, answer = worker.recv()
        except (EOFError, OSError) as gone:
            self._fork(1)  # another in its place, for the models to come
            raise Error("the process that opened it was killed, perhaps for want of memory: try --jobs 1") from gone
        idle.put(worker)
        if not fine:
            raise Error(answer)
        return answer

    def _idle_ones(self) -> SimpleQueue[Connection]:
        with self._starting:
            if self._idle is None:
                from queue import SimpleQueue

                self._idle = SimpleQueue()
                self._fork(self._jobs)
            return self._idle

    def _fork(self, jobs: int) -> None:
        import subprocess
        from multiprocessing import Pipe

        assert self._idle is not None
        pairs = [Pipe() for _ in range(jobs)]
        theirs = [there.fileno() for _, there in pairs]
        code = (
            f"import sys; sys.path[:] = {sys.path!r}; from thoplw import _workers; "
            f"_workers.serve({theirs!r}, {self._libraries!r})"
        )
        # An interrupt waits until serve() takes it: Python, while it starts, would show where it was.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
        try:
            server = subprocess.Popen([sys.executable, "-c", code], pass_fds=theirs, stdin=subprocess.DEVNULL)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        self._servers.append(server)
        for here, there in pairs:
            there.close()
            self._idle.put(here)


def serve(pipes: Sequence[int], libraries: Sequence[str]) -> None:
    """The process that forks into workers, one for each of the file descriptors, and ends when all have ended."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
    from thoplw import _models

    with contextlib.suppress(Exception):  # who opens a model says what is wrong
        importlib.import_module("torch")
    for library in libraries:
        with contextlib.suppress(Exception):
            _models.import_torchvision()  # the others import it, too, where it is there
            importlib.import_module(library)
    remaining = list(pipes)
    while remaining:
        pipe = remaining.pop()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of threads, which wait for work since their import
            child = os.fork()
        if child == 0:
            for other in remaining:
                os.close(other)
            _work(pipe)
        os.close(pipe)
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()
    os._exit(0)


def _work(pipe: int) -> None:
    """What a worker does until the other side closes the pipe, or is no more."""
    import threading
    from multiprocessing.connection import Connection

    threading.Thread(target=_end_with, args=(pipe,), daemon=True).start()
    with contextlib.suppress(ImportError):
        import torch

        torch.set_num_threads(1)
    connection = Connection(pipe)
    while True:
        try:
            what, args = connection.recv()
            connection.send(_answer(what, args))
        except (EOFError, OSError):
            os._exit(0)


def _end_with(pipe: int) -> None:
    """Ends this process, in whatever it does, when nobody is at the other end of the pipe."""
    import select

    poll = select.poll()
    poll.register(pipe, 0)
    poll.poll()
    os._exit(0)


def _answer(what: str, args: Sequence[Any]) -> tuple[bool, Any]:
    try:
        if what == "matching":
            return True, _cache.matching(*args)
        return True, _cache.open_model(*args).text()
    except Error as error:
        return False, str(error)
    except Exception as error:
        return False, f"{type(error).__name__}: {error}"

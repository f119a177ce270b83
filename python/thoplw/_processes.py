"""Processes that open models for the command line, so that several are worked on at once.

The standard library's fork server imports torch and the libraries that the models come from, once; where processes
cannot be forked, each imports them. Pools of the library are of no use any more when a worker dies, and leave
semaphores behind at Ctrl-C; so each worker has a pipe.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from thoplw import _cache, _system
from thoplw._native import Error, Trace

if TYPE_CHECKING:
    from queue import SimpleQueue

    from thoplw._system import Connection

_LIBRARIES = ("torchvision", "timm", "transformers")
PRELOAD = "THOPLW_PRELOAD"  # tells the fork server which libraries to import


class Processes:
    """Workers, none of them until one is asked for; at the end of the ``with`` block they are gone."""

    def __init__(self) -> None:
        self._jobs = 0
        self._idle: SimpleQueue[Connection[Any, Any]] | None = None

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, *_: object) -> None:
        while self._idle is not None and not self._idle.empty():
            self._idle.get().close()  # its worker ends

    def start(self, models: Sequence[str], jobs: int) -> None:
        """Has `jobs` workers for models of these names start when the first is needed."""
        import threading

        if self._jobs > 0:
            return
        self._jobs = jobs
        self._starting = threading.Lock()
        sources = {model.partition(":")[0] for model in models}
        self._libraries = [library for library in _LIBRARIES if library in sources]

    def open(self, *request: Any) -> Trace:
        """As ``open_model``, in a worker that has nothing to do; any thread may call it."""
        kept = _cache.find(*request)
        if kept is not None:
            return kept
        opened: Trace = self._ask(_cache.open_model, *request)
        return opened

    def matching(self, pattern: str) -> list[str]:
        """As ``_models.matching``; in a worker where there are some, as torch is imported there."""
        names: list[str] | None = _cache.find_matching(pattern)
        if names is None:
            names = self._ask(_cache.matching, pattern) if self._jobs > 0 else _cache.matching(pattern)
        return names

    def _ask(self, *call: Any) -> Any:
        idle = self._idle_ones()
        worker = idle.get()
        try:
            worker.send(call)
            fine, answer = worker.recv()
        except (EOFError, OSError) as gone:
            worker = _worker()  # for the models to come
            raise Error("the process that opened it was killed, perhaps for want of memory: try --jobs 1") from gone
        finally:
            idle.put(worker)
        if not fine:
            raise Error(answer)
        return answer

    def _idle_ones(self) -> SimpleQueue[Connection[Any, Any]]:
        with self._starting:
            if self._idle is None:
                from queue import SimpleQueue

                _start_server(self._libraries)
                self._idle = SimpleQueue()
                for _ in range(self._jobs):
                    self._idle.put(_worker())
            return self._idle


def _start_server(libraries: Sequence[str]) -> None:
    if sys.platform != "win32":
        from multiprocessing import resource_tracker

        resource_tracker.ensure_running()  # it lets interrupts in again when it starts
    if _system.START_METHOD != "forkserver":
        return
    from multiprocessing import forkserver, set_forkserver_preload

    set_forkserver_preload(["thoplw._preload"])
    with _system.without_interrupts():  # they end when this process does
        os.environ[PRELOAD] = " ".join(libraries)
        forkserver.ensure_running()
        del os.environ[PRELOAD]


def _worker() -> Connection[Any, Any]:
    from multiprocessing import Pipe, get_context

    here, there = Pipe()
    context: Any = get_context(_system.START_METHOD)
    with _system.without_interrupts():
        context.Process(target=_work, args=(there,), daemon=True).start()
    there.close()
    return here


def _work(pipe: Connection[Any, Any]) -> None:
    """What a worker does until nobody is at the other end of the pipe."""
    import threading

    threading.Thread(target=_end_with_parent, daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # where none can be kept from it
    with contextlib.suppress(ImportError):
        import torch

        torch.set_num_threads(1)
    with contextlib.suppress(EOFError, OSError):
        while True:
            function, *args = pipe.recv()
            pipe.send(_answer(function, args))


def _end_with_parent() -> None:
    """Ends this process, in whatever it does, when the command is no more."""
    from multiprocessing import parent_process

    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _answer(function: Any, args: Sequence[Any]) -> tuple[bool, Any]:
    try:
        return True, function(*args)
    except Error as error:
        return False, str(error)
    except Exception as error:
        return False, f"{type(error).__name__}: {error}"

"""Processes, where systems differ: Windows forks none and blocks no signals; a fork breaks libraries of macOS."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from thoplw._native import Error

if TYPE_CHECKING:
    from subprocess import Popen

    if sys.platform == "win32":
        from multiprocessing.connection import PipeConnection

        Connection = PipeConnection
    else:
        from multiprocessing.connection import Connection as Connection

# How multiprocessing starts a process that is to use torch.
START_METHOD = "forkserver" if sys.platform == "linux" else "spawn"


@contextlib.contextmanager
def without_interrupts() -> Iterator[None]:
    """What is started here never sees one, where the system can hide it: Python would show where it was."""
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def start_python(call: str, pipe: Connection) -> Popen[bytes]:
    """A Python that calls ``MODULE.FUNCTION`` of thoplw with this end of a pipe and the id of this process."""
    import subprocess

    module = call.partition(".")[0]
    code = (
        f"import sys; sys.path[:] = {sys.path!r}; from thoplw import _system, {module}; "
        f"{call}(_system.connection({pipe.fileno()}), {os.getpid()})"
    )
    words = [sys.executable, "-c", code]
    if sys.platform == "win32":
        os.set_handle_inheritable(pipe.fileno(), True)
        return subprocess.Popen(
            words,
            startupinfo=subprocess.STARTUPINFO(lpAttributeList={"handle_list": [pipe.fileno()]}),
            creationflags=subprocess.CREATE_NEW_PROCESS_GROUP,  # to which Ctrl-C is not sent
            stdin=subprocess.DEVNULL,
        )
    with without_interrupts():
        return subprocess.Popen(words, pass_fds=[pipe.fileno()], stdin=subprocess.DEVNULL)


def connection(number: int) -> Connection[Any, Any]:
    """The pipe that a process was started with."""
    if sys.platform == "win32":
        from multiprocessing.connection import PipeConnection

        return PipeConnection(number)
    from multiprocessing.connection import Connection

    return Connection(number)


def wait_for_end_of(parent: int) -> None:
    """Returns when the process that started this one is no more."""
    if sys.platform == "win32":
        import _winapi

        # A process that is gone leaves its id to others, so it is held from here on.
        with contextlib.suppress(OSError):
            _winapi.WaitForSingleObject(_winapi.OpenProcess(_winapi.SYNCHRONIZE, False, parent), _winapi.INFINITE)
        return
    while os.getppid() == parent:
        time.sleep(0.5)


def memory_of(process: int) -> int:
    """Bytes that it has in memory; 0 where it is gone."""
    if sys.platform == "linux":
        try:
            with open(f"/proc/{process}/statm") as file:
                return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        except FileNotFoundError:
            return 0
    psutil = _import_psutil("memory_limit")
    try:
        return int(psutil.Process(process).memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


def memory_of_machine() -> int:
    """Bytes."""
    if sys.platform != "win32":
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return int(_import_psutil("the memory of this machine").virtual_memory().total)


def _import_psutil(what: str) -> Any:
    try:
        import psutil
    except ImportError as missing:
        raise Error(f"{what} needs psutil on this system: pip install psutil") from missing
    return psutil


def end_as_interrupted() -> None:
    """As a program ends at Ctrl-C that does nothing about it."""
    if sys.platform == "win32":
        os._exit(0xC000013A)  # STATUS_CONTROL_C_EXIT
    os.kill(os.getpid(), signal.SIGINT)

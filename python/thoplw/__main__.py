"""The command: hands the arguments to the engine's command line and ends with its exit code."""

import importlib
import io
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from thoplw import _cache, _native, _processes, _system


def _lazily(module: str, function: str) -> Callable[..., Any]:
    """A function of a module of ours that is imported when it is called, as most commands need only few of them."""
    return lambda *args: getattr(importlib.import_module(f"thoplw.{module}"), function)(*args)


def _hold_closed_streams() -> None:
    """Takes the numbers of closed standard streams, or a file that is opened later would get what they print."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(
                os.open(os.devnull, os.O_RDONLY), True
            )  # the lowest number that is free; no write succeeds


def _write_utf8() -> None:
    """On Windows, files and pipes would get the code page of the machine, which has few signs, and \\r\\n."""
    for stream in (sys.stdout, sys.stderr):
        if sys.platform == "win32" and isinstance(stream, io.TextIOWrapper) and not stream.isatty():
            stream.reconfigure(encoding="utf-8", newline="\n")


def main() -> None:
    """Runs ``thoplw`` with the arguments of the process and exits: 0 ok, 1 not exact where that was asked, 2 error."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it at once, also inside the engine
    _hold_closed_streams()
    _write_utf8()
    with _processes.Processes() as processes:
        try:
            code = _native.run_command_line(
                sys.argv[1:],
                _cache.open_model,
                sys.stdout,
                sys.stderr,
                processes,
                _lazily("_llm", "open_llm"),
                _lazily("_measure", "this_machine"),
                _cache,
                _lazily("_sweep_command", "run_sweep"),
            )
        except KeyboardInterrupt:  # of a sweep, which has put away what it had
            _system.end_as_interrupted()
    try:
        if sys.stdout is not None:  # as it is where it was closed
            sys.stdout.flush()
    except OSError:
        # Who reads our output has seen enough, or it was said why it cannot be written. Python would complain when it
        # flushes once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)


if __name__ == "__main__":
    main()

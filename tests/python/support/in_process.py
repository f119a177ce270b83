"""The command, run without a process of its own."""

from __future__ import annotations

import io

from thoplw import _cache, _llm, _measure, _models, _native, _sweep_command


class Stream(io.StringIO):
    """Takes output where a process of its own would only cost the time of another torch import."""

    def __init__(self, terminal: bool = False) -> None:
        super().__init__()
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


def in_process(*args: str, terminal: bool = False) -> tuple[int, str, str]:
    out, err = Stream(), Stream(terminal)
    code = _native.run_command_line(
        list(args),
        _models.open_model,
        out,
        err,
        None,
        _llm.open_llm,
        _measure.this_machine,
        _cache,
        _sweep_command.run_sweep,
    )
    return code, out.getvalue(), err.getvalue()

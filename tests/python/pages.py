"""Runs a page of the documentation as its reader would: its blocks in order, in one folder, beside the files it names.

A block of `python` is executed; what it prints has to be the block without a language that follows at once, if there
is one. Of `console`, `sh` and `yaml` every command of ours runs; in `console` they stand behind "$ ", with what they
print, in `yaml` behind "run: " and "entry: ". Any block whose first line is a comment with the name of a file, such as
"# net.py", becomes that file.
"""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from thoplw import _models, _native

ROOT = Path(__file__).parents[2]

# What stands in the documentation beside our own command: done by make and by CI themselves.
ELSEWHERE = ("apt-get", "cmake", "git", "make", "pip")

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```\n(?:\n```\n(.*?)^```\n)?", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"(?:#|//|<!--) ((?:[\w.-]+/)*[\w.-]*\.[a-z]+)(?: -->)?$")


@dataclass(frozen=True)
class Block:
    language: str
    code: str
    shown: str  # what it prints; empty where the page does not say

    @property
    def file(self) -> str | None:
        """The name of the file that the block is to be."""
        named = FILE.match(self.code.partition("\n")[0])
        return named[1] if named else None


@dataclass(frozen=True)
class Command:
    words: list[str]
    shown: str
    code: int = 0  # what it exits with: said by a comment "exit code 1"


def blocks(page: str) -> list[Block]:
    return [Block(*match.groups(default="")) for match in BLOCK.finditer((ROOT / page).read_text())]


def command_lines(block: Block) -> list[str]:
    """Each with what it prints, where the block says so."""
    text = block.code.replace("\\\n", " ")
    if block.language == "console":
        return ("\n" + text).split("\n$ ")[1:]
    return re.findall(r"(?:run|entry): (thoplw .*)", text) if block.language == "yaml" else text.splitlines()


def commands(block: Block) -> Iterator[Command]:
    """The commands of ours in a block of a terminal, or of a workflow."""
    for part in command_lines(block):
        line, _, shown = part.partition("\n")
        words = shlex.split(line, comments=True)
        if not words or words[0] in ELSEWHERE:
            continue
        assert words[0] == "thoplw", f"neither a command of ours nor one that CI runs: {line}"
        fails = re.search(r"# exit code (\d)", line)
        yield Command(words[1:], shown, int(fails[1]) if fails else 0)


def same_lines(shown: str, printed: str) -> bool:
    """Whether `printed` is what is shown, where a line "..." stands for any lines."""
    pattern = re.escape(shown.rstrip() + "\n").replace(re.escape("...\n"), r"(?:.*\n)*?")
    return re.fullmatch(pattern, printed.rstrip() + "\n") is not None


def check_shown(shown: str, printed: str) -> None:
    assert same_lines(shown, printed), f"the page shows\n{shown}\nthis was printed:\n{printed}"


def run_command(command: Command) -> None:
    """In this process, where torch and the libraries of models are loaded already."""
    out, err = io.StringIO(), io.StringIO()
    code = _native.run_command_line(command.words, _models.open_model, out, err)
    assert code == command.code, f"thoplw {shlex.join(command.words)} exits with {code}: {err.getvalue()}"
    if command.shown.strip():
        check_shown(command.shown, out.getvalue() + (err.getvalue() if command.code else ""))


def runs(page: str) -> bool:
    """Whether there is something to run."""
    return any(block.language in ("console", "python", "sh") for block in blocks(page))


def run_page(page: str) -> None:
    """In the working folder. Later blocks of Python use the names of earlier ones."""
    names: dict[str, object] = {"__name__": page}
    for block in blocks(page):
        if block.file:
            Path(block.file).parent.mkdir(parents=True, exist_ok=True)
            Path(block.file).write_text(block.code)
        elif block.language == "python":
            out, err = io.StringIO(), io.StringIO()
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                exec(compile(block.code, page, "exec"), names)
            assert err.getvalue() == ""
            if block.shown:
                check_shown(block.shown, out.getvalue())
        elif block.language in ("console", "sh", "yaml"):
            for command in commands(block):
                run_command(command)

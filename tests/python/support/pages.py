"""Runs a page of the documentation as its reader would: its blocks in order, in one folder, beside the files it names.

A block of `python` is executed; what it prints has to be the block without a language that follows at once, if there
is one. Of `console`, `sh` and `yaml` every command of ours runs; in `console` they stand behind "$ ", with what they
print, in `yaml` behind "run: " and "entry: ". So do those of CMake, and what these have built. Any block whose first
line is a comment with the name of a file, such as "# net.py", becomes that file.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from in_process import in_process

ROOT = Path(__file__).parents[3]

# How to install, in README: make test-fresh does so on bare Debians. And make, by which this very test is run.
ELSEWHERE = (".", "apt-get", "git", "make", "pip", "python3")

# A whole build of thoplw takes minutes where ccache does not have it already.
BUILDS = bool(os.environ.get("CMAKE_CXX_COMPILER_LAUNCHER"))
IN_CLONE = re.compile(r"cmake (-B|--build|--install) build/")

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
    line: str
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
    """Those in a block of a terminal, or of a workflow, that run here."""
    for part in command_lines(block):
        line, _, shown = part.partition("\n")
        words = shlex.split(line, comments=True)
        if not words or words[0] in ELSEWHERE:
            continue
        assert words[0] in ("thoplw", "cmake") or "/build/" in words[0], f"neither ours nor built here: {line}"
        fails = re.search(r"# exit code (\d)", line)
        yield Command(words, line, shown, int(fails[1]) if fails else 0)


def same_lines(shown: str, printed: str) -> bool:
    """Whether `printed` is what is shown, where a line "..." stands for any lines."""
    pattern = re.escape(shown.rstrip() + "\n").replace(re.escape("...\n"), r"(?:.*\n)*?")
    return re.fullmatch(pattern, printed.rstrip() + "\n") is not None


def check_shown(shown: str, printed: str) -> None:
    assert same_lines(shown, printed), f"the page shows\n{shown}\nthis was printed:\n{printed}"


def run_build(command: Command) -> None:
    """In the clone, or in a folder of the reader, whose home is in the working folder."""
    if not BUILDS:
        return
    folder, home = ROOT if IN_CLONE.match(command.line) else Path.cwd(), str(Path.cwd() / "home")
    run = subprocess.run(
        ["sh", "-ec", command.line], capture_output=True, text=True, cwd=folder, env={**os.environ, "HOME": home}
    )
    assert run.returncode == command.code, f"{command.line} exits with {run.returncode}: {run.stdout}{run.stderr}"
    if command.shown.strip():
        check_shown(command.shown, run.stdout)


def run_command(command: Command) -> None:
    """In this process, where torch and the libraries of models are loaded already."""
    if command.words[0] != "thoplw":
        run_build(command)
        return
    code, out, err = in_process(*command.words[1:])
    assert code == command.code, f"{command.line} exits with {code}: {err}"
    if command.shown.strip():
        check_shown(command.shown, out + (err if command.code else ""))


def runs(page: str) -> bool:
    """Whether there is something to run."""
    return any(block.language in ("console", "python", "sh") for block in blocks(page))


def run_page(page: str, *, silent: bool = True) -> None:
    """In the working folder. Later blocks of Python use the names of earlier ones. Of ours nothing goes to stderr, but
    other tools chat there."""
    names: dict[str, object] = {"__name__": page}
    for block in blocks(page):
        if block.file:
            Path(block.file).parent.mkdir(parents=True, exist_ok=True)
            Path(block.file).write_text(block.code)
        elif block.language == "python":
            out, err = io.StringIO(), io.StringIO()
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                exec(compile(block.code, page, "exec"), names)
            assert not silent or err.getvalue() == ""
            if block.shown:
                check_shown(block.shown, out.getvalue())
        elif block.language in ("console", "sh", "yaml"):
            for command in commands(block):
                run_command(command)

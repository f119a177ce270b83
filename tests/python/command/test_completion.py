"""Completion in the shells themselves, and the manual page by man."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from in_process import in_process


def script(shell: str, folder: Path) -> Path:
    path = folder / f"thoplw.{shell}"
    code, out, err = in_process("completion", shell)
    assert (code, err) == (0, "")
    path.write_text(out)
    return path


def need(program: str) -> str:
    return shutil.which(program) or pytest.skip(f"{program} is not installed")


COMPLETED = [
    (["ch"], ["check"]),
    (["fit", "--mem"], ["--memory"]),
    (["torchvision:resnet18", "-k", "ht"], ["html"]),
    (["llm", "--tensor"], ["--tensor-parallel"]),
    (["memory", "--optim"], []),  # that is of a step
    (["train", "--optim"], ["--optimizer"]),
    (["help", "trai"], ["train"]),
    (["completion", "z"], ["zsh"]),
]


@pytest.mark.parametrize(
    ("words", "expected"), [*COMPLETED, (["net.onnx", "--columns", "name,params-s"], ["name,params-share"])]
)
def test_bash(words: list[str], expected: list[str], tmp_path: Path) -> None:
    code = (
        f"source {script('bash', tmp_path)}; COMP_WORDS=(thoplw {' '.join(words)}); COMP_CWORD={len(words)}; "
        'COMPREPLY=(); _thoplw; echo "${COMPREPLY[@]}"'
    )
    run = subprocess.run([need("bash"), "-c", code], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert run.stdout.split() == expected


def test_bash_takes_a_name_with_spaces_for_one(tmp_path: Path) -> None:
    (tmp_path / "my model.onnx").touch()
    code = (
        f"source {script('bash', tmp_path)}; COMP_WORDS=(thoplw train my); COMP_CWORD=2; "
        '_thoplw; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    run = subprocess.run([need("bash"), "-c", code], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert run.stdout == "my model.onnx\n"


@pytest.mark.parametrize(("words", "expected"), COMPLETED)
def test_fish(words: list[str], expected: list[str], tmp_path: Path) -> None:
    fish = need("fish")
    code = f"source {script('fish', tmp_path)}; complete -C 'thoplw {' '.join(words)}'"
    run = subprocess.run([fish, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=True)
    found = [line.split("\t")[0] for line in run.stdout.splitlines()]
    assert [name for name in found if not name.startswith("thoplw.")] == expected


# A shell of its own, as a user has it: Tab is pressed after the words, and the line that is then there printed.
PRESS_TAB = r"""
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "PROMPT=; fpath=($1 \$fpath); autoload -Uz compinit; compinit -u -D"
zpty -w shell 'tab() { zle complete-word; print -r -- "found=$BUFFER."; exit }; zle -N tab; bindkey "^T" tab'
zpty -w -n shell "thoplw $2"$'\x14'
while zpty -r shell line; do out+=$line; done
print -r -- ${${out##*found=thoplw }%%.$'\r'*}
"""


@pytest.mark.parametrize(("words", "expected"), COMPLETED)
def test_zsh(words: list[str], expected: list[str], tmp_path: Path) -> None:
    zsh = need("zsh")
    script("zsh", tmp_path).rename(tmp_path / "_thoplw")
    asked = " ".join(words)
    run = subprocess.run(
        [zsh, "-f", "-c", PRESS_TAB, "zsh", tmp_path, asked], capture_output=True, text=True, check=True
    )
    completed = " ".join([*words[:-1], *expected]) if expected else asked
    assert run.stdout.rstrip(" =\n") == completed


def test_the_manual_page(tmp_path: Path) -> None:
    page = tmp_path / "thoplw.1"
    page.write_text(in_process("help", "man")[1])
    run = subprocess.run([need("man"), "--warnings", "-l", page], capture_output=True, text=True, check=True)
    assert run.stderr == ""
    assert "--tensor-parallel N" in run.stdout
    assert "what each layer costs" in run.stdout


def test_an_unknown_shell_is_named() -> None:
    assert (
        in_process("completion", "csh")[2] == "thoplw: unknown shell 'csh'; did you mean 'zsh'? known: bash zsh fish\n"
    )

"""The documentation is true: its commands and code run, its tables and generated pages are what they say they are."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import generate
import pytest

import audit
from thoplw import _native

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()

# Blocks of a language, each with the block that may follow it at once and says what it prints.
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```\n(?:\n```\n(.*?)^```\n)?", README, re.MULTILINE | re.DOTALL)

BLOCK_NAMES = ("console", "toml", "yaml")


def same_lines(shown: str, printed: str) -> bool:
    """Whether `printed` is what is shown, where a line "..." stands for any lines."""
    pattern = re.escape(shown.rstrip() + "\n").replace(re.escape("...\n"), r"(?:.*\n)*?")
    return re.fullmatch(pattern, printed.rstrip() + "\n") is not None


def blocks(language: str) -> list[tuple[str, str]]:
    return [(code, shown) for name, code, shown in BLOCKS if name == language]


@pytest.mark.parametrize("name", generate.PAGES)
def test_generated_pages_are_fresh(name):
    assert (ROOT / "docs" / name).read_text() == generate.page(name), "run make docs"


def test_coverage_was_recorded_with_these_rules():
    """The whole audit takes minutes: what is looked at here is whether it was run since a rule came or went."""
    count, native = audit.rules()
    recorded = audit.PAGE.read_text()
    assert f"{count} operators have a cost rule, {native} of them a native shape rule." in recorded, "run make audit"


def test_readme_has_its_blocks():
    assert len(blocks("python")) >= 2
    assert len(blocks("console")) >= 2


def test_python_of_the_readme_runs(capsys, tmp_path, monkeypatch):
    """One after the other, as they are read: later blocks use the names of earlier ones."""
    pytest.importorskip("torchvision")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for code, shown in blocks("python"):
        exec(compile(code, "README.md", "exec"), names)
        printed = capsys.readouterr()
        assert printed.err == ""
        if shown:
            assert same_lines(shown, printed.out), f"the README shows\n{shown}\nthis was printed:\n{printed.out}"


@pytest.mark.parametrize(
    "block", [b for b in blocks("console") if "$ thoplw" in b[0]], ids=lambda b: b[0].split("\n")[0]
)
def test_commands_of_the_readme_run(block, tmp_path):
    pytest.importorskip("torchvision")
    pytest.importorskip("timm")
    pytest.importorskip("transformers")
    for part in ("\n" + block[0]).split("\n$ ")[1:]:
        command, _, shown = part.partition("\n")
        words = shlex.split(command, comments=True)
        assert words[0] == "thoplw", f"not a command of ours: {command}"
        run = subprocess.run(
            [sys.executable, "-m", "thoplw", *words[1:]], capture_output=True, text=True, cwd=tmp_path, timeout=300
        )
        assert run.returncode == 0, run.stderr
        if shown.strip():
            assert same_lines(shown, run.stdout), f"the README shows\n{shown}\nthis was printed:\n{run.stdout}"


def test_commands_of_the_page_on_budgets_run(tmp_path):
    """One after the other, with the pyproject.toml that the page shows; then those of the workflow and of the hook."""
    pytest.importorskip("torchvision")
    page = (ROOT / "docs" / "budgets.md").read_text()
    code = {name: re.findall(rf"^```{name}\n(.*?)^```\n", page, re.MULTILINE | re.DOTALL) for name in BLOCK_NAMES}
    (tmp_path / "pyproject.toml").write_text("\n".join(code["toml"]))
    commands = [part for block in code["console"] for part in ("\n" + block).split("\n$ ")[1:]]
    commands += re.findall(r"(?:run|entry): (thoplw .*)\n", "\n".join(code["yaml"]))
    assert len(commands) == 8 + 3
    for part in commands:
        command, _, shown = part.partition("\n")
        run = subprocess.run(
            [sys.executable, "-m", *shlex.split(command)], capture_output=True, text=True, cwd=tmp_path, timeout=300
        )
        assert run.stderr == ""
        assert run.returncode == int("OVER" in shown)
        if shown.strip():
            assert same_lines(shown, run.stdout), f"the page shows\n{shown}\nthis was printed:\n{run.stdout}"


def test_readme_table_is_that_of_the_first_command():
    assert README.index("$ thoplw torchvision:resnet18") < 1200


def test_links_of_the_pages_lead_somewhere():
    for page in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"):
        for link in re.findall(r"\]\(([^)#]+)\)", (ROOT / page).read_text()):
            assert link.startswith("http") or (ROOT / link).exists(), f"{page}: {link}"


def test_architecture_names_every_folder():
    text = (ROOT / "ARCHITECTURE.md").read_text()
    for folder in (ROOT / "src").iterdir():
        if folder.is_dir():
            assert f"`src/{folder.name}/`" in text


def test_readme_names_the_conventions():
    for name, _ in _native.conventions():
        assert f"`{name}`" in README

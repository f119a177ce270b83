"""The searches that docs/sweeps.md shows, run as they stand there."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from pages import blocks

# What the page promises, at the end of each.
CHECKS = {
    "optuna": "assert len(study.trials) == 40 and best and all(trial['width'] == 8 for trial, _ in best)",
    "ray": "assert (best['width'], best['depth']) == (8, 1)",
}


@pytest.mark.parametrize("library", CHECKS)
def test_a_search(library: str, tmp_path: Path) -> None:
    if importlib.util.find_spec(library) is None:
        pytest.skip(f"no {library}: pip install {library}{'[tune]' * (library == 'ray')}")
    for block in blocks("docs/sweeps.md"):
        if block.file:
            (tmp_path / block.file).write_text(block.code)
    search = tmp_path / f"search_{library}.py"
    search.write_text(search.read_text() + CHECKS[library] + "\n")
    run = subprocess.run([sys.executable, search], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr[-3000:]

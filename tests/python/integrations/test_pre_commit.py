"""The hook, run by pre-commit itself."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pages import ROOT

pytest.importorskip("pre_commit")
PROJECT = """
[[tool.thoplw.check]]
model = "net.trace"
max-params = "{most}"
"""
TRACE = """thoplw trace 1
model "Net"
class torch.nn.Linear
module "" torch.nn.Linear
param "weight" %0:f32[8,16] trainable
call "" () -> () {
}
"""


def test_the_hook_stops_a_commit_that_is_over_budget(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PRE_COMMIT_HOME": str(tmp_path / "cache"),
        **{f"GIT_{who}_{what}": "a@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    }

    def run(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(words, cwd=folder, capture_output=True, text=True, env=environment)

    hooks, project = tmp_path / "hooks", tmp_path / "project"
    for folder in (hooks, project):
        folder.mkdir()
        assert run("git", "init", "-q", folder=folder).returncode == 0
    shutil.copy(ROOT / ".pre-commit-hooks.yaml", hooks)
    run("git", "add", "-A", folder=hooks)
    assert run("git", "commit", "-qm", "hooks", folder=hooks).returncode == 0
    (project / "net.trace").write_text(TRACE)

    for most, code, said in [("128", 0, "Passed"), ("127", 1, "128 of 127 params")]:
        (project / "pyproject.toml").write_text(PROJECT.format(most=most))
        run("git", "add", "-A", folder=project)
        command = (sys.executable, "-m", "pre_commit", "try-repo", str(hooks), "thoplw-check", "--verbose")
        ran = run(*command, folder=project)
        assert ran.returncode == code, ran.stdout + ran.stderr
        assert said in ran.stdout

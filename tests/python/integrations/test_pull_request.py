"""The comment on a pull request: real repositories and models; GitHub is a server here that keeps comments."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from pages import ROOT
from thoplw.integrations import pull_request

TRACE = """thoplw trace 1
model "Net"
class torch.nn.Linear
module "" torch.nn.Linear
param "weight" %0:f32[{width},16] trainable
call "" (%1:f32[1,16]) -> (%2:f32[1,{width}]) {{
  aten::linear(%1:f32[1,16], %0:f32[{width},16]) -> %2:f32[1,{width}]
}}
"""


class GitHub(BaseHTTPRequestHandler):
    """https://docs.github.com/en/rest/issues/comments, as far as it is used."""

    comments: list[dict[str, Any]]
    asked: list[str]
    refuses = 0

    def do_GET(self) -> None:
        page = int(self.path.rpartition("page=")[2]) - 1
        self.answer(200, self.comments[100 * page :][:100])

    def do_POST(self) -> None:
        self.comments.append({"id": len(self.comments) + 1, **self.told()})
        self.answer(201, self.comments[-1])

    def do_PATCH(self) -> None:
        comment = self.comments[int(self.path.rpartition("/")[2]) - 1]
        comment.update(self.told())
        self.answer(200, comment)

    def told(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        return told

    def answer(self, code: int, what: Any) -> None:
        self.asked.append(f"{self.command} {self.path} {self.headers['Authorization']}")
        body = json.dumps(what).encode()
        self.send_response(self.refuses or code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def github() -> Iterator[type[GitHub]]:
    handler = type("Handler", (GitHub,), {"comments": [], "asked": []})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        handler.address = f"http://127.0.0.1:{server.server_port}"  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield handler
        server.shutdown()


def git(*words: str, folder: Path) -> str:
    named = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"]
    ran = subprocess.run(["git", *named, *words], cwd=folder, capture_output=True, text=True, check=True)
    return ran.stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> tuple[Path, str]:
    """A shallow clone of a pull request that widens nets/old.trace from 8 to 12 and adds new.trace; and its base."""
    origin = tmp_path / "origin"
    (origin / "nets").mkdir(parents=True)
    git("init", "-q", folder=origin)
    git("config", "uploadpack.allowAnySHA1InWant", "true", folder=origin)  # as on GitHub
    for width in (8, 12):
        (origin / "nets" / "old.trace").write_text(TRACE.format(width=width))
        if width == 12:
            (origin / "nets" / "new.trace").write_text(TRACE.format(width=4))
        git("add", "-A", folder=origin)
        git("commit", "-qm", f"{width} wide", folder=origin)
    base = git("rev-parse", "HEAD~1", folder=origin)
    git("clone", "-q", "--depth=1", origin.as_uri(), "checkout", folder=tmp_path)
    return tmp_path / "checkout" / "nets", base


def comment(folder: Path, base: str | None, models: str, **variables: str) -> subprocess.CompletedProcess[str]:
    event = folder.parent.parent / "event.json"
    event.write_text(json.dumps({"pull_request": {"number": 7, "base": {"sha": base}}} if base else {"ref": "main"}))
    told = {"GITHUB_EVENT_PATH": str(event), "GITHUB_REPOSITORY": "a/b", "THOPLW_MODELS": models}
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")}
    return subprocess.run(
        [sys.executable, "-m", "thoplw.integrations.pull_request"],
        cwd=folder, capture_output=True, text=True, env={**inherited, **told, **variables},
    )  # fmt: skip


def test_one_comment_is_written_and_kept_up_to_date(github: type[GitHub], checkout: tuple[Path, str]) -> None:
    folder, base = checkout
    github.comments += [{"id": i + 1, "body": "a remark"} for i in range(100)]  # ours is on the second page
    summary = folder.parent.parent / "summary.md"
    where = {
        "GITHUB_API_URL": github.address,  # type: ignore[attr-defined]
        "GITHUB_TOKEN": "secret",
        "GITHUB_STEP_SUMMARY": str(summary),
    }
    for _ in range(2):
        ran = comment(folder, base, "old.trace\n\n  new.trace --convention exact\n", **where)
        assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    assert len(github.comments) == 101
    body = github.comments[-1]["body"]
    assert body.startswith(
        "<!-- thoplw -->\n\n## `old.trace`\n\n**MACs 128 -> 192 (+50.0 %), params 128 -> 192 (+50.0 %)**"
    )
    assert "## `new.trace --convention exact`\n\nNot in the base (" in body
    assert "| Total" in body.partition("new.trace")[2]
    assert summary.read_text() == 2 * (body + "\n")
    assert [asked.split("?")[0].split(" Bearer")[0] for asked in github.asked] == [
        "GET /repos/a/b/issues/7/comments",
        "GET /repos/a/b/issues/7/comments",
        "POST /repos/a/b/issues/7/comments",
        "GET /repos/a/b/issues/7/comments",
        "GET /repos/a/b/issues/7/comments",
        "PATCH /repos/a/b/issues/comments/101",
    ]
    assert all(asked.endswith("Bearer secret") for asked in github.asked)
    assert git("worktree", "list", folder=folder).count("\n") == 0
    assert git("status", "--porcelain", folder=folder) == ""


def test_who_may_not_comment_is_told_where_it_is(github: type[GitHub], checkout: tuple[Path, str]) -> None:
    folder, base = checkout
    github.refuses = 403
    ran = comment(folder, base, "old.trace", GITHUB_API_URL=github.address, GITHUB_TOKEN="weak")  # type: ignore[attr-defined]
    assert ran.returncode == 0
    assert "::warning::thoplw may not comment (403" in ran.stdout


def test_what_cannot_be_done_is_said(checkout: tuple[Path, str]) -> None:
    folder, base = checkout
    assert comment(folder, base, "old.trace").stdout.startswith("<!-- thoplw -->")  # without a token
    for given, models, code, said in [
        (None, "old.trace", 0, "this is no pull request"),
        (base, " \n", 2, "THOPLW_MODELS is empty"),
        ("0" * 40, "old.trace", 2, "git fetch"),
    ]:
        ran = comment(folder, given, models)
        assert (ran.returncode, ran.stdout) == (code, "")
        assert said in ran.stderr


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ("gone.trace", "gone.trace --fmt clever --depth 1 --kind md exits with 2: gone.trace: No such file"),
        ("old.trace --nothing", "unknown flag '--nothing'"),
        (
            "old.trace --set 'a=b",
            "THOPLW_MODELS has a line that is no command: old.trace --set 'a=b: No closing quotat",
        ),
    ],
)
def test_a_model_that_cannot_be_counted_stops_no_other(checkout: tuple[Path, str], bad: str, said: str) -> None:
    folder, base = checkout
    ran = comment(folder, base, f"{bad}\nold.trace")
    assert ran.returncode == 2
    assert "Traceback" not in ran.stderr
    assert ran.stderr.startswith("thoplw: ")
    assert said in ran.stderr
    failed, _, old = ran.stdout.partition("## `old.trace`\n\n")
    assert failed.startswith(f"<!-- thoplw -->\n\n## `{bad}`\n\nIt cannot be counted:\n\n```\n")
    assert said in failed
    assert old.startswith("**MACs 128 -> 192 (+50.0 %), ")


def flags_of(*words: str) -> set[str]:
    ran = subprocess.run([sys.executable, "-m", "thoplw", *words, "--help"], capture_output=True, text=True, check=True)
    return {word for line in ran.stdout.splitlines() for word in line[:28].split() if word.startswith("--")}


def test_flags_of_diff_are_known() -> None:
    assert flags_of("diff") - flags_of("old.trace") == pull_request.OF_DIFF


SHOWN = ["--all", "--depth=2", "--depth 2 --fmt raw", "--columns name,macs"]


def test_flags_of_the_report_go_with_new_models_and_old_ones(checkout: tuple[Path, str]) -> None:
    folder, base = checkout
    lines = [f"{name}.trace {flags}" for name in ("old", "new") for flags in SHOWN]
    ran = comment(folder, base, "\n".join(lines))
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.count("**MACs 128 -> 192 (+50.0 %)") == len(SHOWN)
    sections = ran.stdout.split("## `new.trace ")[1:]
    assert [section.partition("`")[0] for section in sections] == SHOWN
    assert all("It costs\n\n| Name" in section for section in sections)


def test_what_is_not_exact_is_shown_and_fails_if_that_was_asked(checkout: tuple[Path, str]) -> None:
    folder, base = checkout
    for name in ("old", "new"):  # the one is counted in the base, the other is not
        path = folder / f"{name}.trace"
        path.write_text(path.read_text().replace("aten::linear", "mine::odd"))
    for models, code in [("old.trace", 0), ("new.trace", 0), ("old.trace --strict", 1), ("new.trace --strict", 1)]:
        ran = comment(folder, base, models)
        assert (ran.returncode, ran.stderr) == (code, "")
        assert "not counted: mine::odd (once)" in ran.stdout
        assert "cannot be counted" not in ran.stdout


def test_the_action_runs_the_module_with_what_it_reads() -> None:
    """https://docs.github.com/en/actions/reference/workflows-and-actions/metadata-syntax"""
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    assert {"name", "description", "inputs", "runs"} <= set(action)
    assert all("description" in put for put in action["inputs"].values())
    (step,) = action["runs"]["steps"]
    assert action["runs"]["using"] == "composite"
    assert step["shell"] == "bash"
    used = str(step)
    assert [name for name in action["inputs"] if f"inputs.{name}" not in used] == []
    assert "inputs." not in step["run"]  # what others write must not become a part of the script
    environment = {"PATH": os.environ["PATH"], "THOPLW_PYTHON": sys.executable, "GITHUB_EVENT_PATH": "/dev/null"}
    ran = subprocess.run(["bash", "-e", "-c", step["run"]], capture_output=True, text=True, env=environment)
    assert "JSONDecodeError" in ran.stderr  # it was started, and has read the event


def test_what_github_would_not_take_is_cut_at_a_line() -> None:
    lines = [f"| {i} |" + "x" * 90 for i in range(1000)]
    short = pull_request.shortened("\n".join(lines))
    assert len(short) < 65_536
    kept, _, said = short.rpartition("\n\n")
    assert kept.split("\n") == lines[: kept.count("\n") + 1]
    assert said.startswith(f"... and {1000 - kept.count(chr(10)) - 1} more lines")
    assert pull_request.shortened("\n".join(lines[:10])) == "\n".join(lines[:10])


def test_models_of_python_are_those_of_either_commit(tmp_path: Path) -> None:
    """The base is imported from its own folder."""
    pytest.importorskip("pre_commit")  # make test-integrations has time to import torch four times
    repository = tmp_path / "repository"
    repository.mkdir()
    git("init", "-q", folder=repository)
    for width in (8, 12):
        (repository / "width.py").write_text(f"WIDTH = {width}\n")
        (repository / "net.py").write_text(
            "from torch import nn\nfrom width import WIDTH\n\ndef net(): return nn.Linear(16, WIDTH, bias=False)\n"
        )
        git("add", "-A", folder=repository)
        git("commit", "-qm", f"{width} wide", folder=repository)
    (tmp_path / "folder").mkdir()
    git("clone", "-q", str(repository), "checkout", folder=tmp_path / "folder")
    folder = tmp_path / "folder" / "checkout"
    ran = comment(folder, git("rev-parse", "HEAD~1", folder=folder), "net:net --input 1x16\nnet.py:net --input 1x16")
    assert ran.stdout.count("**MACs 128 -> 192 (+50.0 %), params 128 -> 192 (+50.0 %)**") == 2, ran.stderr

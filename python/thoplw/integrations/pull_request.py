"""python -m thoplw.integrations.pull_request: comments on a pull request what it changes in the cost of models.

It runs in the checkout of the pull request, as a step of a GitHub workflow (action.yml): GitHub's variables say which
pull request that is, THOPLW_MODELS has a model with its flags per line, and GITHUB_TOKEN may write the comment.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MARK = "<!-- thoplw -->"  # by which the comment is found again
MOST = 65_000  # characters; GitHub takes 65536
_PER_PAGE = 100


class Failed(Exception):
    """Something that was to be run did not work."""


def main() -> int:
    event = json.loads(Path(os.environ["GITHUB_EVENT_PATH"]).read_text())
    if "pull_request" not in event:
        print("thoplw: this is no pull request: nothing to compare with", file=sys.stderr)
        return 0
    models = [line.strip() for line in os.environ.get("THOPLW_MODELS", "").splitlines() if line.strip()]
    if not models:
        print("thoplw: THOPLW_MODELS is empty: name a model, such as net.py:Net --input 1x3x224x224", file=sys.stderr)
        return 2
    try:
        with checked_out(event["pull_request"]["base"]["sha"]) as base, tempfile.TemporaryDirectory() as kept:
            body = "\n\n".join([MARK, *(compared(model, base, Path(kept) / "before.json") for model in models)])
    except Failed as error:
        print(f"thoplw: {error}", file=sys.stderr)
        return 2
    publish(shortened(body), event["pull_request"]["number"])
    return 0


@contextlib.contextmanager
def checked_out(commit: str) -> Iterator[Path]:
    """The folder of this one in the repository as it was there; it may not exist."""
    if run("git", "cat-file", "-e", f"{commit}^{{commit}}").returncode:  # a shallow clone
        needed(run("git", "fetch", "--quiet", "--depth=1", "origin", commit))
    with tempfile.TemporaryDirectory() as folder:
        needed(run("git", "worktree", "add", "--quiet", "--detach", folder, commit))
        try:
            yield Path(folder) / needed(run("git", "rev-parse", "--show-prefix")).strip()
        finally:
            needed(run("git", "worktree", "remove", "--force", folder))


def compared(model: str, base: Path, before: Path) -> str:
    """The change, or for a model that could not be counted before, what it costs now."""
    words = shlex.split(model)
    heading = f"## `{model}`\n\n"
    why = counted(words, base, before)
    if why:
        now = needed(run(*_THOPLW, *words, "--kind", "md", "--fmt", "clever", "--depth", "1"))
        return f"{heading}Not in the base ({why}). It costs\n\n{now}".rstrip()
    diff = needed(run(*_THOPLW, "diff", str(before), *words, "--kind", "md"))
    return heading + diff.partition("\n")[2].strip()  # its own heading has the name of the file


def counted(words: list[str], base: Path, report: Path) -> str:
    """Saves what the model costs there; says why not, if it cannot be counted."""
    if not base.is_dir():
        return "there is no such folder"
    ran = run(*_THOPLW, *words, "-o", str(report), folder=base)
    said = ran.stderr.strip().splitlines() or [f"exit code {ran.returncode}"]
    return said[-1].removeprefix("thoplw: ") if ran.returncode else ""


_THOPLW = (sys.executable, "-m", "thoplw")


def run(*command: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)


def needed(ran: subprocess.CompletedProcess[str]) -> str:
    if ran.returncode:
        raise Failed(
            f"{shlex.join(ran.args)} exits with {ran.returncode}: {ran.stderr.strip().removeprefix('thoplw: ')}"
        )
    return ran.stdout


def shortened(body: str) -> str:
    if len(body) <= MOST:
        return body
    kept = body[:MOST].rpartition("\n")[0]
    return f"{kept}\n\n... and {body.count(chr(10)) - kept.count(chr(10))} more lines: GitHub takes no longer comments"


def publish(body: str, number: int) -> None:
    """In the summary of the run, and as the one comment of ours on the pull request."""
    if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        with open(summary, "a", encoding="utf-8") as file:
            file.write(body + "\n")
    if not os.environ.get("GITHUB_TOKEN"):
        print(body)
        return
    try:
        ours = next((comment for comment in comments(number) if comment["body"].startswith(MARK)), None)
        if ours is None:
            asked("POST", f"issues/{number}/comments", {"body": body})
        else:
            asked("PATCH", f"issues/comments/{ours['id']}", {"body": body})
    except urllib.error.HTTPError as error:
        if error.code not in (401, 403):
            raise
        # As in workflows of pull requests from forks, which may only read.
        print(f"::warning::thoplw may not comment ({error.code} {error.reason}): see the summary of the run")


def comments(number: int) -> Iterator[dict[str, Any]]:
    page = 1
    while True:
        found = asked("GET", f"issues/{number}/comments?per_page={_PER_PAGE}&page={page}")
        yield from found
        if len(found) < _PER_PAGE:
            return
        page += 1


def asked(method: str, path: str, what: dict[str, str] | None = None) -> Any:
    """https://docs.github.com/en/rest/issues/comments"""
    api = os.environ.get("GITHUB_API_URL", "https://api.github.com")
    request = urllib.request.Request(
        f"{api}/repos/{os.environ['GITHUB_REPOSITORY']}/{path}",
        method=method,
        data=None if what is None else json.dumps(what).encode(),
        headers={
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {os.environ['GITHUB_TOKEN']}",
            "Content-Type": "application/json",
        },
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


if __name__ == "__main__":
    sys.exit(main())

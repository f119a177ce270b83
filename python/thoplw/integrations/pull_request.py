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
OF_DIFF = {"--all"}  # flags that `thoplw diff` takes, and a model alone does not
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
            sections = [section(model, base, Path(kept) / "before.json") for model in models]
    except Failed as error:
        print(f"thoplw: {error}", file=sys.stderr)
        return 2
    publish(shortened("\n\n".join([MARK, *(said for said, _ in sections)])), event["pull_request"]["number"])
    return max(code for _, code in sections)


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


def section(model: str, base: Path, before: Path) -> tuple[str, int]:
    """What is said of the model, and an exit code as of `thoplw`; one that cannot be counted stops no other."""
    try:
        said, code = compared(words_of(model), base, before)
    except Failed as error:
        print(f"thoplw: {error}", file=sys.stderr)
        said, code = f"It cannot be counted:\n\n```\n{error}\n```", 2
    return f"## `{model}`\n\n{said}", code


def words_of(model: str) -> list[str]:
    try:
        return shlex.split(model)
    except ValueError as error:
        raise Failed(f"THOPLW_MODELS has a line that is no command: {model}: {error}") from None


def compared(words: list[str], base: Path, before: Path) -> tuple[str, int]:
    """The change, or for a model that could not be counted before, what it costs now."""
    alone = [word for word in words if word not in OF_DIFF]
    why = counted([word for word in alone if word != "--strict"], base, before)  # the change is what is to be exact
    if why:
        now, code = table(*alone, *unless_given(words, "--fmt", "clever"), *unless_given(words, "--depth", "1"))
        return f"Not in the base ({why}). It costs\n\n{now}".rstrip(), code
    diff, code = table("diff", str(before), *words)
    return diff.partition("\n")[2].strip(), code  # its own heading has the name of the file


def unless_given(words: list[str], flag: str, value: str) -> list[str]:
    return [] if any(word.partition("=")[0] == flag for word in words) else [flag, value]


def table(*words: str) -> tuple[str, int]:
    """With 1 where it is not exact and the words have --strict."""
    ran = run(*_THOPLW, *words, "--kind", "md")
    return (ran.stdout, 1) if ran.returncode == 1 and ran.stdout else (needed(ran), 0)


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

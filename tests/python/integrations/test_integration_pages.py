"""What the pages of docs/integrations show runs, with the tools that they are about."""

from __future__ import annotations

from pathlib import Path

import pytest

import pages
from pages import ROOT

pytest_plugins = ("pytester",)

NEEDS: dict[str, list[str]] = {
    "github": [],
    "lightning": ["lightning"],
    "loggers": ["tensorboard", "wandb"],
    "pre-commit": [],
    "pytest": [],
    "transformers": ["transformers", "accelerate"],
}


def test_every_page_is_here() -> None:
    assert {path.stem for path in (ROOT / "docs" / "integrations").glob("*.md")} == set(NEEDS)


@pytest.mark.parametrize("name", NEEDS)
def test_page_runs(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in NEEDS[name]:
        pytest.importorskip(module)
    monkeypatch.chdir(tmp_path)
    pages.run_page(f"docs/integrations/{name}.md", silent=False)


def test_the_tests_of_the_pytest_page(pytester: pytest.Pytester) -> None:
    shown = [block for block in pages.blocks("docs/integrations/pytest.md") if block.file == "test_size.py"]
    (pytester.path / "test_size.py").write_text(shown[0].code)
    pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:xdist").assert_outcomes(passed=2)
    (pytester.path / "test_size.py").write_text(shown[0].code.replace('"2G"', '"1G"'))
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:xdist")
    result.assert_outcomes(passed=1, failed=1)
    failure = pages.blocks("docs/integrations/pytest.md")[-1]
    result.stdout.fnmatch_lines([line.replace("...", "*") for line in failure.code.splitlines()])

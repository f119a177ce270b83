"""make site: gathers the pages for mkdocs.yml, where each keeps its place and its links, and writes one for the API."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import thoplw

ROOT = Path(__file__).parent.parent
PAGES = ROOT / "build" / "site" / "pages"
SHOWN = [
    *("*.md", "LICENSE", "CITATION.cff", "bench/*.md", "examples/*", "tests/python/support/tool_models.py"),
    *("docs/**/*.md", "docs/*.ipynb", "docs/*.csv", "docs/*.css", "docs/pictures/*", "docs/results/*"),
]

# What the names of thoplw are for; the page lists them in this order.
PARTS = {
    "Count": ["profile", "load", "as_is", "clever_format", "LayerInfo"],
    "Compare": ["compare", "Comparison", "diff", "Diff"],
    "Training and memory": ["training", "memory", "MemoryInfo"],
    "Formulas": ["formula", "Formulas", "Formula"],
    "Sweeps": ["sweep", "Sweep", "plot"],
    "Language models": ["llm", "Llm"],
    "Devices and time": ["devices", "Device", "Timing"],
    "Errors": ["Error"],
}
INTEGRATIONS = ["thoplw.integrations.lightning.CostMonitor", "thoplw.integrations.transformers.CostCallback"]
WIDE = "---\nhide: [navigation]\n---\n"  # the first page, which leads everywhere by itself


def gather() -> None:
    shutil.rmtree(PAGES, ignore_errors=True)
    for pattern in SHOWN:
        for file in ROOT.glob(pattern):
            there = PAGES / file.relative_to(ROOT)
            there.parent.mkdir(parents=True, exist_ok=True)
            if file.suffix == ".md":
                wide = file.name == "README.md" and file.parent == ROOT
                there.write_text((WIDE if wide else "") + as_shown(file.read_text()))
            elif file.is_file():
                shutil.copy(file, there)
    (PAGES / "docs" / "api.md").write_text(api())


def as_shown(text: str) -> str:
    """GitHub reads Markdown inside of <details>; here it has to be asked for."""
    return re.sub(r"<details>", '<details markdown="1">', text)


def api() -> str:
    missing = set(thoplw.__all__) - {name for names in PARTS.values() for name in names} - {"__version__"}
    assert not missing, f"docs/website.py: PARTS has no place for {', '.join(sorted(missing))}"
    lines = ["# API", "", "All names of `thoplw`. [What is public](versions.md) says what may change.", ""]
    for part, names in PARTS.items():
        lines += [f"## {part}", "", *(f"::: thoplw.{name}\n" for name in names)]
    lines += ["## Integrations", "", *(f"::: {name}\n" for name in INTEGRATIONS)]
    return "\n".join(lines)


if __name__ == "__main__":
    gather()

"""make docs: writes the pages that are printed from the engine's own tables."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from thoplw import _native

HERE = Path(__file__).parent
NOTICE = "<!-- Written by `make docs` from the tables in src/; edit those. -->\n"

PAGES: dict[str, Callable[[], str]] = {
    "cli.md": _native.cli_reference,
    "conventions.md": _native.conventions_reference,
    "operators.md": _native.operators_reference,
}


def page(name: str) -> str:
    """The text of one page, as it should stand in the file."""
    return NOTICE + PAGES[name]().rstrip("\n") + "\n"


def main() -> None:
    for name in PAGES:
        (HERE / name).write_text(page(name))


if __name__ == "__main__":
    main()

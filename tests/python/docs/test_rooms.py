"""Each room of src/ includes only rooms that stand before it: ARCHITECTURE.md, "The rooms"."""

import re

from pages import ROOT

ROOMS = (
    *(
        "base",
        "trace",
        "device",
        "operators",
        "variants",
        "conventions",
        "report",
        "count",
        "capture",
        "load",
        "render",
        "cli",
    ),
    "python",
)
APART = {("load", "capture")}  # side by side: neither sees the other


def test_rooms_include_only_what_stands_before_them() -> None:
    sources = ROOT / "src"
    files = [path for path in sources.rglob("*") if path.suffix in {".h", ".cpp"} and path.parent != sources]
    wrong = []
    for path in files:
        if path.stem.endswith("_test"):  # a test may count and print to see
            continue
        room = path.relative_to(sources).parts[0]
        seen = ROOMS[: ROOMS.index(room) + 1]
        for other in re.findall(r'^#include "(\w+)/', path.read_text(), re.MULTILINE):
            if other not in seen or (room, other) in APART:
                wrong.append(f"{path.relative_to(sources)} includes {other}/")
    assert len(files) > 300
    assert not wrong

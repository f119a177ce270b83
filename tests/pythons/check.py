"""Tries the extension under the Python that runs this, which needs nothing installed: not torch, not pytest."""

import json
import subprocess
import sys
import typing
from pathlib import Path

import entry_point

import thoplw

SAMPLES = Path(__file__).parents[1] / "data" / "samples"


class Layer:
    def __call__(self, x: int, more: int = 0) -> int:
        return x + more


def calls(layer: Layer) -> list[typing.Any]:
    """Called in every way, and so often that the interpreter takes shortcuts where it has any."""
    return [[layer(1) for _ in range(100)][-1], layer(1, more=2), layer.__call__(3), Layer.__call__(layer, 4)]


def check_entry_point() -> None:
    """Code of a function is exchanged also where calls of it were specialised, and put back."""
    layer = Layer()
    for _ in range(3):
        assert calls(layer) == [1, 3, 3, 4]
        entry_point.exchange(Layer.__call__)
        try:
            assert calls(layer) == [("ours", 1), ("ours", 3), ("ours", 3), ("ours", 4)]
        finally:
            entry_point.put_back()
    assert calls(layer) == [1, 3, 3, 4]


def check_files() -> None:
    """The same totals as everywhere."""
    expected = json.loads((SAMPLES / "expected.json").read_text())
    for name in ("cond-2.13.pt2", "net-2.13.pt2", "while-2.13.pt2"):
        info = thoplw.load(SAMPLES / name, convention="exact", verbose=False)
        assert (info.macs, info.all_params) == (expected[name]["contractions"], expected[name]["params"]), name


def check_command() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "thoplw", str(SAMPLES / "net-2.13.pt2")], stdout=subprocess.PIPE, text=True
    )
    assert run.returncode == 0
    assert "| Total " in run.stdout


check_entry_point()
check_files()
check_command()
print(f"Python {sys.version.split()[0]}: passed")

"""Tries the extension under the Python that runs this, which needs nothing installed: not torch, not pytest."""

import subprocess
import sys
import typing

import entry_point
from installed import SAMPLES, check_files


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

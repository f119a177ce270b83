"""A sweep in a process of its own, for tests that end it: ``python long_sweep.py FILE CANDIDATES SECONDS``."""

from __future__ import annotations

import functools
import sys

import thoplw
from sweep_nets import Slow

if __name__ == "__main__":
    file, count, seconds = sys.argv[1:]
    space = {"width": range(1, int(count) + 1)}
    thoplw.sweep(functools.partial(Slow, seconds=float(seconds)), space, inputs=(1, 3), jobs=2, output=file)

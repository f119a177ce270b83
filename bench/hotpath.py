"""Where the time of profile() goes: python -m bench.hotpath MODEL [CALLS]

First a split of the call into its stages, then the Python functions that take it, torch's and the model's among them,
and, where perf is installed (Debian: linux-perf), the compiled ones.
"""

from __future__ import annotations

import cProfile
import os
import pstats
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch

import thoplw
from thoplw import _native

from .measure import seconds_of
from .suite import find_case

LINES = 60


def main() -> int:
    case = find_case(sys.argv[1] if len(sys.argv) > 1 else "resnet50")
    calls = int(sys.argv[2]) if len(sys.argv) > 2 else 100
    model, x = case.model(), case.input()
    trace = _native.capture(model, (x,), {}, {})
    info = _native.count(trace, "thoplw")
    stages: dict[str, Callable[[], object]] = {
        "profile": lambda: thoplw.profile(model, x, verbose=False),
        "  capture": lambda: _native.capture(model, (x,), {}, {}),
        "  count": lambda: _native.count(trace, "thoplw"),
        "walk of model.modules()": lambda: list(model.named_modules()),
        "summary": info.summary,
    }
    for name, stage in stages.items():
        print(f"{name:24}{1e3 * statistics.median(seconds_of(stage) for _ in range(20)):8.2f} ms")
    print(f"{len(trace.operators)} operators, {sum(1 for _ in model.modules())} modules, torch {torch.__version__}")
    python_functions(stages["profile"])
    if shutil.which("perf"):
        perf(stages["profile"], calls)
    return 0


def python_functions(call: Callable[[], object]) -> None:
    profiler = cProfile.Profile()
    profiler.runcall(lambda: [call() for _ in range(10)])
    pstats.Stats(profiler).strip_dirs().sort_stats("tottime").print_stats(LINES // 2)


def perf(call: Callable[[], object], calls: int) -> None:
    """Samples this process while it calls; only user code, which needs no privilege."""
    with tempfile.TemporaryDirectory() as folder:
        samples = str(Path(folder, "perf.data"))
        record = ["perf", "record", "-q", "-e", "cpu-clock:u", "-F", "4000", "-p", str(os.getpid()), "-o", samples]
        recorder = subprocess.Popen(record)
        time.sleep(0.5)  # until it has attached
        for _ in range(calls):
            call()
        recorder.send_signal(2)
        recorder.wait()
        for keys in ("dso", "symbol,dso"):
            report = ["perf", "report", "-i", samples, "--stdio", "-q", "-s", keys]
            text = subprocess.run(report, capture_output=True, text=True, check=False).stdout
            print("\n".join(line for line in text.splitlines()[:LINES] if line.strip()), "\n")


if __name__ == "__main__":
    sys.exit(main())

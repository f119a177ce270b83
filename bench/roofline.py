"""python -m bench.roofline: how long each model of the suite takes, next to the least that it can take on this machine.

The machine is measured as `thoplw devices --measure` does. With --save it writes ROOFLINE.md, too.
"""

from __future__ import annotations

import argparse
import datetime
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import torch

import thoplw
from thoplw import _measure

from .report import markdown, three_digits
from .suite import SUITE, Case

RESULTS = Path(__file__).parent / "ROOFLINE.md"
SECONDS = 3.0  # for each model
LEAST_RUNS = 3


@dataclass(frozen=True)
class Measured:
    name: str
    least: float  # seconds
    estimate: float
    fastest: float
    waits: float  # the share of the estimate in operators that wait for memory


def fastest_run(case: Case) -> float:
    """Seconds of the fastest of as many forwards as there is time for."""
    model, x = case.model(), case.input()
    times: list[float] = []
    with torch.inference_mode():
        model(x)
        while len(times) < LEAST_RUNS or sum(times) < SECONDS:
            begin = time.perf_counter()
            model(x)
            times.append(time.perf_counter() - begin)
    return min(times)


def fastest_runs(cases: list[Case]) -> tuple[dict[str, float], dict[str, int]]:
    """Seconds by model, and what the machine can do. It is measured before, between and after, and the best counts:
    a machine that others use as well is not the same for long, and what it could not do for a while bounds nothing."""
    seconds, rates = {}, _measure.figures(("float32",))
    for case in cases:
        seconds[case.name] = fastest_run(case)
        again = _measure.figures(("float32",))
        rates = {name: max(rate, again.get(name, 0)) for name, rate in rates.items()}
    return seconds, rates


def measured(case: Case, device: str, fastest: float) -> Measured:
    info = thoplw.profile(case.model(), case.input(), verbose=False, device=device)[2]
    assert info.timing is not None
    waits = sum(row.time or 0 for row in info if (row.memory_time or 0) > (row.arithmetic_time or 0))
    return Measured(case.name, info.timing.least, info.timing.estimate, fastest, waits / (info.time or 1))


def table(rows: list[Measured]) -> list[str]:
    def cells(row: Measured) -> list[str]:
        ms = [three_digits(1000 * seconds) for seconds in (row.least, row.estimate, row.fastest)]
        return [
            row.name,
            *ms,
            f"{row.fastest / row.least:.2f}x",
            f"{row.fastest / row.estimate:.2f}x",
            f"{100 * row.waits:.0f} %",
        ]

    titles = ["model", "least, ms", "estimate, ms", "measured, ms", "of least", "of estimate", "waits for memory"]
    return markdown(titles, [cells(row) for row in rows])


def page(device_file: str, rows: list[Measured]) -> str:
    within = sum(row.least <= row.fastest for row in rows)
    load = os.getloadavg()[0]
    today = datetime.date.today().isoformat()
    machine = f"one thread of {os.cpu_count()} cores, load average {load:.1f} at the end"
    lines = "\n".join(table(rows))
    return f"""# Time, next to the least that it can take

Made by `make bench-roofline` on {today}, {machine}, torch {torch.__version__};
the fastest forward of each model, in fp32.

{lines}

The least is never above what was measured: {within} of {len(rows)}.

- least: the longer of all multiply-adds at the peak of the machine, and of weights, inputs and outputs once at its
  bandwidth
- estimate: the sum over operators of the longer of arithmetic and memory
- waits for memory: the share of the estimate in layers whose memory takes longer than their arithmetic

The machine, as `thoplw devices --measure` finds it; the best of what was measured before, between and after:

```toml
{device_file}
```
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--save", action="store_true", help="write ROOFLINE.md, too")
    parser.add_argument("models", nargs="*", help="names of the suite; all unless given")
    given = parser.parse_args()
    torch.set_num_threads(1)  # of several, each waits for the slowest: on a busy machine that measures the others
    chosen = [case for case in SUITE if not given.models or case.name in given.models]
    seconds, rates = fastest_runs(chosen)
    device_file = _measure.as_file(rates)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "this.toml"
        path.write_text(device_file)
        rows = [measured(case, str(path), seconds[case.name]) for case in chosen]
    text = page(device_file, rows)
    print(text)
    if given.save:
        RESULTS.write_text(text)
    return 0 if all(row.least <= row.fastest for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())

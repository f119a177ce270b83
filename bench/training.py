"""python -m bench.training: a training step by thoplw, and by torch's own tools around a real backward, as Markdown.

With --save it writes TRAINING.md, too.
"""

from __future__ import annotations

import argparse
import copy
import datetime
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

import thoplw
from thoplw import _native

from .measure import Timing, measure
from .report import markdown, three_digits, times
from .suite import SUITE, Case, find_case
from .tools import THOPLW, Call, Tool

RESULTS = Path(__file__).parent / "TRAINING.md"
HEADING = "# A training step"


def prepare_training(model: nn.Module, case: Case) -> Call:
    trained, x = copy.deepcopy(model).train(), case.input()
    return lambda: thoplw.training(trained, x, verbose=False)


def backward_on_meta(model: nn.Module, case: Case) -> Callable[[], tuple[nn.Module, Call]]:
    """Makes a model in training mode, and its forward and backward from the first output."""

    def fresh() -> tuple[nn.Module, Call]:
        meta = copy.deepcopy(model).to("meta").train()
        x = case.input("meta")

        def backward() -> None:
            out = meta(x)
            first = out if isinstance(out, torch.Tensor) else next(iter(out.values() if isinstance(out, dict) else out))
            first.sum().backward()

        return meta, backward

    return fresh


def prepare_flop_counter(model: nn.Module, case: Case) -> Call:
    from torch.utils.flop_counter import FlopCounterMode

    _, backward = backward_on_meta(model, case)()

    def call() -> int:
        with FlopCounterMode(display=False) as mode:
            backward()
        return int(mode.get_total_flops())

    return call


def prepare_mem_tracker(model: nn.Module, case: Case) -> Call:
    from torch.distributed._tools.mem_tracker import MemTracker

    meta, backward = backward_on_meta(model, case)()

    def call() -> object:
        optimizer = torch.optim.AdamW(meta.parameters())
        tracker = MemTracker()
        tracker.track_external(meta, optimizer)
        with tracker:
            backward()
            optimizer.step()
            optimizer.zero_grad()
        return tracker.get_tracker_snapshot("peak")

    return call


TRAINING = Tool(
    "training()", "`thoplw.training(model.train(), x, verbose=False)`: work and memory", prepare_training, False, False
)
FLOPS = Tool("FlopCounterMode", "torch's own, around forward and backward on meta: work", prepare_flop_counter)
MEMORY = Tool(
    "MemTracker",
    "torch's own, around one step on meta, forward, backward and AdamW's, as training() tells of: memory",
    prepare_mem_tracker,
)
OTHERS = (THOPLW, FLOPS, MEMORY)
# In training, batch 1 is too little for a norm in inception_v3's auxiliary head.
CASES = tuple(case.name for case in SUITE if case.name != "inception_v3")


def from_trace(case: Case) -> float:
    """Seconds to count a step of a trace that was read from its text; the median of 50."""
    trace = _native.capture(case.model(), (case.input(),), {}, {}, training=True)
    trace = _native.Trace.parse(trace.text())
    spent = []
    for _ in range(50):
        start = time.perf_counter()
        _native.count_training(trace, "exact", {})
        spent.append(time.perf_counter() - start)
    return statistics.median(spent)


def ratio(timing: Timing, tool: Tool) -> float | None:
    seconds = timing.seconds.get(tool.name)
    return None if seconds is None else seconds / timing.seconds[TRAINING.name]


def render(timings: list[Timing], rounds: int) -> str:
    rows = []
    for timing in timings:
        own = [timing.seconds[tool.name] * 1e3 for tool in (TRAINING, THOPLW)]
        others = [cell for tool in (FLOPS, MEMORY) for cell in cells(timing, tool)]
        rows.append([timing.case.name, *map(three_digits, own), times(own[0] / own[1]), *others])
    known = {tool: [r for timing in timings if (r := ratio(timing, tool))] for tool in OTHERS}
    medians = {tool: statistics.median(values) if values else None for tool, values in known.items()}
    profiles = [1 / value for value in known[THOPLW]]
    rows.append(
        [
            "median",
            "",
            "",
            times(statistics.median(profiles)),
            *["", times(medians[FLOPS])],
            *["", times(medians[MEMORY])],
        ]
    )
    head = [
        "model",
        "training(), ms",
        "profile(), ms",
        "ratio",
        "FlopCounterMode, ms",
        "ratio",
        "MemTracker, ms",
        "ratio",
    ]
    wanted = (
        "Wanted, in the median: at most 2 x profile(), FlopCounterMode at least 100 x, MemTracker at least 400 x as "
        f"long as training(); measured {times(statistics.median(profiles))}, {times(medians[FLOPS])} and "
        f"{times(medians[MEMORY])}."
    )
    failures = [f"- {tool} on {t.case.name}: {why}" for t in timings for tool, why in t.failures.items()]
    legend = [f"- {tool.name}: {tool.how}" for tool in (TRAINING, THOPLW, FLOPS, MEMORY)]
    saved = f"vit_b_16 from a saved trace: {from_trace(find_case('vit_b_16')) * 1e3:.2f} ms."
    return "\n".join(
        [HEADING, "", made(rounds), "", *markdown(head, rows), "", wanted, saved, "", *legend, *failures, ""]
    )


def cells(timing: Timing, tool: Tool) -> list[str]:
    if tool.name not in timing.seconds:
        return ["-", "-"]
    return [three_digits(timing.seconds[tool.name] * 1e3), times(ratio(timing, tool))]


def made(rounds: int) -> str:
    return (
        f"Made by `make bench-training` on {datetime.date.today()}, {os.cpu_count()} cores, load average "
        f"{os.getloadavg()[0]:.1f} at the end, torch {torch.__version__}; medians of {rounds} rounds."
    )


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.training", description=__doc__)
    parser.add_argument("--models", nargs="+", metavar="NAME", help="the suite's, or any of torchvision's")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each tool on each model (default 3)")
    parser.add_argument("--save", action="store_true", help=f"write {RESULTS.name}")
    options = parser.parse_args(arguments)
    timings = []
    for name in options.models or CASES:
        print(f"bench: {name}", file=sys.stderr, flush=True)
        timings.append(measure(find_case(name), (TRAINING, *OTHERS), options.rounds))
    text = render(timings, options.rounds)
    print(text)
    if options.save:
        RESULTS.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())

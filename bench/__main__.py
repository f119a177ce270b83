"""python -m bench: thoplw against real and meta forwards and other tools, printed and saved as Markdown."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .measure import Timing, measure
from .memory import memory_growth
from .report import Answer, render
from .suite import LARGE, QUICK, SUITE, find_case
from .tools import THOPLW, TOOLS, find_tool

RESULTS = Path(__file__).parent / "RESULTS.md"


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--models", nargs="+", metavar="NAME", help="the suite's, or any of torchvision's classification models"
    )
    parser.add_argument("--rounds", type=int, default=7, help="turns of each tool on each model (default 7)")
    parser.add_argument("--peers", nargs="*", metavar="NAME", help="other tools to run (default: all)")
    parser.add_argument("--quick", action="store_true", help=f"2 rounds of {' and '.join(QUICK)}, no memory")
    parser.add_argument("--no-memory", action="store_true", help="leave out the memory measurements")
    parser.add_argument("-o", "--output", type=Path, help=f"file to write (default for a whole run: {RESULTS.name})")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    cases = [find_case(name) for name in options.models or (QUICK if options.quick else [case.name for case in SUITE])]
    wanted = None if options.peers is None else [find_tool(name) for name in options.peers]
    tools = [tool for tool in TOOLS if wanted is None or not tool.peer or tool in wanted]
    rounds = 2 if options.quick else options.rounds

    timings: list[Timing] = []
    for case in cases:
        progress(f"time: {case.name}")
        timings.append(measure(case, tools, rounds))
    memory: dict[str, float | str] = {}
    large: dict[str, float | str] = {}
    if not (options.no_memory or options.quick):
        for case in cases:
            progress(f"memory: {case.name}")
            memory[case.name] = memory_growth(case.name, THOPLW.name)
        for tool in (tool for tool in tools if not tool.peer):
            progress(f"memory: {LARGE.name} at batch {LARGE.shape[0]}, {tool.name}")
            large[tool.name] = memory_growth(LARGE.name, tool.name)

    text = render(Answer(timings, memory, large, rounds))
    print(text, end="")
    whole = not (options.models or options.quick or options.no_memory or options.peers is not None)
    output = options.output or (RESULTS if whole else None)
    if output:
        output.write_text(text)
        progress(f"wrote {output}")
    return 0


def progress(message: str) -> None:
    print(f"bench: {message}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())

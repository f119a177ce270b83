"""The suite's answer in Markdown: times, ratios, memory and the targets, reached or not."""

from __future__ import annotations

import datetime
import os
import platform
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from .measure import CALLS, ENOUGH, Timing
from .suite import LARGE
from .tools import META, THOPLW, TOOLS, Tool

MB = 1e6


@dataclass(frozen=True)
class Answer:
    """All that a run measured. Memory is bytes, or why there is no number."""

    timings: Sequence[Timing]
    memory: dict[str, float | str]  # of thoplw, by model
    large: dict[str, float | str]  # of the LARGE case, by tool
    rounds: int


@dataclass(frozen=True)
class Target:
    what: str
    wanted: str
    value: Callable[[Answer], float | None]
    reached: Callable[[float], bool]
    unit: str = "x"


def ratio(timing: Timing, tool: str) -> float | None:
    """How many times longer `tool` takes than thoplw."""
    mine, other = timing.seconds.get(THOPLW.name), timing.seconds.get(tool)
    return other / mine if mine and other else None


def meta_ratios(answer: Answer) -> list[float]:
    return [value for timing in answer.timings if (value := ratio(timing, META.name))]


def fastest_peer(timing: Timing) -> str | None:
    peers = [tool.name for tool in TOOLS if tool.peer and tool.name in timing.seconds]
    return min(peers, key=lambda name: timing.seconds[name], default=None)


def peer_ratios(answer: Answer) -> list[float]:
    pairs = ((timing, fastest_peer(timing)) for timing in answer.timings)
    return [value for timing, peer in pairs if peer and (value := ratio(timing, peer))]


def large_memory(answer: Answer) -> float | None:
    grown = answer.large.get(THOPLW.name)
    return grown / MB if isinstance(grown, float) else None


TARGETS = (
    Target(
        "bare meta forward / `profile()`, median of the models",
        ">= 20x",
        lambda answer: statistics.median(meta_ratios(answer)) if meta_ratios(answer) else None,
        lambda value: value >= 20,
    ),
    Target(
        "bare meta forward / `profile()`, the worst model",
        ">= 10x",
        lambda answer: min(meta_ratios(answer), default=None),
        lambda value: value >= 10,
    ),
    Target(
        "fastest peer / `profile()`, median of the models",
        ">= 20x",
        lambda answer: statistics.median(peer_ratios(answer)) if peer_ratios(answer) else None,
        lambda value: value >= 20,
    ),
    Target(
        f"memory growth of `profile()`, {LARGE.name} at batch {LARGE.shape[0]}",
        "<= 20 MB",
        large_memory,
        lambda value: value <= 20,
        unit=" MB",
    ),
)


def render(answer: Answer) -> str:
    tools = [tool for tool in TOOLS if any(tool.name in (*t.seconds, *t.failures) for t in answer.timings)]
    parts = ["# Speed and memory", "", f"Made by `make bench`. {machine()}; medians of {answer.rounds} rounds.", ""]
    if answer.timings:
        parts += ["## Time of one call, in milliseconds", "", *time_table(answer, tools), ""]
        parts += ["## How many times longer than `thoplw.profile`", "", *ratio_table(answer, tools), ""]
    if answer.memory or answer.large:
        parts += ["## Peak memory growth of one call, in MB", "", *memory_tables(answer), ""]
    parts += ["## Targets", "", *target_table(answer), "", "## How each tool was called", "", *legend(tools)]
    return "\n".join(parts) + "\n"


def machine() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = (line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    cores = len(os.sched_getaffinity(0))
    versions = f"Python {platform.python_version()}, torch {torch.__version__}"
    load = f"load average {os.getloadavg()[0]:.1f} at the end"
    return f"{datetime.date.today()}, {next(names, 'CPU')}, {cores} cores, {load}, {versions}"


def time_table(answer: Answer, tools: Sequence[Tool]) -> list[str]:
    reasons: list[str] = []
    rows = []
    for timing in answer.timings:
        cells = [timing.case.name]
        for tool in tools:
            if tool.name in timing.seconds:
                cells.append(three_digits(timing.seconds[tool.name] * 1e3))
            else:
                why = f"{tool.name} on {timing.case.name}: {timing.failures.get(tool.name, 'not run')}"
                reasons.append(why)
                cells.append(f"- [{len(reasons)}]")
        rows.append(cells)
    table = markdown(["model", *(tool.name for tool in tools)], rows)
    notes = [f"{number}. {why}" for number, why in enumerate(reasons, 1)]
    return [*table, "", *notes] if notes else table


def ratio_table(answer: Answer, tools: Sequence[Tool]) -> list[str]:
    others = [tool for tool in tools if tool is not THOPLW]
    rows = []
    for timing in answer.timings:
        ratios = (ratio(timing, tool.name) for tool in others)
        rows.append([timing.case.name, *(times(value) for value in ratios), fastest_peer(timing) or "-"])
    medians = []
    for tool in others:
        known = [value for timing in answer.timings if (value := ratio(timing, tool.name))]
        medians.append(times(statistics.median(known) if known else None))
    rows.append(["median", *medians, ""])
    return markdown(["model", *(tool.name for tool in others), "fastest peer"], rows)


def memory_tables(answer: Answer) -> list[str]:
    parts = []
    if answer.memory:
        rows = [[name, megabytes(grown)] for name, grown in answer.memory.items()]
        parts += [*markdown(["model", THOPLW.name], rows), ""]
    if answer.large:
        parts += [f"{LARGE.name} at batch {LARGE.shape[0]}, by tool:", ""]
        parts += markdown(["tool", "MB"], [[name, megabytes(grown)] for name, grown in answer.large.items()])
    return parts


def target_table(answer: Answer) -> list[str]:
    rows = []
    for target in TARGETS:
        value = target.value(answer)
        measured = "-" if value is None else f"{value:.1f}{target.unit}"
        verdict = "not measured" if value is None else "reached" if target.reached(value) else "**not reached**"
        rows.append([target.what, target.wanted, measured, verdict])
    return markdown(["figure", "wanted", "measured", ""], rows)


CONDITIONS = (
    "All models in `eval()`, the same weights and inputs, one process, the tools in turn. A turn is up to",
    f"{CALLS} calls, while they take less than {ENOUGH} s; the median is over all of them. A tool that leaves",
    "something on the model gets a new copy for each call; making it is not timed.",
    "`-`: the tool does not run on that model.",
    "",
    "Memory: a new process for each number, with model and input built before; the peak of the resident size during",
    "the call less what it was just before.",
)


def legend(tools: Sequence[Tool]) -> list[str]:
    rows = [f"- {tool.name}: {tool.how}" for tool in tools]
    return [*rows, "", *CONDITIONS]


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A table whose columns line up in a terminal too; the first is text, the others are numbers."""
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        numbers = (cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True))
        return f"| {' | '.join([cells[0].ljust(widths[0]), *numbers])} |"

    rule = "|".join(["-" * (widths[0] + 2), *("-" * (width + 1) + ":" for width in widths[1:])])
    return [line(head), f"|{rule}|", *(line(row) for row in rows)]


def three_digits(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:.0f}"


def times(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}x"


def megabytes(grown: float | str) -> str:
    return f"{grown / MB:.1f}" if isinstance(grown, float) else f"- ({grown})"

"""Time: interleaved rounds of silenced calls in one process, and what a tool left behind put back."""

from __future__ import annotations

import contextlib
import copy
import gc
import io
import logging
import statistics
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import nn

from .suite import Case
from .tools import Tool

PATCHED = (torch, torch.nn.functional, torch.Tensor)  # what peers replace functions of
CALLS = 5  # of one tool in its turn, so that its own code is warm again after the others'
ENOUGH = 0.5  # seconds after which a turn ends early


@dataclass
class Timing:
    """Medians in seconds by tool, and why a tool has none."""

    case: Case
    seconds: dict[str, float] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """No output, and torch's functions as they were: some peers leave theirs in place when a forward raises."""
    before = [dict(vars(owner)) for owner in PATCHED]
    logging.disable(logging.CRITICAL)
    try:
        void = io.StringIO()
        with warnings.catch_warnings(), contextlib.redirect_stdout(void), contextlib.redirect_stderr(void):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)
        for owner, saved in zip(PATCHED, before, strict=True):
            restore(owner, saved)


def restore(owner: object, saved: dict[str, object]) -> None:
    for name, value in dict(vars(owner)).items():
        if name in saved:
            if saved[name] is not value:
                setattr(owner, name, saved[name])
        elif isinstance(owner, type):  # a module gains names by imports, a class only by a patch
            delattr(owner, name)


class Runner:
    """One tool on one model, ready to be called again and again."""

    def __init__(self, tool: Tool, model: nn.Module, case: Case) -> None:
        self.tool, self.model, self.case = tool, model, case
        self.ready = None if tool.fresh else tool.prepare(model, case)

    def turn(self) -> list[float]:
        """Seconds of each of CALLS calls, or of as many as start before ENOUGH seconds are spent."""
        samples = [self.seconds()]
        while len(samples) < CALLS and sum(samples) < ENOUGH:
            samples.append(self.seconds())
        return samples

    def seconds(self) -> float:
        """Of one call, on a new copy of the model if the tool leaves something on it; the copy is not timed."""
        with quiet():
            return seconds_of(self.ready or self.tool.prepare(copy.deepcopy(self.model), self.case))


def seconds_of(call: Callable[[], object]) -> float:
    gc.collect()
    gc.disable()
    try:
        start = time.perf_counter()
        call()
        return time.perf_counter() - start
    finally:
        gc.enable()


def reason(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0][:120]}" if text else type(error).__name__


def measure(case: Case, tools: Sequence[Tool], rounds: int) -> Timing:
    """A round is one turn of every tool; a call of each before them warms up and finds out who fails."""
    timing = Timing(case)
    model = case.model()
    runners = []
    for tool in tools:
        try:
            runner = Runner(tool, model, case)
            runner.seconds()
            runners.append(runner)
        except Exception as error:
            timing.failures[tool.name] = reason(error)
    samples: dict[str, list[float]] = {runner.tool.name: [] for runner in runners}
    gc.freeze()  # so that the collection before each call does not walk every imported package
    for number in range(rounds):
        first = number % max(len(runners), 1)
        for runner in runners[first:] + runners[:first]:
            samples[runner.tool.name] += runner.turn()
    gc.unfreeze()
    timing.seconds = {name: statistics.median(values) for name, values in samples.items()}
    return timing

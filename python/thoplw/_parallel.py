"""Runs the candidates of a sweep on joblib's back ends: this machine's cores, or a cluster of Ray or Dask."""

from __future__ import annotations

import contextlib
import itertools
import os
import sys
import warnings
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any

from thoplw._cells import Cell
from thoplw._counting import Job, Row, Settings, end_with
from thoplw._native import Error

_CHUNK = 64  # candidates for each worker, where a back end gives results only when all of a call are done


@dataclass(frozen=True)
class Candidate:
    number: int
    settings: Settings
    cells: dict[str, Cell]  # the same as they are written


def run(job: Job, candidates: Iterator[Candidate], jobs: int | None) -> Iterator[tuple[Candidate, Row]]:
    """Each candidate with its row, in the order in which they are done. What kills a worker costs one row."""
    jobs = _jobs(jobs)
    if jobs == 1:
        return _here(job, candidates)
    return _elsewhere(job, candidates, jobs)


def _jobs(jobs: int | None) -> int | None:
    """As joblib takes it; where nobody says how many, all cores of this machine, or what the back end has."""
    if jobs == 1:
        with contextlib.suppress(ImportError):
            return jobs if _is_local() else None
        return jobs
    try:
        from joblib.parallel import get_active_backend
    except ImportError as missing:
        raise Error("a sweep on several cores needs joblib: pip install joblib; or give jobs=1") from missing
    asked = jobs if jobs is not None else get_active_backend()[1]
    return -1 if asked is None and _is_local() else asked


def _is_local() -> bool:
    from joblib.parallel import get_active_backend

    return type(get_active_backend()[0]).__name__ in ("LokyBackend", "SequentialBackend")


def _here(job: Job, candidates: Iterator[Candidate]) -> Iterator[tuple[Candidate, Row]]:
    for candidate in candidates:
        yield candidate, count_one(job, candidate)


def _elsewhere(job: Job, candidates: Iterator[Candidate], jobs: int | None) -> Iterator[tuple[Candidate, Row]]:
    """A worker's death takes what other workers have at hand with it: all of that is begun again, each candidate in a
    process of its own, so that who dies then is known."""
    under_way: dict[int, Candidate] = {}
    numbers = itertools.count()
    suspects: list[Candidate] = []
    deaths_in_a_row = 0
    while True:
        tasks = _tasks(job, suspects, candidates, under_way, numbers)
        try:
            for number, row in _results(tasks, jobs):
                yield under_way.pop(number), row
                deaths_in_a_row = 0
            return
        except Error:
            raise
        except Exception as failure:
            deaths_in_a_row += 1
            if not _is_death(failure) or deaths_in_a_row > _MOST_DEATHS:
                raise Error(f"the sweep cannot go on: {type(failure).__name__}: {failure}") from failure
        suspects = list(under_way.values())
        under_way.clear()


_MOST_DEATHS = 10  # with no row between them: then it is not the candidates


def _tasks(
    job: Job,
    suspects: list[Candidate],
    candidates: Iterator[Candidate],
    under_way: dict[int, Candidate],
    numbers: Iterator[int],
) -> Iterator[Any]:
    from joblib import delayed

    begin = delayed(_work)
    alone = itertools.chain(zip(suspects, itertools.repeat(True)), zip(candidates, itertools.repeat(False)))
    for candidate, in_own_process in alone:
        number = next(numbers)
        under_way[number] = candidate
        yield begin(number, job, candidate, in_own_process)


def _results(tasks: Iterator[Any], jobs: int | None) -> Iterator[tuple[int, Row]]:
    from joblib import Parallel
    from joblib.parallel import get_active_backend

    with warnings.catch_warnings():
        # loky replaces a worker that has grown, and says so.
        warnings.filterwarnings("ignore", "A worker stopped while some jobs were given", UserWarning)
        if get_active_backend()[0].supports_return_generator:
            kept = {"initializer": end_with, "initargs": (os.getpid(),)} if _is_local() else {}
            yield from Parallel(n_jobs=jobs, return_as="generator_unordered", **kept)(tasks)
            return
        with Parallel(n_jobs=jobs) as parallel:
            size = _CHUNK * max(parallel._effective_n_jobs(), 1)
            while chunk := list(itertools.islice(tasks, size)):
                yield from parallel(chunk)


def _work(number: int, job: Job, candidate: Candidate, in_own_process: bool) -> tuple[int, Row]:
    """What a worker does."""
    job.enter()
    return number, count_one(job, candidate, in_own_process)


def count_one(job: Job, candidate: Candidate, in_own_process: bool = False) -> Row:
    if not in_own_process and job.timeout is None and job.memory_limit is None:
        return job.count(candidate.settings, candidate.cells)
    from thoplw._limits import count_within

    return count_within(job, candidate.settings, candidate.cells)


def _is_death(failure: Exception) -> bool:
    """Is a worker gone, as the back ends say it?"""
    deaths: list[type] = [BrokenProcessPool]
    if "ray" in sys.modules:
        from ray.exceptions import RayActorError, WorkerCrashedError

        deaths += [RayActorError, WorkerCrashedError]
    if "distributed" in sys.modules:
        from distributed import KilledWorker

        deaths.append(KilledWorker)
    return isinstance(failure, tuple(deaths))

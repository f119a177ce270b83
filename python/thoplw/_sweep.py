"""sweep(): what thousands of candidates cost, on all cores or on a cluster."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from thoplw import _native
from thoplw._alone import alone
from thoplw._candidates import Space, candidates, check_measures, how_many, models_of
from thoplw._cells import Cell, cell_of, key_of
from thoplw._counting import ERROR, EXACT, PAGE, Job
from thoplw._native import Error
from thoplw._parallel import Candidate, run
from thoplw._result_files import Buffered, ResultFile, open_results
from thoplw._results import Sweep

Row = dict[str, Cell]


def sweep(
    build: Callable[..., Any] | str | os.PathLike[str] | Sequence[str],
    space: Space | None = None,
    *,
    inputs: Any = None,
    measures: Sequence[str] = ("macs", "params"),
    output: str | os.PathLike[str] | None = None,
    jobs: int | None = None,
    timeout: float | None = None,
    memory_limit: int | None = None,
    limit: int | None = None,
    retry: bool = False,
    convention: str | None = None,
    device: str | None = None,
    training: Mapping[str, Any] | None = None,
    memory: Mapping[str, Any] | None = None,
    pages: str | os.PathLike[str] | None = None,
    progress: bool | None = None,
) -> Sweep:
    """Counts many candidates, a row for each: its settings, its measures, its error if it has one.

    It runs on joblib: on all cores of this machine, or where ``joblib.parallel_config("ray")`` or ``"dask"`` says.
    Models are made on the meta device.

    Args:
        build: makes a candidate of its settings: a function or class; or the name of one, such as "net.py:Net",
            "timm:resnet18"; a pattern, "timm:*"; a folder of model files; or a list of these. Names become the column
            ``model``.
        space: the settings: a dict of lists, ``{"width": [16, 32], "depth": range(2, 7)}``, for all combinations; dicts
            of settings, such as ``[{"width": 16}, ...]`` or a generator of them; or a function that draws one at each
            call, and gives None at the end. None: no settings. What occurs twice is counted once.
        inputs: what goes into each model, as :func:`profile` takes it; or a function of settings that gives that,
            ``lambda side: (1, 3, side, side)``. Models of a library have inputs of their own.
        measures: what is counted: measures of the table of :func:`profile`, of :func:`training` ("forward", "saved"),
            of :func:`memory` ("activations"); "peak", "active_params", "all_params".
        output: a .csv, .sqlite or .parquet file to which rows are appended as they come. Candidates that it has are not
            counted again, so a sweep that was stopped goes on where it was.
        jobs: how many are counted at once; -1: as many as there are cores, which is so unless joblib is told otherwise.
        timeout: seconds that a candidate may take.
        memory_limit: bytes that the process which counts it may have, torch and all. Where this is not Linux it takes
            psutil.
        limit: take no more than so many candidates of `space`.
        retry: count those again that have an error in `output`, such as those that took longer than `timeout`.
        convention: the way of counting; None: that of :func:`profile`, or of :func:`training`.
        device: where times are wanted, as in :func:`profile`.
        training, memory: arguments of :func:`training` and :func:`memory` for their measures:
            ``training={"optimizer": "sgd"}``. With `training`, "peak" is that of a step.
        pages: a folder that gets the page of each candidate; its name is the column ``page``.
        progress: show a bar on stderr; None: if that is a terminal.

    Returns:
        A :class:`Sweep`: all rows, those that `output` had before too.

    Raises:
        Error: an argument is wrong, a package is missing, or `output` is of another sweep, or being written by one.
            What is wrong with a candidate is in its row.
    """
    models = models_of(build)
    names = check_measures(measures, device)
    if models is None and inputs is None:
        raise Error("inputs: say what goes into each model, such as inputs=(1, 3, 224, 224)")
    _check_limits(jobs=jobs, timeout=timeout, memory_limit=memory_limit, limit=limit)
    if pages is not None:
        Path(pages).mkdir(parents=True, exist_ok=True)
    job = Job(
        build=build if models is None else None,  # type: ignore[arg-type]
        inputs=inputs,
        measures=names,
        convention=convention,
        device=device,
        training=dict(training or {}),
        memory=dict(memory or {}),
        pages=None if pages is None else os.fspath(pages),
        timeout=timeout,
        memory_limit=memory_limit,
    )
    drawn = candidates(models, space, limit)
    total = how_many(models, space, limit)
    if output is None:
        rows = sorted(_rows(job, drawn, set(), jobs, total, progress), key=lambda one: one[0])  # as they were drawn
        return Sweep.of_rows((row for _, row in rows), [*names, EXACT, ERROR])
    with alone(os.fspath(output)):
        _write(job, drawn, os.fspath(output), retry, jobs, total, progress)
    return Sweep.read(output)


def _write(
    job: Job,
    drawn: Iterator[dict[str, Any]],
    output: str,
    retry: bool,
    jobs: int | None,
    total: int | None,
    progress: bool | None,
) -> None:
    """Appends to the file what it does not have."""
    last = [*job.measures, EXACT, ERROR, *[PAGE] * (job.pages is not None)]
    first = next(drawn, None)
    file = open_results(output, [*(first or {}), *last])
    done = False
    try:
        _check_columns(file, output, last)
        if retry:
            file.remove(ERROR)
        seen = _seen(file)
        buffered = Buffered(file)
        try:
            drawn = _chained(first, drawn)
            for _, row in _rows(job, drawn, seen, jobs, total, progress):
                buffered.add(row)
        finally:
            buffered.write()
        done = True
    finally:
        file.close(done)


def _check_columns(file: ResultFile, output: str, last: Sequence[str]) -> None:
    if missing := [name for name in last if name not in file.columns]:
        raise Error(f"{output}: it has no column {missing[0]!r}, so it is of another sweep: write to another file")


def _seen(file: ResultFile) -> set[bytes]:
    """The candidates that the file has."""
    from thoplw._counting import questions

    others = {name for name in file.columns if name in questions() or name in (EXACT, ERROR, PAGE)}
    settings = [name for name in file.columns if name not in others]
    return {key_of({name: row.get(name) for name in settings}) for row in file.rows()}


def _chained(first: dict[str, Any] | None, rest: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    if first is not None:
        yield first
    yield from rest


def _rows(
    job: Job,
    drawn: Iterator[dict[str, Any]],
    seen: set[bytes],
    jobs: int | None,
    total: int | None,
    progress: bool | None,
) -> Iterator[tuple[int, Row]]:
    """The rows of candidates that were not seen yet, as they come, with the place of each."""
    with _bar(total, progress) as bar:

        def new() -> Iterator[Candidate]:
            for number, settings in enumerate(drawn):
                cells = {name: cell_of(value, name) for name, value in settings.items()}
                key = key_of(cells)
                if key in seen:
                    bar.update()
                    continue
                seen.add(key)
                yield Candidate(number, settings, cells)

        for candidate, row in run(job, new(), jobs):
            bar.update()
            yield candidate.number, candidate.cells | row


class _NoBar:
    def update(self) -> None:
        pass


@contextlib.contextmanager
def _bar(total: int | None, progress: bool | None) -> Iterator[Any]:
    """The candidates per second, and the time that is left; as far as tqdm is there."""
    if progress is False or (progress is None and not (sys.stderr is not None and sys.stderr.isatty())):
        yield _NoBar()
        return
    try:
        from tqdm import tqdm
    except ImportError:
        yield _NoBar()
        return
    with tqdm(total=total, unit="", file=sys.stderr, dynamic_ncols=True, smoothing=0.05) as bar:
        yield bar


def _check_limits(**numbers: float | None) -> None:
    for name, number in numbers.items():
        if (
            number is not None
            and (not isinstance(number, (int, float)) or number <= 0)
            and (name, number) != ("jobs", -1)
        ):
            raise Error(f"{name} must be a number of more than 0, not {_native.shown(number)}")

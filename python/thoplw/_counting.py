"""What becomes of one candidate of a sweep: it is made, counted, and a row; in whichever process."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from thoplw import _models, _native
from thoplw._calls import by_name
from thoplw._cells import Cell, cell_of, key_of
from thoplw._load import load
from thoplw._memory import memory
from thoplw._native import Error, LayerInfo
from thoplw._profile import profile
from thoplw._system import wait_for_end_of
from thoplw._training import training

MODEL = "model"  # the column of what candidates are made of, where that has a name
EXACT, ERROR, PAGE = "exact", "error", "page"  # further columns of each row
FILES = (".onnx", ".pt2", ".safetensors", ".trace")

# What a LayerInfo has beside its measures, and which question it answers.
_FURTHER = {
    "all_params": "cost",
    "active_params": "cost",
    "buffers": "cost",
    "peak": "memory",
    "peak_first_step": "training",
}

Settings = Mapping[str, Any]
Row = dict[str, Cell]


@functools.cache
def questions() -> dict[str, str]:
    """What can be counted of a candidate, and of which pass it is: cost, memory or training."""
    return {row.name: row.question for row in _native.measures()} | _FURTHER


@dataclass(frozen=True)
class Job:
    """What is the same for all candidates."""

    build: Callable[..., Any] | None  # None: the setting "model" names it
    inputs: Any  # None: those that the library of the model gives for it
    measures: tuple[str, ...]
    convention: str | None = None
    device: str | None = None
    training: Mapping[str, Any] = field(default_factory=dict)
    memory: Mapping[str, Any] = field(default_factory=dict)
    pages: str | None = None  # a folder
    timeout: float | None = None  # seconds
    memory_limit: int | None = None  # bytes
    folder: str = field(default_factory=os.getcwd)  # that paths are relative to

    def count(self, settings: Settings, cells: Row) -> Row:
        """The measures of a candidate; where it has an error, that."""
        try:
            with contextlib.redirect_stdout(sys.stderr):  # what models print is no row
                return self._measured(settings, cells)
        except Exception as failure:
            return failed(str(failure) if isinstance(failure, Error) else f"{type(failure).__name__}: {failure}")

    def enter(self) -> None:
        """The folder of who asked, as this process may have been started in another, or on another machine."""
        with contextlib.suppress(OSError):
            os.chdir(self.folder)

    def prepare(self, settings: Settings) -> None:
        """Imports what the candidate needs. Whoever makes it says what is wrong."""
        with contextlib.suppress(Exception):
            import torch  # noqa: F401

            if self.build is None and not is_file(settings[MODEL]):
                maker(settings[MODEL])

    def _measured(self, settings: Settings, cells: Row) -> Row:
        infos: dict[str, LayerInfo] = {}
        row: Row = {}
        for measure in self.measures:
            question = self._question(measure)
            if question not in infos:
                infos[question] = self._info(question, settings)
            row[measure] = cell_of(getattr(infos[question], measure), measure)
        row[EXACT] = cell_of(all(info.exact for info in infos.values()), EXACT)
        if self.pages is not None:
            page = f"{self.pages}/{key_of(cells).hex()[:12]}.html"
            next(iter(infos.values())).save(page)
            row[PAGE] = page
        return row

    def _question(self, measure: str) -> str:
        question = questions()[measure]
        return "training" if measure == "peak" and self.training else question

    def _info(self, question: str, settings: Settings) -> LayerInfo:
        if self.build is None and is_file(settings[MODEL]):
            return self._of_file(question, settings[MODEL])
        try:
            return self._of_model(question, settings, wholly_on_meta=True)
        except Error as failure:
            if _models.LOOKS in str(failure):
                with contextlib.suppress(Error):
                    return self._of_model(question, settings, wholly_on_meta=False)
            raise

    def _of_file(self, question: str, path: str) -> LayerInfo:
        if question == "training":
            raise Error(f"{path}: a step of training is counted of models that run, not of files")
        if question == "memory":
            return memory(path, verbose=False, **self._convention, **self.memory)
        return load(path, verbose=False, **self._convention)

    def _of_model(self, question: str, settings: Settings, wholly_on_meta: bool) -> LayerInfo:
        if self.build is None:
            name = settings[MODEL]
            options = {key: value for key, value in settings.items() if key != MODEL}
            make, default_inputs = maker(name)
        else:
            name, options, make, default_inputs = _called(self.build), dict(settings), self.build, _no_inputs
        model = _models.build(name, make, options, wholly_on_meta)
        inputs = self.inputs
        if inputs is None:
            known = default_inputs(model)
            if known is None:
                raise Error(f"{name} does not say which input it takes: give inputs, such as (1, 3, 224, 224)")
            inputs = _models.values_of(name, known)
        elif callable(inputs):
            inputs = by_name(inputs, settings)(settings)
        if question == "training":
            return training(model, inputs, verbose=False, **self._convention, **self.training)
        if question == "memory":
            return memory(model, inputs, verbose=False, **self._convention, **self.memory)
        return profile(model, inputs, verbose=False, device=self.device, **self._convention)[2]

    @property
    def _convention(self) -> dict[str, Any]:
        return {} if self.convention is None else {"convention": self.convention}


def failed(why: str) -> Row:
    return {ERROR: " ".join(why.split())}


def is_file(name: str) -> bool:
    return name.endswith(FILES)


def maker(name: str) -> tuple[_models.Maker, _models.DefaultInputs]:
    """What makes the model of that name; a file is run once, and again when it has changed."""
    source, _, attribute = name.rpartition(":")
    if not source or not attribute:
        raise Error(f"model {name!r} does not say where it comes from: write torchvision:NAME or path/file.py:callable")
    changed = Path(source).stat().st_mtime_ns if source.endswith(".py") and Path(source).is_file() else 0
    return _maker(source, attribute, changed)


@functools.lru_cache(maxsize=256)
def _maker(source: str, attribute: str, _changed: int) -> tuple[_models.Maker, _models.DefaultInputs]:
    return _models.maker(source, attribute)


def _no_inputs(_model: Any) -> None:
    return None


def _called(build: Callable[..., Any]) -> str:
    return getattr(build, "__qualname__", type(build).__name__)


def end_with(parent: int) -> None:
    """Ends this process, in whatever it does, when its parent is no more."""
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    wait_for_end_of(parent)
    os._exit(1)

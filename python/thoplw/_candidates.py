"""The candidates of a sweep: models by name or one callable, and the settings of each."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from pathlib import Path
from typing import Any

from thoplw import _models, _native
from thoplw._counting import ERROR, EXACT, FILES, MODEL, PAGE, Settings, questions
from thoplw._native import Error
from thoplw._suggest import unknown

Space = Mapping[str, Iterable[Any]] | Iterable[Mapping[str, Any]] | Callable[[], Mapping[str, Any] | None]


def candidates(models: Sequence[str] | None, space: Space | None, limit: int | None) -> Iterator[dict[str, Any]]:
    """The settings of each candidate; those of models by name have the name as setting "model"."""
    all_settings = ({MODEL: name, **settings} for settings in _settings(space) for name in models or [""])
    if models is None:
        all_settings = (dict(settings) for settings in _settings(space))
    return itertools.islice(all_settings, limit)


def how_many(models: Sequence[str] | None, space: Space | None, limit: int | None) -> int | None:
    """How many candidates there are, where that can be told."""
    if isinstance(space, Mapping):
        if not all(isinstance(values, Sized) for values in space.values()):
            return limit
        count = 1
        for values in space.values():
            count *= len(values)  # type: ignore[arg-type]
    elif space is None or isinstance(space, Sized):
        count = 1 if space is None else len(space)
    else:
        return limit
    if models is not None:
        count *= len(models)
    return count if limit is None else min(count, limit)


def _settings(space: Any) -> Iterator[Settings]:
    if space is None:
        yield {}
        return
    if isinstance(space, Mapping):
        for name, values in space.items():
            if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
                raise Error(f"space: {name} must be a list of values, not {_native.shown(values)}")
        drawn: Iterable[Any] = (dict(zip(space, values, strict=True)) for values in itertools.product(*space.values()))
    elif callable(space):
        drawn = iter(space, None)
    elif isinstance(space, Iterable) and not isinstance(space, (str, bytes)):
        drawn = space
    else:
        raise Error(f"space must be a dict of lists, dicts of settings, or a function, not {_native.shown(space)}")
    for settings in drawn:
        if not isinstance(settings, Mapping):
            raise Error(f"space: settings must be a dict, such as {{'width': 16}}, not {_native.shown(settings)}")
        for name in settings:
            check_name(name)
        yield settings


def check_name(name: Any) -> None:
    """Raises Error where a setting is called as a column that each row has."""
    if not isinstance(name, str) or not name.isprintable() or not name:
        raise Error(f"space: names of settings must be strings, not {_native.shown(name)}")
    if name in questions() or name in (MODEL, EXACT, ERROR, PAGE):
        raise Error(f"space: {name!r} is a column of what is counted; give the setting another name")


def check_measures(measures: Iterable[str], device: str | None) -> tuple[str, ...]:
    """Raises Error where there is no such measure."""
    if isinstance(measures, str):
        raise Error(f"measures must be a list of names, such as ['macs', 'params'], not {measures!r}")
    timed = {row.name for row in _native.measures() if row.seconds}
    for name in measures:
        if name not in questions():
            raise Error(f"unknown measure {unknown(name, questions())}; known: {' '.join(questions())}")
        if name in timed and device is None:
            raise Error(f"{name} is a time: say on which device, such as device='h100'")
    return tuple(dict.fromkeys(measures))


def models_of(build: Any) -> list[str] | None:
    """The models that names, patterns and folders of files stand for; None where it is a callable."""
    if callable(build):
        return None
    names = [build] if isinstance(build, (str, os.PathLike)) else build
    if not isinstance(names, Iterable):
        raise Error(f"build must make a model, or be the name of one, not {_native.shown(build)}")
    models = [model for name in names for model in _models_of_name(os.fspath(name))]
    if not models:
        raise Error("build must make a model, or be the name of one, but there is none")
    return models


def _models_of_name(name: str) -> list[str]:
    if Path(name).is_dir():
        found = sorted(str(path) for path in Path(name).rglob("*") if path.suffix in FILES and path.is_file())
        if not found:
            raise Error(f"{name}: this folder has no model files, {', '.join('*' + suffix for suffix in FILES)}")
        return found
    attribute = name.rpartition(":")[2] if ":" in name else ""
    if any(mark in attribute for mark in "*?["):
        found = _models.matching(name)
        if not found:
            raise Error(f"no model matches {name!r}")
        return found
    return [name]

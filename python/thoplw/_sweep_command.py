"""What ``thoplw sweep`` runs: a sweep, or the results of one, and what of them is shown."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from thoplw import _models
from thoplw._cells import value_of
from thoplw._counting import questions
from thoplw._native import Error
from thoplw._result_files import is_results
from thoplw._results import Sweep
from thoplw._shown_results import KINDS, render
from thoplw._sizes import Input
from thoplw._sweep import sweep

_OF_A_RUN = ("jobs", "backend", "address", "timeout", "memory_limit", "limit", "retry", "convention", "device", "pages")


def _lora(text: str) -> dict[str, Any]:
    settings = dict(part.split("=", 1) for part in text.split(","))
    return {key: value.split("+") if key == "targets" else value_of(value) for key, value in settings.items()}


def _loss(text: str) -> str | list[int]:
    return text if text == "all" else [int(place) for place in text.split(",")]


# Flags of passes: the argument of training() or memory() that each is, and what becomes of its text.
_OF_A_PASS: dict[str, tuple[str, Any]] = {
    "precision": ("precision", str),
    "processor": ("processor", str),
    "attention": ("attention", str),
    "round": ("round_to", int),
}
_OF_A_FORWARD = _OF_A_PASS | {"lifetimes": ("lifetimes", str)}
_OF_A_STEP = _OF_A_PASS | {
    "optimizer": ("optimizer", str),
    "freeze": ("freeze", list),
    "checkpoint": ("checkpoint", list),
    "reentrant": ("reentrant", bool),
    "lora": ("lora", _lora),
    "accumulate": ("accumulate", int),
    "loss": ("loss", _loss),
}


def run_sweep(
    models: list[str], inputs: list[Input], settings: list[tuple[str, str]], others: list[tuple[str, str]]
) -> str:
    """Gives the text that is to be shown; files it writes itself.

    Args:
        models: names, patterns, folders of files; or one file of results, of which nothing is counted again.
        inputs: shape and element type of each input; none for those of the models' libraries.
        settings: each with the text of its values, "16,32,64" or "2..6" or "32..256:32".
        others: what flags say, by the names of arguments; under, once for each.
    """
    asked = {name: text for name, text in others if name != "under"}
    under = {name: int(text) for name, _, text in (text.partition("=") for key, text in others if key == "under")}
    file = asked.get("file", "")
    if any(is_results(model) for model in models):
        results = _read(models, inputs, settings, asked)
        if is_results(file):
            results.filter(under=under).save(file)
            file = ""
    else:
        results = _run(models, inputs, settings, asked, _passes(others), file if is_results(file) else None)
        file = "" if is_results(file) else file
    return render(results, asked, under, _kind(asked, file), file)


def _passes(others: list[tuple[str, str]]) -> dict[str, Any]:
    """The arguments `training` and `memory` of a sweep. A step of training is asked for by flags or measures of one."""
    texts: dict[str, list[str]] = {}
    for name, text in others:
        texts.setdefault(name, []).append(text)

    def arguments(flags: dict[str, tuple[str, Any]]) -> dict[str, Any]:
        return {
            argument: texts[name] if of is list else of(texts[name][-1])
            for name, (argument, of) in flags.items()
            if name in texts
        }

    step = any(name in texts for name in ("train", *_OF_A_STEP) if name not in _OF_A_PASS)
    step = step or any(questions().get(name) == "training" for name in texts["measures"][-1].split(","))
    training = {"optimizer": "adamw"} | arguments(_OF_A_STEP) if step else {}
    return {"training": training, "memory": arguments(_OF_A_FORWARD)}


def _kind(asked: dict[str, str], file: str) -> str:
    suffix = Path(file).suffix[1:]
    kind = asked.get("kind") or {"": "text", "txt": "text", "htm": "html", "markdown": "md"}.get(suffix, suffix)
    if kind not in KINDS:
        raise Error(f"results of a sweep cannot be shown as {kind}; known: {' '.join(KINDS)}")
    if kind == "png" and not file:
        raise Error("PNG goes to a file: -o front.png")
    return kind


def _read(models: Sequence[str], inputs: Sequence[Any], settings: Sequence[Any], asked: dict[str, str]) -> Sweep:
    if len(models) > 1:
        raise Error(f"{models[0]}: results are shown of one file")
    of_a_run = (*_OF_A_RUN, "train", *_OF_A_STEP, *_OF_A_FORWARD)
    if inputs or settings or any(name in asked for name in of_a_run):
        raise Error(f"{models[0]}: these results are there already; leave --set, --input and flags of a run out")
    return Sweep.read(models[0])


def _run(
    models: list[str],
    inputs: list[Input],
    settings: list[tuple[str, str]],
    asked: dict[str, str],
    passes: dict[str, Any],
    output: str | None,
) -> Sweep:
    limits: dict[str, Any] = {name: int(asked[name]) for name in ("jobs", "memory_limit", "limit") if name in asked}
    limits |= {name: asked[name] for name in ("convention", "device", "pages") if name in asked}
    if "timeout" in asked:
        limits["timeout"] = float(asked["timeout"])
    with _interruptible(), _backend(asked.get("backend", "loky"), asked.get("address")):
        return sweep(
            models,
            {name: values_of(name, text) for name, text in settings} or None,
            inputs=_models.values_of("inputs", inputs) if inputs else None,
            measures=asked["measures"].split(","),
            output=output,
            retry="retry" in asked,
            **limits,
            **passes,
        )


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Ctrl-C is an exception here, so that what was counted is written and clusters of our own are closed."""
    try:
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
    except ValueError:  # in a thread
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextlib.contextmanager
def _backend(name: str, address: str | None) -> Iterator[None]:
    if name == "loky":
        if address:
            raise Error("--address is of a cluster: give --backend ray or --backend dask, too")
        yield
        return
    if name not in ("ray", "dask"):
        raise Error(f"unknown backend {name!r}; known: loky ray dask")
    try:
        import joblib

        with _ray(address) if name == "ray" else _dask(address), joblib.parallel_config(name):
            yield
    except ImportError as missing:
        package = "ray" if name == "ray" else "dask[distributed]"
        raise Error(f"--backend {name} needs {missing.name}: pip install joblib '{package}'") from missing


@contextlib.contextmanager
def _ray(address: str | None) -> Iterator[None]:
    import ray
    from ray.util.joblib import register_ray

    register_ray()
    ray.init(address=address, log_to_driver=False, include_dashboard=False, logging_level="ERROR")
    try:
        yield
    finally:
        ray.shutdown()


@contextlib.contextmanager
def _dask(address: str | None) -> Iterator[None]:
    from distributed import Client

    with Client(address, **({} if address else {"threads_per_worker": 1, "dashboard_address": None})):
        yield


def values_of(name: str, text: str) -> list[Any]:
    """The values that the command line gives a setting: "16,32,64", "2..6", "32..256:32", "relu,gelu", "[3,3]"."""
    values: list[Any] = []
    for part in _parts(text):
        first, dots, rest = part.partition("..")
        last, _, step = rest.partition(":")
        bounds = [value_of(bound) for bound in (first, last, step or "1")]
        if dots and all(type(bound) is int for bound in bounds):
            if bounds[2] < 1 or bounds[1] < bounds[0]:
                raise Error(f"--set {name}={part}: there is nothing from {bounds[0]} to {bounds[1]} in steps of {step}")
            values += range(bounds[0], bounds[1] + 1, bounds[2])
        else:
            values.append(value_of(part))
    return values


def _parts(text: str) -> list[str]:
    """What commas separate that are in no brackets and no quotes."""
    parts, depth, quote = [""], 0, ""
    for letter in text:
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        else:
            depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and not quote and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return parts

"""The kinds of models that transformers has, each with inputs that fit it: tests/data/transformers.jsonl.

A line of that file has the type of the config and the class of the model; "config", what the config is made with, and
"set", what is set in it afterwards, where the defaults do not fit each other; "inputs", type and sizes of each, and of
integers the values, as runs of [first, step, count]. "layers" is "all" where two layers would not do. "buffers" is
"real" where the model looks at them. "looks" says what the model does that needs weights with values.
"""

from __future__ import annotations

import contextlib
import json
import re
from pathlib import Path
from typing import Any

import torch

from thoplw._models import build

FILE = Path(__file__).parents[2] / "data" / "transformers.jsonl"
Row = dict[str, Any]

KINDS: dict[str, Row] = {row["type"]: row for row in map(json.loads, FILE.read_text().splitlines())}


def model_of(row: Row) -> torch.nn.Module:
    """The model with two layers of each kind, its weights on meta."""
    import transformers
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    config = CONFIG_MAPPING[row["type"]](**row.get("config", {}))
    if row.get("layers") != "all":
        _keep_two_layers(config)
    for path, value in row.get("set", {}).items():
        *outer, field = path.split(".")
        inner = config
        for name in outer:
            inner = getattr(inner, name)
        setattr(inner, field, value)
    cls = getattr(transformers, row["model"])
    wholly = row.get("buffers") != "real"
    return build(row["type"], lambda: cls._from_config(config), {}, wholly_on_meta=wholly).eval()


_LAYERS = re.compile(r"(.*num_hidden_layers|.*_layers|n_layers?|depth)$")


def _keep_two_layers(config: Any) -> None:
    for name, value in list(vars(config).items()):
        if hasattr(value, "to_dict"):
            _keep_two_layers(value)
        elif type(value) is int and value > 2 and _LAYERS.match(name) and "index" not in name and "feature" not in name:
            with contextlib.suppress(Exception):  # a property without a setter
                setattr(config, name, 2)
    kinds, layers = getattr(config, "layer_types", None), getattr(config, "num_hidden_layers", None)
    if isinstance(kinds, list) and isinstance(layers, int) and len(kinds) > layers:
        different = list(dict.fromkeys(kinds))
        with contextlib.suppress(Exception):
            config.layer_types = (different + (kinds if len(different) <= layers else []))[:layers]


def inputs_of(row: Row) -> dict[str, Any]:
    return {name: _tensor(*spec) for name, spec in row["inputs"].items()}


def _tensor(dtype: str, sizes: list[Any], runs: list[list[int]] | None = None) -> Any:
    if dtype == "l":
        return [torch.rand(size) for size in sizes]
    if runs is None:
        return torch.rand(sizes, dtype=getattr(torch, dtype))
    values = [first + step * i for first, step, count in runs for i in range(count)]
    return torch.tensor(values, dtype=getattr(torch, dtype)).reshape(sizes)


def coverage() -> list[str]:
    """Of docs/coverage.md: which kinds need weights with values."""
    looks: dict[str, list[str]] = {}
    for row in KINDS.values():
        if "looks" in row:
            looks.setdefault(row["looks"], []).append(f"`{row['type']}`")
    codecs = [f"`{row['type']}`" for row in KINDS.values() if row.get("buffers") == "real"]
    counted = len(KINDS) - sum(map(len, looks.values()))
    return [
        "## Models of transformers without weights",
        "",
        f"Of {len(KINDS)} kinds of models in transformers 5.24, {counted} are counted with their weights on the meta",
        "device, which holds no values: token ids, masks and inputs tell what their forward asks for. The others need",
        "weights with values, because what they do depends on activations:",
        "",
        "| Kind | What it does |",
        "| --- | --- |",
        *(f"| {', '.join(kinds)} | {reason} |" for reason, kinds in looks.items()),
        "",
        "Some audio models look at small buffers, such as paddings. Build them outside of",
        f'`torch.device("meta")`, or let the command build them: {", ".join(codecs)}.',
        "",
        "Beam search also needs weights with values; other ways to generate do not.",
    ]

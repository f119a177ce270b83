"""Every classification model of torchvision: what must hold for each, whatever its numbers are."""

from __future__ import annotations

import csv
import functools
import io
import json
from typing import Any

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

import thoplw
from thoplw import _native
from vision import build, build_on_meta, classification_models, input_shape

MODELS = classification_models()

# One of each family, small: these are also built with real weights.
REAL = [
    "resnet18",
    "mobilenet_v3_small",
    "shufflenet_v2_x0_5",
    "squeezenet1_1",
    "densenet121",
    "googlenet",
    "regnet_x_400mf",
    "efficientnet_b0",
    "swin_t",
    "swin_v2_t",
    "convnext_tiny",
    "maxvit_t",
    "vit_b_32",
]

every_model = pytest.mark.parametrize("name", MODELS)

# One model at a time: the tests of a model come together, see conftest.py.
model_of = functools.lru_cache(maxsize=1)(build_on_meta)


@functools.lru_cache(maxsize=1)
def info_of(name: str) -> thoplw.LayerInfo:
    return thoplw.profile(model_of(name), input_shape(name))[2]


def rows_of(model: torch.nn.Module, x: torch.Tensor, **options: bool) -> list[tuple[Any, ...]]:
    info = _native.count(_native.capture(model, (x,), {}, {}, **options), "thoplw")
    assert info.notes == []
    return [(r.name, r.cls, r.input_shape, r.output_shape, r.macs, r.params, r.calls, r.exact) for r in info]


def test_there_are_80_models():
    if not MODELS:
        pytest.skip("torchvision is not installed")
    assert len(MODELS) >= 80


@every_model
def test_exact_and_nothing_to_say(name, capsys):
    info = info_of(name)
    assert info.exact
    assert info.uncounted == []
    assert info.notes == []
    aux = {"googlenet": ["aux1", "aux2"], "inception_v3": ["AuxLogits"]}
    assert info.not_run == aux.get(name, [])
    assert capsys.readouterr().err == "".join(
        f"thoplw: {path} never ran: it is not in the total\n" for path in aux.get(name, [])
    )


@every_model
def test_rows_add_up_to_the_total_in_every_renderer(name):
    info = info_of(name)
    total = (info.macs, info.params)
    assert (sum(row.macs for row in info), sum(row.params for row in info)) == total
    for kind in ("text", "csv", "md"):
        rows = _cells(info.summary(kind), kind)
        assert len(rows) == len(info) + 1
        assert tuple(map(int, rows[-1][4:])) == total
        assert tuple(sum(int(row[column]) for row in rows[:-1]) for column in (4, 5)) == total
    for depth in (1, 2):
        rows = _cells(info.summary("csv", depth=depth), "csv")
        assert tuple(sum(int(row[column]) for row in rows[:-1]) for column in (4, 5)) == total
    assert sum_of_json(info, "macs") == info.macs
    assert sum_of_json(info, "params") == info.params


def _cells(text: str, kind: str) -> list[list[str]]:
    """The rows of a table, its total last, its titles left out."""
    if kind == "csv":
        return list(csv.reader(io.StringIO(text)))[1:]
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]


def sum_of_json(info: thoplw.LayerInfo, column: str) -> int:
    return sum(row[column] for row in json.loads(info.summary("json"))["rows"])


# Swin v2 computes its position biases from a table of coordinates: once per forward, whatever the batch.
ONCE_PER_FORWARD = ".cpb_mlp."


@every_model
def test_batch_3_is_3_times_batch_1(name):
    one = info_of(name)
    macs, params, info = thoplw.profile(model_of(name), input_shape(name, batch=3), verbose=False)
    once = sum(row.macs for row in one if ONCE_PER_FORWARD in row.name)
    assert (once > 0) == name.startswith("swin_v2")
    assert macs == 3 * (one.macs - once) + once
    assert params == one.params
    assert [row.macs for row in info] == [(1 if ONCE_PER_FORWARD in row.name else 3) * row.macs for row in one]


@every_model
def test_parameters_are_those_of_torch(name):
    model, info = model_of(name), info_of(name)
    assert info.all_params == sum(p.numel() for p in model.parameters())
    assert info.trainable_params == sum(p.numel() for p in model.parameters() if p.requires_grad)
    assert info.buffers == sum(b.numel() for b in model.buffers())
    assert thoplw.profile(model, input_shape(name), convention="exact", verbose=False)[1] == info.all_params


@every_model
def test_contractions_are_those_of_flop_counter_mode(name):
    """That counts two operations for each multiply-add, and on meta it counts every contraction."""
    model, x = model_of(name).to("meta"), torch.empty(input_shape(name), device="meta")
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(x)
    assert 2 * thoplw.profile(model, x, convention="exact", verbose=False)[0] == counter.get_total_flops()


@every_model
def test_native_shape_rules_change_nothing(name):
    x = torch.empty(input_shape(name), device="meta")
    model = model_of(name)
    assert rows_of(model, x, native_rules=True) == rows_of(model, x, native_rules=False)


@pytest.mark.parametrize("name", [name for name in REAL if name in MODELS])
def test_real_weights_and_meta_weights_give_the_same(name):
    x = torch.zeros(input_shape(name))
    assert rows_of(build(name), x) == rows_of(model_of(name), x)


@pytest.mark.parametrize("name", [name for name in ("resnet18", "swin_t", "googlenet") if name in MODELS])
def test_a_real_forward_gives_the_same(name):
    x = torch.zeros(input_shape(name))
    assert rows_of(build(name), x, real=True) == rows_of(model_of(name), x)

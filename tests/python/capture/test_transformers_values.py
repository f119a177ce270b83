"""Models of transformers whose shapes follow from values of what goes in: counted with their weights on meta."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from found import found
from thoplw import _native
from transformer_models import VALUE_MODELS, build

transformers = pytest.importorskip("transformers", minversion="5.0")
transformers.logging.set_verbosity_error()

known_models = pytest.mark.parametrize(
    "name", [name for name, row in VALUE_MODELS.items() if hasattr(transformers, row.model)]
)


def rows_of(model: torch.nn.Module, name: str, **options: bool) -> list[tuple[Any, ...]]:
    trace = _native.capture(model, (), dict(VALUE_MODELS[name].inputs()), {}, **options)
    assert not any("real forward" in note for note in trace.notes)
    info = _native.count(trace, "exact")
    assert info.exact
    return [(r.name, r.cls, r.input_shape, r.output_shape, r.macs, r.params, r.calls) for r in info]


@known_models
def test_meta_and_real_weights_and_a_real_forward_give_the_same_rows(name: str) -> None:
    model = build(name, "eager")
    before = found(model)
    rows = rows_of(model, name)
    assert found(model) == before
    assert rows == rows_of(build(name, "eager", "meta"), name) == rows_of(model, name, real=True)
    assert rows == rows_of(model, name, native_rules=False)


@known_models
def test_contractions_are_those_of_flop_counter_mode(name: str) -> None:
    model = build(name, "eager").requires_grad_(False)  # that mode wants all gradients or none
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(**VALUE_MODELS[name].inputs())
    assert sum(row[4] for row in rows_of(model, name)) == counter.get_total_flops() / 2

"""Formulas give at sizes that they were not made of what a capture there gives, and refuse what is no polynomial."""

from __future__ import annotations

import copy
import os
import pickle
import random
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

import thoplw
import transformer_models
from thoplw._models import import_torchvision


def vision(name: str, **settings: Any) -> nn.Module:
    try:
        return getattr(import_torchvision().models, name)(**settings)
    except thoplw.Error as error:
        pytest.skip(str(error))


def language(name: str) -> nn.Module:
    pytest.importorskip("transformers")
    return transformer_models.build(name, "eager" if name == "mamba" else "sdpa")


def image(batch: int, side: int = 64) -> torch.Tensor:
    return torch.empty(batch, 3, side, side, device="meta")


def ids(batch: int, seq: int) -> torch.Tensor:
    return torch.zeros(batch, seq, dtype=torch.long)


class Down(nn.Module):
    """A U-Net of two levels."""

    def __init__(self) -> None:
        super().__init__()
        self.into, self.down = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 16, 3, padding=1, stride=2)
        self.up, self.out = nn.ConvTranspose2d(16, 8, 2, stride=2), nn.Conv2d(16, 2, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.into(x).relu()
        return self.out(torch.cat([x, self.up(self.down(x).relu())], 1))


class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(8, 16, 2, batch_first=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.lstm(x)[0]


def t5_inputs(batch: int, seq: int) -> dict[str, torch.Tensor]:
    return {"input_ids": ids(batch, seq), "decoder_input_ids": ids(batch, 5)}


Case = tuple[Callable[[], nn.Module], Callable[..., Any], dict[str, range]]
TOKENS = {"batch": range(2, 9), "seq": range(8, 65)}
CASES: dict[str, Case] = {
    "resnet18": (lambda: vision("resnet18"), image, {"batch": range(2, 9), "side": range(64, 257, 32)}),
    "vit_b_16": (lambda: vision("vit_b_16", image_size=64), image, {"batch": range(2, 17)}),
    "swin_t": (lambda: vision("swin_t"), image, {"batch": range(2, 9), "side": range(448, 1569, 224)}),
    "bert": (lambda: language("bert"), ids, {"batch": range(2, 9), "seq": range(8, 33)}),
    "gpt2": (lambda: language("gpt2"), ids, TOKENS),
    "llama": (lambda: language("llama"), ids, TOKENS),
    "t5": (lambda: language("t5"), t5_inputs, TOKENS),
    "mamba": (lambda: language("mamba"), ids, {"batch": range(2, 9), "seq": range(8, 25)}),
    "a U-Net": (Down, image, {"batch": range(2, 9), "side": range(16, 129, 2)}),
    "an LSTM": (Recurrent, lambda batch, seq: torch.zeros(batch, seq, 8), TOKENS),
}
SUMS = ("forward", "input_gradient", "weight_gradient", "parameters", "gradients", "states", "saved")


def some(variables: dict[str, range], count: int) -> list[dict[str, int]]:
    choose = random.Random(16)
    return [{name: choose.choice(values) for name, values in variables.items()} for _ in range(count)]


@pytest.mark.parametrize("name", CASES)
def test_a_formula_gives_what_a_capture_gives(name: str) -> None:
    build, inputs, variables = CASES[name]
    model = build().eval()
    found = thoplw.formula(model, inputs, convention="exact", **variables)
    for values in some(variables, 10):
        macs, params, layers = thoplw.profile(model, inputs(**values), convention="exact", verbose=False)
        assert (found.macs(**values), found.params(**values)) == (macs, params)
        for layer in layers:
            assert found[layer.name].macs(**values) == layer.macs


# All where THOPLW_SWEEP is set.
STEPS = (
    list(CASES) if os.environ.get("THOPLW_SWEEP") else ["resnet18", "vit_b_16", "bert", "llama", "a U-Net", "an LSTM"]
)


@pytest.mark.parametrize("name", STEPS)
def test_a_formula_of_a_step_gives_what_a_capture_gives(name: str) -> None:
    build, inputs, variables = CASES[name]
    model = build()
    found = thoplw.formula(model, inputs, training={"optimizer": "adamw"}, **variables)
    for values in some(variables, 10):
        step = thoplw.training(model, inputs(**values), optimizer="adamw", verbose=False)
        assert {name: getattr(found, name)(**values) for name in SUMS} == {name: getattr(step, name) for name in SUMS}
        if name != "mamba":  # it loops over the sequence
            assert found.peak is not None
            assert found.peak_first_step is not None
            assert found.peak(**values) == step.peak
            assert found.peak_first_step(**values) == step.peak_first_step


@pytest.mark.parametrize("name", CASES)
def test_a_formula_of_memory_gives_what_a_capture_gives(name: str) -> None:
    build, inputs, variables = CASES[name]
    model = build().eval()
    found = thoplw.formula(model, inputs, memory={}, **variables)
    for values in some(variables, 10):
        memory = thoplw.memory(model, inputs(**values), verbose=False)
        assert found.peak is not None
        assert (found.peak(**values), found.bytes(**values)) == (memory.peak, memory.weights + memory.buffers)


def test_the_formula_of_a_llama_by_hand() -> None:
    pytest.importorskip("transformers")
    from transformers import LlamaConfig, LlamaForCausalLM

    hidden, inner, layers, words, wide = 64, 128, 2, 100, 32  # the width of keys and values
    config = LlamaConfig(
        hidden_size=hidden,
        intermediate_size=inner,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=2,
        vocab_size=words,
    )
    found = thoplw.formula(LlamaForCausalLM(config), ids, convention="exact", batch=range(1, 9), seq=range(8, 65))
    per_token = layers * (2 * hidden * hidden + 2 * hidden * wide + 3 * hidden * inner) + hidden * words
    assert found.macs.greatest_of == ({(1, 1): per_token, (1, 2): layers * 2 * hidden},)  # scores, and what they weigh
    assert str(found.macs) == "80 128·batch·seq + 256·batch·seq²"
    assert (
        found.macs.latex() == r"80\,128 \, \mathit{batch} \, \mathit{seq} + 256 \, \mathit{batch} \, \mathit{seq}^{2}"
    )
    assert found.variables == ("batch", "seq")


def test_the_cache_of_a_llama_by_hand() -> None:
    pytest.importorskip("transformers")
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
        vocab_size=100,
    )  # fmt: skip
    found = thoplw.formula(LlamaForCausalLM(config).eval(), ids, memory={}, batch=range(1, 9), seq=range(8, 65))
    assert found.retained is not None
    assert str(found.retained) == "512·batch·seq"  # 2 layers, keys and values, 2 heads of 16, 4 bytes
    assert found.retained(batch=3, seq=10**6) == 512 * 3 * 10**6


def test_formulas_travel() -> None:
    made = thoplw.formula(
        lambda width: nn.Sequential(nn.Linear(width, 3), nn.Linear(3, width)),
        lambda width, batch: torch.zeros(batch, width),
        training={},
        width=range(1, 20),
        batch=range(2, 20, 2),
    )
    there = pickle.loads(pickle.dumps(made))
    assert there == made
    assert hash(there) == hash(made)
    assert str(there) == str(made)
    for kind in ("md", "csv", "json"):
        assert there.summary(kind) == made.summary(kind)
    assert there.variables == made.variables == ("width", "batch")
    for values in some({"width": range(1, 500), "batch": range(2, 500, 2)}, 10):
        for name in (*SUMS, "peak", "peak_first_step"):
            assert getattr(there, name)(**values) == getattr(made, name)(**values)
    assert pickle.loads(pickle.dumps(made.saved)) == made.saved
    assert pickle.loads(pickle.dumps(made["1"])) == made["1"] != made["0"]
    assert copy.deepcopy(made) is made
    other = thoplw.formula(nn.Linear(2, 2), lambda b: torch.zeros(b, 2), b=range(1, 9))
    assert other != made


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda text: "", "must be an object"),
        (lambda text: text[:-5], "must be an object"),
        (lambda text: text.replace('"8"', '"8/0"', 1), "total.macs.terms.0..coefficient: must be a fraction"),
        (lambda text: text.replace('"8"', '"x"', 1), "total.macs.terms.0..coefficient: must be a fraction"),
        (lambda text: text.replace('{"b":1}', '{"c":1}', 1), "total.macs.terms.0..powers.c: is of no variable"),
        (lambda text: text.replace('{"b":1}', '{"b":99}', 1), "powers.b: must be a whole number from 0 to 64, not 99"),
        (lambda text: text.replace('"rows"', '"lines"', 1), "'rows' is missing"),
    ],
)
def test_pickles_that_are_no_formulas(wrong: Callable[[str], str], message: str) -> None:
    made = thoplw.formula(nn.Linear(2, 4, bias=False), lambda b: torch.zeros(b, 2), b=range(1, 9))
    text = wrong(made.summary("json"))
    with pytest.raises(thoplw.Error, match=message):
        made.__class__.__new__(made.__class__).__setstate__(text.encode())


def test_a_scaling_law() -> None:
    found = thoplw.formula(lambda width: nn.Linear(width, 4 * width), lambda width: (1, width), width=range(1, 99))
    assert str(found.params) == "4·width + 4·width²"
    assert found.params(width=10**18) == 4 * 10**18 + 4 * 10**36


class Padded(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(nn.functional.pad(x, (0, 0, 0, -x.shape[1] % 8)))


class Routed(nn.Module):
    """The second expert runs where there are many tokens."""

    def __init__(self) -> None:
        super().__init__()
        self.experts = nn.ModuleList([nn.Linear(4, 4, bias=False), nn.Linear(4, 4, bias=False)])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.experts[0](x)
        return self.experts[1](x) if x.shape[1] > 20 else x


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (Padded(), "what holds for n = 1 to 3 would be 128 at n=9, where it is 256"),
        (Routed(), "what holds for n = 1 to 3 would be 336 at n=21, where it is 672"),
    ],
    ids=["padded", "routed"],
)
def test_what_is_no_polynomial(model: nn.Module, message: str) -> None:
    with pytest.raises(thoplw.Error, match=f"the MACs of {type(model).__name__} are no polynomial: {message}"):
        thoplw.formula(model, lambda n: torch.zeros(1, n, 4), n=range(1, 40), convention="exact")
    steps = thoplw.formula(Padded(), lambda n: torch.zeros(1, n, 4), n=range(8, 80, 8), convention="exact")
    assert str(steps.macs) == "16·n"


class Waits(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if x.shape[0] > 5:
            raise ValueError("too many")
        return x


@pytest.mark.parametrize(
    ("variables", "inputs", "message"),
    [
        ({}, lambda: (1, 4), "say what varies, such as batch="),
        ({"b": range(2)}, lambda b: (b, 4), "b has 2 values: a formula needs at least 3"),
        ({"b": 5}, lambda b: (b, 4), "b must be its values, such as range"),
        ({"b": ["x"]}, lambda b: (b, 4), "b must be an int"),
        ({"b": range(1, 9)}, torch.zeros(1, 4), "inputs must be a function of b, not "),
        ({"b": range(1, 9)}, lambda b: torch.zeros(b, 4), "at b=8: Waits: ValueError: too many"),
    ],
)
def test_what_cannot_be_asked(variables: dict[str, Any], inputs: Any, message: str) -> None:
    with pytest.raises(thoplw.Error, match=message):
        thoplw.formula(Waits(), inputs, **variables)


def test_what_is_asked_of_a_formula() -> None:
    found = thoplw.formula(nn.Linear(2, 2, bias=False), lambda b: torch.zeros(b, 2), b=range(2, 20, 2))
    for values, message in (({}, "give a value for b"), ({"b": 1, "c": 2}, "there is no variable c")):
        with pytest.raises(thoplw.Error, match=message):
            found.macs(**values)
    with pytest.raises(TypeError):
        found.macs(3)  # type: ignore[call-arg]
    assert found.saved is None
    assert found.peak is None
    assert found[""].macs == found.macs != found.params
    with pytest.raises(KeyError):
        found["layer"]
    assert "MACs(b) = 4·b" in found.summary("md") + str(found)
    with pytest.raises(thoplw.Error, match="text, md, csv or json"):
        found.summary("html")

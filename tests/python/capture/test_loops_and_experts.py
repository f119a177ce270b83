"""Generation loops, step by step; experts behind routers, with the parameters that are active; early exit."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
import torch
from torch import nn

import thoplw
from thoplw import _models

_models.import_torchvision()  # transformers imports it too, and would fail as it does
transformers = pytest.importorskip("transformers")

# Sizes of all language models here.
VOCABULARY, HIDDEN, INNER, LAYERS, HEADS, KEY_HEADS, HEAD = 64, 32, 48, 2, 4, 2, 8
BATCH, PROMPT, NEW = 2, 7, 5
SIZES = {
    "vocab_size": VOCABULARY,
    "hidden_size": HIDDEN,
    "intermediate_size": INNER,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": HEADS,
    "num_key_value_heads": KEY_HEADS,
}


def ids() -> torch.Tensor:
    return torch.randint(1, VOCABULARY, (BATCH, PROMPT), generator=torch.Generator().manual_seed(1))


def attention_weights() -> int:
    return 2 * HIDDEN * HEADS * HEAD + 2 * HIDDEN * KEY_HEADS * HEAD  # queries and results, keys and values


def llama_step(queries: int, keys: int) -> int:
    """Multiply-adds of one pass with a KV cache: the head sees the last position only."""
    layer = queries * (attention_weights() + 3 * HIDDEN * INNER) + 2 * queries * keys * HEADS * HEAD
    return BATCH * (LAYERS * layer + HIDDEN * VOCABULARY)


def small_llama(device: str, end_token: int | None) -> Any:
    config = transformers.LlamaConfig(**SIZES, pad_token_id=0, bos_token_id=None, eos_token_id=end_token)
    with torch.device(device):
        return transformers.LlamaForCausalLM(config)


# On the CPU an end token makes the loop look at what was generated, so it runs for real; on meta nobody knows.
@pytest.mark.parametrize(
    ("device", "end_token", "said"),
    [
        ("cpu", None, []),
        ("cpu", 3, ["one real forward was run"]),
        ("meta", None, []),
        ("meta", 3, ["counted to its maximum length"]),
    ],
)
@pytest.mark.parametrize("how", [{}, {"do_sample": True, "top_k": 5, "top_p": 0.9}, {"repetition_penalty": 1.5}])
def test_generate_tells_prefill_from_decode(device, end_token, said, how, capsys):
    torch.manual_seed(0)
    settings = {"max_new_tokens": NEW, "min_new_tokens": NEW, "do_sample": False, **how}
    macs, _, info = thoplw.profile(
        small_llama(device, end_token), (ids(),), kwargs=settings, method="generate", convention="exact"
    )
    expected = [llama_step(PROMPT, PROMPT)] + [llama_step(1, PROMPT + step) for step in range(1, NEW)]
    assert [step.macs for step in info.steps] == expected
    assert [step.input_shape for step in info.steps] == [(BATCH, PROMPT)] + [(BATCH, 1)] * (NEW - 1)
    assert macs == sum(expected)
    assert info.exact
    note = f"the model ran {NEW} times: {expected[0]} MACs the first time, {sum(expected[1:])} in the other {NEW - 1}"
    assert note in info.notes
    assert note in capsys.readouterr().err
    assert len(info.notes) == 1 + len(said)
    assert all(part in info.notes[0] for part in said)


@pytest.mark.parametrize("device", ["cpu", "meta"])
@pytest.mark.parametrize("how", [{}, {"early_stopping": True}, {"do_sample": True}, {"num_return_sequences": 2}])
def test_beams(device, how):
    """Each sequence runs once per beam, up to the maximum length where no values tell of an end."""
    torch.manual_seed(0)
    settings = {"max_new_tokens": NEW, "min_new_tokens": NEW, "num_beams": 3, **how}
    _, _, info = thoplw.profile(
        small_llama(device, 3), (ids(),), kwargs=settings, method="generate", convention="exact", verbose=False
    )
    expected = [llama_step(PROMPT, PROMPT)] + [llama_step(1, PROMPT + step) for step in range(1, NEW)]
    assert [step.macs for step in info.steps] == [3 * macs for macs in expected]


@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_a_step_with_a_cache_leaves_the_cache_as_it_was(device):
    model = small_llama(device, None).eval()
    with torch.no_grad():
        cache = model(ids().to(device), use_cache=True).past_key_values
    kept = [(layer.keys, layer.keys.shape, layer.keys.clone()) for layer in cache.layers]
    name = "cache" if "cache" in inspect.signature(model.forward).parameters else "past_key_values"
    step = {"input_ids": ids()[:, :1], name: cache}
    macs, _, info = thoplw.profile(model, step, convention="exact", verbose=False)
    assert macs == llama_step(1, PROMPT + 1)
    assert (info.exact, info.notes) == (True, [])
    assert cache.get_seq_length() == PROMPT
    for layer, (keys, shape, values) in zip(cache.layers, kept, strict=True):
        assert layer.keys is keys
        assert layer.keys.shape == shape
        assert device == "meta" or torch.equal(layer.keys, values)


def test_one_forward_is_one_step():
    macs, _, info = thoplw.profile(nn.Linear(3, 4), (2, 3), verbose=False)
    assert [(step.name, step.input_shape, step.macs) for step in info.steps] == [("", (2, 3), macs)]
    assert info.notes == []


EXPERTS, CHOSEN = 8, 2


def mixtral(experts: str, device: str) -> Any:
    config = transformers.MixtralConfig(**SIZES, num_local_experts=EXPERTS, num_experts_per_tok=CHOSEN)
    with torch.device(device):
        return transformers.MixtralForCausalLM._from_config(config, experts_implementation=experts)


def mixtral_params(experts: int) -> int:
    """With that many experts in each layer; norms have a scale each, the router one row per expert."""
    layer = attention_weights() + 2 * HIDDEN + EXPERTS * HIDDEN + experts * 3 * HIDDEN * INNER
    return 2 * VOCABULARY * HIDDEN + LAYERS * layer + HIDDEN


@pytest.mark.parametrize(
    ("experts", "device"),
    [("eager", "cpu"), ("grouped_mm", "cpu"), ("grouped_mm", "meta"), ("batched_mm", "cpu"), ("batched_mm", "meta")],
)
def test_mixtral(experts, device):
    macs, params, info = thoplw.profile(mixtral(experts, device), (ids(),), convention="exact", verbose=False)
    tokens = BATCH * PROMPT
    weights = attention_weights() + EXPERTS * HIDDEN + CHOSEN * 3 * HIDDEN * INNER
    products = 2 * PROMPT * PROMPT * HEADS * HEAD
    assert macs == tokens * (LAYERS * weights + HIDDEN * VOCABULARY) + BATCH * LAYERS * products
    assert params == info.all_params == mixtral_params(EXPERTS)
    assert info.active_params == mixtral_params(CHOSEN)
    assert f"{info.active_params} of {params} parameters are active per token" in info.notes[-1]
    assert info.exact


def test_a_loop_over_experts_on_meta_says_what_to_do():
    with pytest.raises(thoplw.Error, match=r"mlp\.experts \(MixtralExperts\): the model looks at values.*real weights"):
        thoplw.profile(mixtral("eager", "meta"), (ids(),), verbose=False)


class ExpertsInAList(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.router = nn.Linear(8, 4, bias=False)
        self.experts = nn.ModuleList(nn.Sequential(nn.Linear(8, 16, bias=False), nn.Linear(16, 8)) for _ in range(4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        chosen = self.router(x).topk(2, dim=-1).indices
        y = torch.zeros_like(x)
        for number, expert in enumerate(self.experts):
            rows = (chosen == number).any(-1).nonzero().flatten()
            if len(rows):
                y[rows] += expert(x[rows])
        return y


def test_experts_that_are_modules_in_a_list():
    torch.manual_seed(0)
    macs, params, info = thoplw.profile(ExpertsInAList(), torch.randn(64, 8), verbose=False)
    expert = 8 * 16 + 16 * 8 + 8
    assert macs == 64 * (8 * 4 + 2 * expert)  # the biases too, which this convention counts
    assert (params, info.active_params) == (8 * 4 + 4 * expert, 8 * 4 + 2 * expert)


def test_layers_in_a_list_are_no_experts():
    model = nn.ModuleList([nn.Linear(8, 8) for _ in range(3)])

    class Stack(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = model

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            for layer in self.layers:
                x = layer(x)
            return x[:1]

    info = thoplw.profile(Stack(), (5, 8), verbose=False)[2]
    assert info.active_params == info.params == 3 * 72
    assert info.notes == []


class PerType(nn.Module):
    """A layer for each type of node; how many there are of each comes with the input."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(8, 8) for _ in range(3))

    def forward(self, x: Any, types: torch.Tensor | None = None) -> Any:
        if types is None:
            return [layer(rows) for layer, rows in zip(self.layers, x, strict=True)]
        return torch.cat([layer(x[types == number]) for number, layer in enumerate(self.layers)])


class PerRelation(nn.Module):
    """The same with matrices that are stacked, as graph networks have them."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Linear(8, 8)
        self.weight = nn.Parameter(torch.ones(3, 8, 8))

    def forward(self, x: torch.Tensor, types: torch.Tensor) -> Any:
        x = self.embed(x)
        return torch.cat([x[types == number] @ self.weight[number] for number in range(3)])


TYPES = torch.tensor([0, 1, 1, 2, 2, 2, 2])


@pytest.mark.parametrize(
    ("model", "inputs"),
    [
        (PerType(), [[torch.ones(rows, 8) for rows in (3, 5, 7)]]),
        (PerType(), [torch.ones(7, 8), TYPES]),
        (PerRelation(), [torch.ones(7, 8), TYPES]),
    ],
)
def test_different_numbers_of_rows_are_no_router(model, inputs):
    info = thoplw.profile(model, inputs, verbose=False)[2]
    assert info.active_params == info.params == info.all_params
    assert not any("router" in note for note in info.notes)


class EarlyExit(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(8, 8, bias=False) for _ in range(4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in self.layers:
            x = layer(x)
            if x.abs().max() < 1:
                break
        return x


@pytest.mark.parametrize(("scale", "layers"), [(0.0, 1), (1.0, 4)])
def test_early_exit_counts_the_layers_that_this_input_ran(scale, layers):
    model = EarlyExit()
    for layer in model.layers:
        nn.init.eye_(layer.weight)
    macs, _, info = thoplw.profile(model, torch.full((2, 8), 2.0 * scale), verbose=False)
    assert macs == layers * 2 * 64
    assert info.not_run == [f"layers.{number}" for number in range(layers, 4)]
    assert "one real forward" in info.notes[0]

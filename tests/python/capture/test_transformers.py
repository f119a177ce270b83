"""Models of the transformers library: what must hold for each, whatever its numbers are, and experts worked by hand."""

from __future__ import annotations

import functools
from typing import Any

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

import thoplw
from thoplw import _native
from transformer_models import BASE, MODELS, Inputs, build

transformers = pytest.importorskip("transformers", minversion="5.0")
transformers.logging.set_verbosity_error()

# These have no implementation of attention but their own.
NO_SDPA = {"deberta-v2", "bloom", "mamba", "detr"}

# A bare meta forward of these raises: they ask for values of masks (`mask.all()`, `.item()`), or torch's meta kernel of
# grouped products refuses f32.
NO_BARE_META = {
    "bert", "roberta", "distilbert", "albert", "electra", "t5", "bart", "detr", "wav2vec2", "mixtral", "qwen2-moe",
    "qwen3-next", "qwen3.5", "olmo-hybrid",
}  # fmt: skip

TOKENS = 2 * 9  # as in transformer_models.text()
PROJECTIONS = 16 * 16 + 2 * 16 * 8 + 16 * 16  # of queries, keys and values of 2 of 4 heads, and of the result
SCORES = 2 * 4 * 9 * 9 * (4 + 4)  # batch * heads * L * S * (E_qk + E_v)
HEAD = TOKENS * 16 * 50
# Each token goes to 2 experts, of 3 matrices each, whatever the router says.
ROUTED = {**dict.fromkeys(("qwen2-moe", "qwen3-next"), TOKENS * 2 * 3 * 16 * 12), "mixtral": TOKENS * 2 * 3 * 16 * 24}
# 64 x 64 triangular systems of 2 sequences and 4 heads, with the values of width 6 and the keys of width 4 to the right
SOLVED = dict.fromkeys(("qwen3-next", "qwen3.5", "olmo-hybrid"), 2 * 4 * 64 * 63 // 2 * (6 + 4))
ROUTER = 16 * 4
SHARED = 3 * 16 * 20 + 16  # the expert that all tokens go to, and its gate

every_model = pytest.mark.parametrize("name", MODELS)

# One model at a time, its weights for real and its attention written out.
model_of = functools.lru_cache(maxsize=1)(functools.partial(build, attention="eager"))


def trace_of(model: torch.nn.Module, inputs: Inputs, **options: bool) -> _native.Trace:
    return _native.capture(model, (), dict(inputs), {}, **options)


def rows_of(model: torch.nn.Module, inputs: Inputs, **options: bool) -> list[tuple[Any, ...]]:
    info = _native.count(trace_of(model, inputs, **options), "thoplw")
    return [(r.name, r.cls, r.input_shape, r.output_shape, r.macs, r.params, r.calls, r.exact) for r in info]


def real_forwards(info: thoplw.LayerInfo) -> list[str]:
    return [note for note in info.notes if "one real forward" in note]


def contractions(model: torch.nn.Module, inputs: Inputs) -> int:
    return thoplw.profile(model, inputs, convention="exact", verbose=False)[0]


def flop_counter_mode(model: torch.nn.Module, inputs: Inputs) -> float:
    """Multiply-adds of a real forward, or of a meta one; that mode counts two operations for each."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model.requires_grad_(False)(**inputs)  # where it follows modules, it wants all gradients or none
    return counter.get_total_flops() / 2


@every_model
@pytest.mark.parametrize("convention", ["thoplw", "exact"])
def test_exact_after_one_pass_without_data(name: str, convention: str) -> None:
    model, passes = model_of(name), []
    hook = model.register_forward_pre_hook(lambda *_: passes.append(torch.is_inference_mode_enabled()))
    try:
        macs, params, info = thoplw.profile(model, MODELS[name].inputs(), convention=convention, verbose=False)
    finally:
        hook.remove()
    assert passes == [True]
    assert (info.exact, info.uncounted, real_forwards(info)) == (True, [], [])
    assert (sum(row.macs for row in info), sum(row.params for row in info)) == (macs, params)
    assert info.all_params == sum(p.numel() for p in model.parameters())
    never = {"sam": ["prompt_encoder.mask_embed", "prompt_encoder.point_embed.2", "prompt_encoder.point_embed.3"]}
    assert info.not_run == never.get(name, [])


@every_model
def test_contractions_are_those_of_flop_counter_mode(name: str) -> None:
    """It knows neither grouped products nor solvers: what experts do of 2 layers is added, and both solutions."""
    inputs = MODELS[name].inputs()
    macs = contractions(model_of(name), inputs)
    assert macs == flop_counter_mode(build(name, "eager"), inputs) + 2 * ROUTED.get(name, 0) + SOLVED.get(name, 0)


@every_model
def test_contractions_are_those_of_a_bare_meta_forward(name: str) -> None:
    model = build(name, "eager", "meta")
    macs = contractions(model, MODELS[name].inputs())
    on_meta = {key: value.to("meta") for key, value in MODELS[name].inputs().items()}
    if name in NO_BARE_META:
        with pytest.raises(RuntimeError, match=r"meta tensors|BF16"):
            flop_counter_mode(model, on_meta)
    else:
        assert macs == flop_counter_mode(model, on_meta)
        assert macs == contractions(model, on_meta)


@pytest.mark.parametrize("name", [name for name in MODELS if name not in NO_SDPA])
def test_fused_attention_costs_what_it_does(name: str) -> None:
    """FlopCounterMode counts nothing for it on the CPU."""
    inputs = MODELS[name].inputs()
    assert contractions(build(name, "sdpa"), inputs) == contractions(model_of(name), inputs)


@every_model
def test_real_and_meta_weights_and_a_real_forward_give_the_same_rows(name: str) -> None:
    inputs = MODELS[name].inputs()
    rows = rows_of(model_of(name), inputs)
    assert rows == rows_of(build(name, "eager", "meta"), inputs)
    assert rows == rows_of(model_of(name), inputs, real=True)


@pytest.mark.parametrize("name", [name for name in MODELS if name not in ROUTED])
def test_native_shape_rules_change_nothing(name: str) -> None:
    inputs = MODELS[name].inputs()
    assert rows_of(model_of(name), inputs) == rows_of(model_of(name), inputs, native_rules=False)
    notes = trace_of(model_of(name), inputs, native_rules=False).notes
    assert [note for note in notes if "the cache of transformers." not in note] == []  # DETR's positions, by size


@pytest.mark.parametrize("name", ROUTED)
def test_native_shape_rules_change_nothing_in_bf16(name: str) -> None:
    """Torch's meta kernel of grouped products refuses f32, and widths that are no multiple of 16 bytes."""
    wide = {"intermediate_size": 32, "moe_intermediate_size": 32}
    row = MODELS[name]
    cls = getattr(transformers, row.model)
    with torch.device("meta"):
        model = cls(cls.config_class(**{**row.config, **wide})).to(torch.bfloat16)
    assert rows_of(model, row.inputs()) == rows_of(model, row.inputs(), native_rules=False)


def found(model: torch.nn.Module) -> dict[str, Any]:
    """All that a forward could change: attributes, tables and hooks by name and identity, tensors bit by bit."""
    state: dict[str, Any] = {}
    for path, module in model.named_modules():
        for key, value in vars(module).items():
            inner = [(k, id(v)) for k, v in value.items()] if isinstance(value, dict) else None
            state[f"{path}.{key}"] = (id(value), inner)
        state[f"{path}:training"] = module.training
    for path, tensor in model.state_dict().items():
        state[path] = (tensor.data_ptr(), tensor.numpy().tobytes(), tensor._version)
    state["grad"] = [(p.requires_grad, p.grad) for p in model.parameters()]
    return state


@every_model
def test_left_as_found(name: str) -> None:
    model = build(name, "eager").train()
    for module in list(model.modules())[::3]:
        module.eval()
    inputs = MODELS[name].inputs()
    copies = {key: value.clone() for key, value in inputs.items()}
    before, random = found(model), torch.get_rng_state()
    thoplw.profile(model, inputs, verbose=False)
    assert found(model) == before
    assert torch.equal(torch.get_rng_state(), random)
    for key, value in inputs.items():
        assert torch.equal(value, copies[key])


@pytest.mark.parametrize("name", [name for name, row in MODELS.items() if "attention_mask" in row.inputs()])
def test_a_mask_or_none_and_what_it_says_change_nothing(name: str) -> None:
    inputs = MODELS[name].inputs()
    ones = {key: torch.ones_like(x) if key.endswith("mask") else x for key, x in inputs.items()}
    none = {key: x for key, x in inputs.items() if not key.endswith("mask")}
    model = model_of(name)
    assert contractions(model, inputs) == contractions(model, ones) == contractions(model, none)


def test_keywords_and_positions_are_the_same() -> None:
    inputs = MODELS["bert"].inputs()
    by_position = thoplw.profile(model_of("bert"), list(inputs.values()), convention="exact", verbose=False)[0]
    assert by_position == contractions(model_of("bert"), inputs)
    ids = {"input_ids": inputs["input_ids"]}
    by_kwargs = thoplw.profile(model_of("t5"), [], kwargs={**ids, "decoder_input_ids": ids["input_ids"]}, verbose=False)
    assert by_kwargs[2].exact


EXPERTS = {
    "mixtral": 2 * (TOKENS * (PROJECTIONS + ROUTER) + ROUTED["mixtral"] + SCORES) + HEAD,
    "qwen2-moe": 2 * (TOKENS * (PROJECTIONS + ROUTER + SHARED) + ROUTED["qwen2-moe"] + SCORES) + HEAD,
}


@pytest.mark.parametrize("name", EXPERTS)
@pytest.mark.parametrize("experts", ["grouped_mm", "batched_mm", "eager"])
@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_experts_cost_what_the_tokens_routed_to_them_cost(name: str, experts: str, device: str) -> None:
    """Only a loop over the experts that were hit looks at the router's choice, and so wants data."""
    model = build(name, "eager", device)
    model.set_experts_implementation(experts)
    inputs = MODELS[name].inputs()
    if experts == "eager" and device == "meta":
        with pytest.raises(thoplw.Error, match=r"model\.layers\.0\.mlp\.experts .* looks at values"):
            contractions(model, inputs)
        return
    macs, _, info = thoplw.profile(model, inputs, convention="exact", verbose=False)
    assert macs == EXPERTS[name]
    assert info.exact
    assert len(real_forwards(info)) == (experts == "eager")


def test_the_older_operator_of_experts() -> None:
    """transformers::grouped_mm_fallback, with a kernel of its own, serves where torch has no grouped product."""
    rows, weight = torch.zeros(8, 5), torch.zeros(3, 5, 6)

    class Experts(torch.nn.Module):
        def forward(self, offsets: torch.Tensor) -> torch.Tensor:
            return torch.ops.transformers.grouped_mm_fallback(rows, weight, offsets)

    macs, _, info = thoplw.profile(Experts(), torch.tensor([2, 4, 8]), convention="exact", verbose=False)
    assert (macs, info.exact) == (8 * 5 * 6, True)


def test_a_mask_that_the_model_makes_is_looked_at_too() -> None:
    """DETR asks whether its own mask of ones, which is of floats and goes through an interpolation, has a zero.

    Like other activations it says that it is on the meta device.
    """

    class Masked(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inside = torch.nn.Linear(8, 8)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            mask = torch.ones(1, 1, 64, 64, device=x.device)
            mask = torch.nn.functional.interpolate(mask.mul_(1), size=(32, 32))
            assert mask.device == x.device
            mask = torch.cat([mask, mask.flip(-1)]).to(torch.bool)
            return x if mask.all() else self.inside(x)

    assert contractions(Masked(), {"x": torch.zeros(2, 8)}) == 0


@pytest.mark.parametrize("write", ["through a view", "through a view of ints", "through an index", "by out="])
def test_what_was_written_with_unknown_values_is_not_looked_at(write: str) -> None:
    class Written(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inside = torch.nn.Linear(8, 8)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            hit = torch.zeros(2, device=x.device, dtype=x.dtype if write != "through a view of ints" else torch.int64)
            if write.startswith("through a view"):
                hit[0] = x.sum()
            elif write == "through an index":
                hit[torch.tensor([0])] = x.sum()
            else:
                torch.sum(x, 1, out=hit)
            return self.inside(x) if hit.any() else x

    model = Written()
    macs, _, info = thoplw.profile(model, {"x": torch.ones(2, 8)}, convention="exact", verbose=False)
    assert macs == 2 * 8 * 8
    assert len(real_forwards(info)) == 1
    with pytest.raises(thoplw.Error, match="looks at values"):
        thoplw.profile(model.to("meta"), {"x": torch.ones(2, 8)}, verbose=False)


def test_a_large_mask_is_not_made_for_real() -> None:
    """Positions of 2^19 tokens are looked at, but not the 2^38 bytes of which of them comes before which."""

    class Causal(torch.nn.Module):
        def forward(self, ids: torch.Tensor) -> torch.Tensor:
            assert ids.max() < BASE["vocab_size"]
            at = torch.arange(ids.shape[0], device=ids.device)
            before = at[:, None] >= at[None, :]
            return before.to(torch.float32).masked_fill(before.logical_not(), -1.0)

    info = thoplw.profile(Causal(), torch.zeros(2**19, dtype=torch.int64), verbose=False)[2]
    assert (info.macs, info.exact, info.notes) == (0, True, [])

"""What is alive besides weights and cache: held against real runs, shared by devices, and left room for."""

import pickle

import pytest
import torch
from bench.llm import SHAPES

import live_language_model as live
import thoplw
from language_models import CASES, SMALL, class_of, config_of
from thoplw._models import import_torchvision

import_torchvision()
transformers = pytest.importorskip("transformers")

BATCH, CONTEXT = 16, 8192
H, INNER = 16384, 53248
PLAN = {"context": CONTEXT, "batch": BATCH}


def llama():
    return transformers.LlamaConfig(**SHAPES["Llama 3.1 405B"][1])


@pytest.mark.parametrize("name", [name for name in CASES if "encoder" not in name])
def test_both_passes(name):
    """To the byte. The prompt is longer than the windows."""
    config = config_of(name)
    config._attn_implementation = "eager"
    config._experts_implementation = "eager"
    torch.manual_seed(0)
    model = class_of(name)._from_config(config, dtype=torch.float32).eval()
    found = thoplw.llm(model, context=40, batch=live.BATCH).all
    assert (found["prefill_activations"], found["decode_activations"]) == live.activations(model, 40)


def test_a_device():
    """All of the MLP is divided; the sums around it are not. A norm of one device has more than its MLP."""
    tokens = BATCH * CONTEXT
    positions = 2 * CONTEXT * 128 * 2  # cosines and sines
    found = thoplw.llm(llama(), **PLAN)
    mlp = 3 * INNER + 4 * H  # gate, up and their product; embeddings, two sums and a norm
    assert found.all["prefill_activations"] == pytest.approx(tokens * mlp * 2 + positions, rel=1e-4)
    assert found.device["prefill_activations"] == found.all["prefill_activations"]
    shared = thoplw.llm(llama(), **PLAN, tensor_parallel=8)
    assert shared.all["prefill_activations"] == found.all["prefill_activations"]
    norm = 3 * H + 2 * 2 * H  # embeddings and two sums; the sum in fp32, and what follows from it
    assert norm > 3 * INNER / 8 + 4 * H
    assert shared.device["prefill_activations"] == pytest.approx(tokens * norm * 2 + positions, rel=1e-4)


def test_parts_of_sums_are_whole():
    """Each device has products of all its experts' rows: as wide as the model, not an eighth of that."""
    config = transformers.MixtralConfig(**SHAPES["Mixtral 8x22B"][1] | {"num_hidden_layers": 1})
    found = thoplw.llm(config, **PLAN, tensor_parallel=8)
    tokens, h, inner, chosen = BATCH * CONTEXT, 6144, 16384, 2
    gates_and_ups = chosen * 2 * inner // 8
    assert found.device["prefill_activations"] > tokens * 2 * (chosen * h + chosen * inner // 8)
    assert found.all["prefill_activations"] > tokens * 2 * (8 * gates_and_ups + chosen * inner)


def test_needed():
    for plan in ({}, {"tensor_parallel": 2}, {"tensor_parallel": 2, "count": 4}):
        found = thoplw.llm(transformers.LlamaConfig(**SMALL), context=64, batch=4, **plan)
        more = max(found.device[f"{name}_activations"] for name in ("prefill", "decode"))
        assert found.device["needed"] == found.device["weights"] + found.device["cache"] + more


def test_a_pipeline_needs_what_its_fullest_stage_needs():
    found = thoplw.llm(transformers.LlamaConfig(**SMALL), context=64, batch=4, pipeline=2).device
    assert found["needed"] <= found["weights"] + found["cache"] + found["prefill_activations"]
    assert found["needed"] > found["weights"] + found["cache"]


def test_prompts_read_one_by_one():
    plan = {**PLAN, "tensor_parallel": 8, "device": "h200", "kv_dtype": "fp8"}
    at_once, one = (thoplw.llm(llama(), **plan, prompts=prompts) for prompts in (None, 1))
    assert one.device["prefill_activations"] == pytest.approx(at_once.device["prefill_activations"] / BATCH, rel=1e-2)
    assert one.device["decode_activations"] == at_once.device["decode_activations"]
    assert one.all["prefill_macs"] == at_once.all["prefill_macs"]
    assert one.all["largest_batch"] > 4 * at_once.all["largest_batch"]
    for more, fits in ((0, True), (1, False)):
        batch = one.all["largest_batch"] + more
        assert thoplw.llm(llama(), **{**plan, "batch": batch}, prompts=1, largest=False).fits is fits


def test_where_attention_grows_by_the_square():
    config = transformers.LlamaConfig(**SMALL)
    config._attn_implementation = "eager"
    found = thoplw.llm(config, context=64, memory="100M")
    for more, fits in ((0, True), (1, False)):
        context = found.all["largest_context"] + more
        assert thoplw.llm(config, context=context, memory="100M", largest=False).fits is fits


@pytest.mark.parametrize("batch", [2, 3])
def test_largest_batch_of_a_pipeline(batch):
    """It goes through in two groups, as do the batches that are tried."""
    plan = {"context": 64, "memory": "1M", "pipeline": 2}
    largest = thoplw.llm(transformers.LlamaConfig(**SMALL), batch=batch, **plan).all["largest_batch"]
    assert largest % 2 == 0
    for more, fits in ((0, True), (2, False)):
        found = thoplw.llm(transformers.LlamaConfig(**SMALL), batch=largest + more, largest=False, **plan)
        assert found.fits is fits


def test_pickle():
    found = thoplw.llm(transformers.LlamaConfig(**SMALL), context=8, device="h100", tensor_parallel=2)
    same = pickle.loads(pickle.dumps(found))
    assert same == found
    assert hash(same) == hash(found)
    assert str(same) == str(found)
    with pytest.raises(thoplw.Error, match="make them again"):
        thoplw.Llm.__new__(thoplw.Llm).__setstate__(b"\x01")

"""The cache, a prompt and one token more, held against a model that really runs."""

import copy

import pytest
import torch

import real_language_model as oracle
import thoplw
from language_models import CASES, SMALL, class_of, config_of

transformers = pytest.importorskip("transformers")

VISION = {"hidden_size": 32, "intermediate_size": 64, "image_size": 32, "patch_size": 8, "projection_dim": 32}
CONTEXTS = (12, 40)  # shorter and longer than the windows

# Triangular systems of a prompt, for which torch has no formula: in each of 3 layers one of 64 rows per head, with as
# many right sides as keys and values have features.
SOLVED = {"delta rule": 3 * oracle.BATCH * 4 * (64 * 63 // 2) * (16 + 16)}


def test_images_in_a_prompt():
    """16 tokens of a prompt stand for an image, which a tower of its own turns into as many."""
    config = transformers.LlavaConfig(
        vision_config=transformers.CLIPVisionConfig(**VISION, num_hidden_layers=2, num_attention_heads=4),
        text_config=transformers.LlamaConfig(**SMALL),
        image_token_index=250,
    )
    config._attn_implementation = "eager"
    model = transformers.LlavaForConditionalGeneration._from_config(config, dtype=torch.float32).eval()

    def inputs(batch, context):
        ids = torch.ones((batch, context), dtype=torch.int64)
        ids[:, :16] = 250
        return {"input_ids": ids, "pixel_values": torch.zeros(batch, 3, 32, 32)}

    found = thoplw.llm(model, context=24, batch=oracle.BATCH, inputs=inputs).all
    counted = (found["cache"], found["prefill_macs"], found["decode_macs"])
    assert counted == oracle.run(model, 24, inputs(oracle.BATCH, 24))


@pytest.mark.parametrize("name", CASES)
def test_cache_and_passes(name):
    config = config_of(name)
    real = copy.deepcopy(config)
    real._attn_implementation = "eager"  # whose products are counted
    real._experts_implementation = "eager"  # torch has no formula for grouped products
    torch.manual_seed(0)
    model = class_of(name)._from_config(real, dtype=torch.float32).eval()
    for context in CONTEXTS:
        found = thoplw.llm(class_of(name)._from_config(config), context=context, batch=oracle.BATCH).all
        counted = (found["cache"], found["prefill_macs"] - SOLVED.get(name, 0), found["decode_macs"])
        assert counted == oracle.run(model, context), context

"""The cache, a prompt and one token more, held against a model that really runs."""

import copy

import pytest
import torch

import real_language_model as oracle
import thoplw
from language_models import CASES, class_of, config_of

CONTEXTS = (12, 40)  # shorter and longer than the windows

# Triangular systems of a prompt, for which torch has no formula: in each of 3 layers one of 64 rows per head, with as
# many right sides as keys and values have features.
SOLVED = {"delta rule": 3 * oracle.BATCH * 4 * (64 * 63 // 2) * (16 + 16)}


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

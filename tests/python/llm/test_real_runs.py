"""The cache and one token more, held against a model that really runs."""

import copy

import pytest
import torch

import real_language_model as oracle
import thoplw
from language_models import CASES, class_of, config_of

CONTEXTS = (12, 40)  # shorter and longer than the windows


@pytest.mark.parametrize("name", CASES)
def test_cache_and_token(name):
    config = config_of(name)
    real = copy.deepcopy(config)
    real._attn_implementation = "eager"  # whose products are counted
    real._experts_implementation = "eager"  # torch has no formula for grouped products
    torch.manual_seed(0)
    model = class_of(name)._from_config(real, dtype=torch.float32).eval()
    for context in CONTEXTS:
        cache, macs = oracle.run(model, context)
        found = thoplw.llm(class_of(name)._from_config(config), context=context, batch=oracle.BATCH)
        assert (found.all["cache"], found.all["decode_macs"]) == (cache, macs), context

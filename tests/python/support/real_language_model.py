"""A language model that really runs: the bytes of its cache, and the multiply-adds of one token more."""

from __future__ import annotations

import inspect
import io
import pickle
import warnings
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

BATCH = 2


def run(model: torch.nn.Module, context: int, inputs: dict[str, Any] | None = None) -> tuple[int, int, int]:
    """Bytes in the cache after a prompt of `context` tokens, and FLOPs / 2 of the prompt and of one token more."""
    ids = torch.ones((BATCH, context), dtype=torch.int64)
    one = torch.ones((BATCH, 1), dtype=torch.int64)
    parameters = inspect.signature(model.forward).parameters
    last = {"logits_to_keep": 1} if "logits_to_keep" in parameters else {}
    reading = FlopCounterMode(display=False)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if model.config.is_encoder_decoder:
            if model.main_input_name == "input_features":
                size = (BATCH, model.config.num_mel_bins, 2 * model.config.max_source_positions)
                source = {"input_features": torch.randn(size)}
            else:
                source = {"input_ids": ids}
            with reading:
                prompt = model(**source, decoder_input_ids=ids, use_cache=True, **last)
            encoded = (prompt.encoder_last_hidden_state,)
            token: dict[str, Any] = {"decoder_input_ids": one, "encoder_outputs": encoded}
        else:
            with reading:
                prompt = model(**(inputs or {"input_ids": ids}), use_cache=True, **last)
            token = {"input_ids": one}
        name = next(n for n in ("past_key_values", "cache_params", "state") if getattr(prompt, n, None) is not None)
        cache = getattr(prompt, name)
        held = sum(tensor.nbytes for tensor in tensors(cache))
        takes = "cache" if "cache" in parameters else name
        with FlopCounterMode(display=False) as counter:
            model(**token, **{takes: cache}, use_cache=True)
    return held, reading.get_total_flops() // 2, counter.get_total_flops() // 2


def tensors(cache: Any) -> list[torch.Tensor]:
    """All that pickle meets, but for single numbers."""
    found: dict[int, torch.Tensor] = {}

    class Collector(pickle.Pickler):
        def persistent_id(self, item: Any) -> int | None:
            if not isinstance(item, torch.Tensor):
                return None
            found[id(item)] = item
            return id(item)

    Collector(io.BytesIO()).dump(cache)
    return [tensor for tensor in found.values() if tensor.dim()]

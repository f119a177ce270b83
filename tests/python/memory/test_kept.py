"""What stays after a pass: caches of language models, and what a model holds on to."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn
from torch.utils._pytree import tree_leaves

import thoplw
import transformer_models

LANGUAGE = ["llama", "gpt2", "mistral", "gemma", "qwen2", "phi", "falcon", "mixtral", "gpt-neox", "opt"]


def bytes_of_cache(cache: Any) -> int:
    """Of the keys and values that each layer of transformers' cache holds."""
    found = [x for layer in cache.layers for x in (layer.keys, layer.values)]
    return sum({x.untyped_storage()._cdata: x.untyped_storage().nbytes() for x in found}.values())


@pytest.mark.parametrize("name", LANGUAGE)
@pytest.mark.parametrize("tokens", [6, 11])
def test_what_a_language_model_keeps_is_its_cache(name: str, tokens: int) -> None:
    pytest.importorskip("transformers")
    model = transformer_models.build(name)
    ids = transformer_models.ids(2, tokens)
    info = thoplw.memory(model, {"input_ids": ids, "use_cache": True}, verbose=False)
    with torch.no_grad():
        result = model(input_ids=ids, use_cache=True)
    assert info.retained == bytes_of_cache(result.past_key_values)
    assert sum(piece.bytes for piece in info.outlive) == info.retained
    assert sum(row.retained or 0 for row in info) == info.retained


class Keeps(nn.Module):
    def __init__(self, how: str) -> None:
        super().__init__()
        self.how = how
        self.linear = nn.Linear(4, 3)

    def forward(self, x: torch.Tensor) -> Any:
        y = self.linear(x)
        if self.how == "attribute":
            self.last = y
        elif self.how == "cycle":
            cycle: list[Any] = [y]
            cycle.append(cycle)
        elif self.how == "view":
            self.first = y[:1]
        elif self.how == "hidden":
            return {"x": y.sum(), "more": [Holder(y)]}
        return y.sum()


class Holder:
    def __init__(self, tensor: torch.Tensor) -> None:
        self.tensor = tensor


@pytest.mark.parametrize(("how", "kept"), [("not", 0), ("attribute", 24), ("cycle", 0), ("view", 24), ("hidden", 24)])
def test_what_a_model_holds_on_to(how: str, kept: int) -> None:
    model = Keeps(how)
    info = thoplw.memory(model, (2, 4), verbose=False)
    assert info.retained == kept  # 2 x 3 floats; of a view, all that it is a view of
    assert info.outputs == 4
    assert [piece.path for piece in info.outlive] == ["linear"] * (kept > 0)
    assert not tree_leaves([value for name, value in vars(model).items() if name in ("last", "first")])

"""Inputs are left as they were found, whatever a forward takes from them."""

from __future__ import annotations

import collections
import threading
import types
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

import thoplw
from keeps import LINEAR, Slotted, profile
from thoplw import _native


class Handed(nn.Module):
    """A layer, and what is done with an input that is an object."""

    def __init__(self, use: Callable[[Any, nn.Module], Any]) -> None:
        super().__init__()
        self.layer = nn.Linear(32, 32)
        self.use = use

    def forward(self, given: Any, again: Any = None) -> Any:
        return (
            self.use(given, self.layer) if again is None else self.use(given, self.layer) + self.use(again, self.layer)
        )


class Lockable:
    """What deepcopy refuses."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.x: Any = torch.ones(2, 32)


def namespace() -> Any:
    return types.SimpleNamespace(x=torch.ones(2, 32), seen=[])


def consume(given: Any, layer: nn.Module) -> Any:
    given.x = layer(given.x)
    return given.x


def slotted() -> Slotted:
    given = Slotted()
    given.cache = [torch.ones(2, 32), (torch.ones(2, 32), "text")]
    return given


# An object, its use, and what of it is to be as it was.
OBJECTS: list[tuple[Callable[[], Any], Callable[[Any, nn.Module], Any], Callable[[Any], torch.Tensor]]] = [
    (namespace, consume, lambda given: given.x),
    (Lockable, consume, lambda given: given.x),
    (lambda: [torch.ones(2, 32)], lambda given, layer: layer(given.pop()), lambda given: given[0]),
    (lambda: {"a": torch.ones(2, 32)}, lambda given, layer: layer(given.pop("a")), lambda given: given["a"]),
    (
        lambda: collections.UserDict(a=torch.ones(2, 32)),
        lambda given, layer: layer(given.pop("a")),
        lambda given: given["a"],
    ),
    (lambda: collections.deque([torch.ones(2, 32)]), lambda given, layer: layer(given.pop()), lambda given: given[0]),
    (slotted, lambda given, layer: layer(given.cache.pop()[0]), lambda given: given.cache[1][0]),
]


@pytest.mark.parametrize("real", [False, True])
@pytest.mark.parametrize(("make", "use", "look"), OBJECTS)
def test_inputs_that_are_objects(make, use, look, real):
    model, given = Handed(use), make()
    tensor = look(given)
    for _ in range(2):
        trace = _native.capture(model, (given,), {}, {}, real=real)
        assert _native.count(trace, "thoplw").macs == LINEAR
        assert look(given) is tensor
        assert torch.equal(tensor, torch.ones(2, 32))


def test_one_object_given_twice_is_one():
    def use(given: Any, layer: nn.Module) -> Any:
        given.seen.append(layer(given.x))
        return given.seen[0]

    given = namespace()
    model = Handed(lambda given, layer: use(given, layer))
    inner = model.forward
    model.forward = lambda given, again: (inner(given, again), len(given.seen) == 2, given is again, given.x is again.x)  # type: ignore[method-assign]
    assert profile(model, [given, given])[0] == 2 * LINEAR
    assert (given.seen, given.x.device.type) == ([], "cpu")
    x = torch.ones(2, 32)
    same = Handed(lambda given, layer: layer(given[0] if given[0] is given[1] else given[0][:1]))
    assert profile(same, [[x, x]])[0] == LINEAR


def test_meta_tensors_in_objects_get_values_for_a_real_forward():
    given = types.SimpleNamespace(x=torch.empty(2, 32, device="meta"))
    model = Handed(lambda given, layer: layer(given.x) * given.x.sum().item())
    assert profile(model, [given])[0] == LINEAR
    assert given.x.is_meta


def test_iterators_serve_one_forward():
    model = Handed(lambda given, layer: layer(next(given)) + layer(next(given)))
    items = iter([torch.ones(2, 32)] * 2)
    for _ in range(2):
        assert profile(model, [items])[0] == 2 * LINEAR
    assert len(list(items)) == 2
    generator = (torch.ones(2, 32) for _ in range(2))
    assert profile(model, [generator])[0] == 2 * LINEAR
    with pytest.raises(thoplw.Error, match="a generator that an earlier forward has begun to use up: give a list"):
        profile(model, [generator])


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_a_decoding_step_with_the_callers_cache():
    transformers = pytest.importorskip("transformers")
    sizes = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4}
    config = transformers.LlamaConfig(vocab_size=100, num_key_value_heads=2, **sizes)
    model = transformers.LlamaForCausalLM(config).eval()
    cache = transformers.DynamicCache(config=config)
    prompt = torch.arange(10)[None]
    with torch.no_grad():
        model(prompt, past_key_values=cache)
    layers = [(layer.keys, layer.values) for layer in cache.layers]
    given = {"input_ids": torch.tensor([[11]]), "past_key_values": cache, "cache_position": torch.tensor([10])}
    # Queries and results, keys and values of 2 heads of 16, attention to 11 positions, three products of the MLP; head
    step = 2 * (2 * 64 * 64 + 2 * 64 * 32 + 2 * 11 * 64 + 3 * 64 * 128) + 64 * 100
    for _ in range(3):
        assert profile(model, given, convention="exact")[0] == step == 82944
        for layer, (keys, values) in zip(cache.layers, layers, strict=True):
            assert (layer.keys is keys, layer.values is values) == (True, True)
    assert cache.get_seq_length() == 10
    with torch.no_grad():
        assert model(**given).logits.isfinite().all()

"""All that can be reached from a model, as a value to compare: what holds what, and the bits of all tensors."""

from __future__ import annotations

import collections
import enum
import types
from typing import Any

import numpy as np
import torch

_NO_STATE = (
    type(None), bool, int, float, complex, str, bytes, type, types.ModuleType, types.FunctionType, types.MethodType,
    types.BuiltinFunctionType, torch.dtype, torch.device, enum.Enum,
)  # fmt: skip


def reachable(root: Any) -> list[tuple[Any, ...]]:
    """One entry per object, which keeps the object alive so that its id stays its own."""
    entries, met, waiting = [], set(), [root]
    while waiting:
        thing = waiting.pop()
        if id(thing) in met or isinstance(thing, _NO_STATE) or _is_of_the_process(thing):
            continue
        met.add(id(thing))
        held = _held(thing)
        entries.append((Same(thing), type(thing), _bits(thing), [(name, _mark(value)) for name, value in held]))
        waiting += [value for _, value in held]
    return entries


class Same:
    """Equal to itself alone, whatever the object says of equality."""

    def __init__(self, thing: Any) -> None:
        self.thing = thing

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and other.thing is self.thing

    def __hash__(self) -> int:
        return id(self.thing)

    def __repr__(self) -> str:
        return f"<{type(self.thing).__qualname__} at {id(self.thing):#x}>"


def _is_of_the_process(thing: Any) -> bool:
    package = type(thing).__module__
    return package.startswith(("logging", "threading", "torch.fx", "torch._", "torch.distributed", "weakref", "re"))


def _held(thing: Any) -> list[tuple[Any, Any]]:
    held: list[tuple[Any, Any]] = []
    if isinstance(thing, dict):
        held += dict.items(thing)
    elif isinstance(thing, (list, tuple, collections.deque)):
        held += enumerate(thing)
    elif isinstance(thing, (set, frozenset)):
        held += [(None, item) for item in thing]
    if isinstance(thing, torch.Tensor):
        held += [("grad", thing.grad if thing.is_leaf else None)]
    held += list(getattr(thing, "__dict__", {}).items())
    for base in type(thing).__mro__:
        for name, descriptor in vars(base).items():
            if isinstance(descriptor, types.MemberDescriptorType) and "__slots__" in vars(base):
                held.append((name, getattr(thing, name, None)))
    return held


def _mark(value: Any) -> Any:
    return value if isinstance(value, (bool, int, str, type(None))) else Same(value)


def _bits(thing: Any) -> Any:
    if isinstance(thing, torch.Tensor):
        flags = (thing.shape, thing.stride(), thing.dtype, thing.device, thing.requires_grad, thing.is_inference())
        plain = thing.detach().to_local() if hasattr(thing, "to_local") else thing.detach()
        return flags, torch.isnan(plain).sum().item() if plain.is_quantized else plain.contiguous().flatten().view(
            torch.uint8
        ).numpy().tobytes()
    if isinstance(thing, np.ndarray):
        return thing.tobytes()
    return repr(thing.get_state().tolist()) if isinstance(thing, torch.Generator) else None

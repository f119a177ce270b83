"""How much memory is alive while torch runs: bytes of storages, from birth to death, seen below the dispatcher."""

from __future__ import annotations

import weakref
from collections import Counter
from collections.abc import Iterable
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


def storage_of(tensor: torch.Tensor) -> int:
    return tensor.untyped_storage()._cdata


class Live(TorchDispatchMode):
    """While it is on: `now` and `peak` are bytes of storages that operators made, without those of `known` tensors.

    It holds no tensor itself. What is in a reference cycle dies whenever the collector runs: switch that off.
    """

    def __init__(self, known: Iterable[torch.Tensor] = ()) -> None:
        super().__init__()
        self.now = self.peak = 0
        self._holders = Counter(storage_of(tensor) for tensor in known)  # tensors by storage
        self._known = frozenset(self._holders)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = {id(leaf) for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, torch.Tensor)}
        if func is torch.ops.aten.lift_fresh.default:  # what torch.tensor() has made, past the dispatcher
            given.clear()
        result = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(result):
            if isinstance(leaf, torch.Tensor) and id(leaf) not in given:
                self._is_born(leaf)
        return result

    def _is_born(self, tensor: torch.Tensor) -> None:
        storage, size = storage_of(tensor), tensor.untyped_storage().nbytes()
        if storage in self._known:
            return
        if not self._holders[storage]:
            self.now += size
            self.peak = max(self.peak, self.now)
        self._holders[storage] += 1
        weakref.finalize(tensor, self._dies, storage, size)

    def _dies(self, storage: int, size: int) -> None:
        self._holders[storage] -= 1
        if not self._holders[storage]:
            self.now -= size


FILLS = {
    getattr(torch.ops.aten, name).default: getattr(torch.ops.aten, name + "_").default
    for name in ("index_add", "index_put", "scatter_add")
}


class LiveBackward(Live):
    """The same of a backward as it is without a mode that watches.

    Where a mode is on, autograd adds gradients into new memory, and some formulas fill copies of their zeros. Here both
    are done in place again, wherever the engine would.
    """

    def __init__(self, known: Iterable[torch.Tensor] = ()) -> None:
        super().__init__(known)
        self._in_backward = self._adds = False

    def backward(self, loss: torch.Tensor) -> None:
        """Between the formulas of two nodes, the engine itself adds up what they gave."""

        def before(gradients: Any) -> None:
            self._adds = False

        def after(made: Any, given: Any) -> None:
            self._adds = True

        for node in nodes(loss):
            node.register_prehook(before)
            node.register_hook(after)
        self._in_backward = True
        loss.backward()
        self._in_backward = self._adds = False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if self._adds and func is torch.ops.aten.add.Tensor and is_sole(args[0]):
            func = torch.ops.aten.add_.Tensor
        elif self._in_backward and func in FILLS:
            accumulates = func is not torch.ops.aten.index_put.default or args[3:] == (True,)
            func = FILLS[func] if accumulates else func
        return super().__torch_dispatch__(func, types, args, kwargs)


def nodes(loss: torch.Tensor) -> list[Any]:
    """Of the graph that autograd made."""
    found = {loss.grad_fn: None}
    queue = [loss.grad_fn]
    while queue:
        for node, _ in queue.pop().next_functions:
            if node is not None and node not in found:
                found[node] = None
                queue.append(node)
    return list(found)


def is_sole(gradient: torch.Tensor) -> bool:
    """Does nothing but the engine refer to the tensor, and no view to its memory? Seen from inside of a mode."""
    engine_and_mode, tensor_and_python = 4, 2
    storage = gradient.untyped_storage()
    return (
        gradient._use_count() == engine_and_mode and torch._C._storage_Use_Count(storage._cdata) == tensor_and_python  # type: ignore[attr-defined]
    )

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

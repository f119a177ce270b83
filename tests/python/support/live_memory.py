"""The most memory that the activations of a forward hold at a time: from a trace, and as torch itself shows it."""

from __future__ import annotations

import gc
import re
import weakref
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from thoplw import _native

_STORAGE = re.compile(r"storage (\d+)(?: born=(\d+))?(?: died=(\d+))? \(")


def storages(trace: _native.Trace) -> list[tuple[int, int | None, int | None]]:
    """Bytes, and between which operators they are there."""
    found = [_STORAGE.match(line) for line in trace.text().splitlines()]
    return [(int(m[1]), m[2] and int(m[2]), m[3] and int(m[3])) for m in found if m]


def peak(trace: _native.Trace) -> int:
    """Of the memory that operators made: there with the operator that makes it, gone before the one at which it is."""
    change: dict[int, int] = {}
    for size, born, died in storages(trace):
        if born is None:
            continue
        change[born] = change.get(born, 0) + size
        if died is not None:
            change[died] = change.get(died, 0) - size
    live = most = 0
    for at in sorted(change):
        live += change[at]
        most = max(most, live)
    return most


class Live(TorchDispatchMode):
    """Counts bytes by torch's own storages: there with the first tensor in them, gone with the last."""

    def __init__(self, known: set[int]) -> None:
        super().__init__()
        self.known, self.tensors, self.live, self.peak = known, {}, 0, 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = {id(tensor) for tensor in tensors([args, kwargs])}
        result = func(*args, **(kwargs or {}))
        for tensor in tensors(result):
            if id(tensor) not in given:
                self._add(tensor)
        self.peak = max(self.peak, self.live)
        return result

    def _add(self, tensor: torch.Tensor) -> None:
        storage = tensor.untyped_storage()
        if storage._cdata in self.known:
            return
        if self.tensors.setdefault(storage._cdata, 0) == 0:
            self.live += storage.nbytes()
        self.tensors[storage._cdata] += 1
        weakref.finalize(tensor, self._lose, storage._cdata, storage.nbytes())

    def _lose(self, storage: int, size: int) -> None:
        self.tensors[storage] -= 1
        if self.tensors[storage] == 0:
            self.live -= size


def tensors(value: Any) -> list[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        return [value]
    items = value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else []
    return [tensor for item in items for tensor in tensors(item)]


def true_peak(model: torch.nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> int:
    own = [*model.parameters(), *model.buffers(), *tensors([args, kwargs])]
    gc.collect()
    gc.disable()
    try:
        with torch.inference_mode(), Live({tensor.untyped_storage()._cdata for tensor in own}) as live:
            result = model(*args, **kwargs)
        del result
    finally:
        gc.enable()
    return live.peak

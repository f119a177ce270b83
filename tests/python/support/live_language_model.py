"""A language model that really runs: the most bytes alive in a prompt and in one token more, besides its cache."""

from __future__ import annotations

import gc
import inspect
import warnings
import weakref
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from live_memory import tensors
from real_language_model import tensors as cache_tensors

BATCH = 2


@dataclass
class Piece:
    """A storage: from the operator that makes it to the one before which it is gone."""

    size: int
    born: int
    gone: int | None = None


class Watch(TorchDispatchMode):
    def __init__(self, known: set[int]) -> None:
        super().__init__()
        self.known, self.ops = known, 0
        self.pieces: list[Piece] = []
        self.alive: dict[int, tuple[Piece, int]] = {}  # by address: the piece there, and how many tensors are in it

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = {id(tensor) for tensor in tensors([args, kwargs])}
        result = func(*args, **(kwargs or {}))
        for tensor in tensors(result):
            if id(tensor) not in given:
                self._add(tensor)
        self.ops += 1
        return result

    def _add(self, tensor: torch.Tensor) -> None:
        storage = tensor.untyped_storage()
        if storage._cdata in self.known:
            return
        if storage._cdata not in self.alive:
            piece = Piece(storage.nbytes(), self.ops)
            self.pieces.append(piece)
            self.alive[storage._cdata] = piece, 0
        piece, times = self.alive[storage._cdata]
        self.alive[storage._cdata] = piece, times + 1
        weakref.finalize(tensor, self._lose, storage._cdata)

    def _lose(self, storage: int) -> None:
        piece, times = self.alive.pop(storage)
        if times > 1:
            self.alive[storage] = piece, times - 1
        else:
            piece.gone = self.ops

    def of(self, held: list[torch.Tensor]) -> list[tuple[Piece, int]]:
        """The pieces that tensors are in, with the bytes of the tensors."""
        found = [(self.alive.get(tensor.untyped_storage()._cdata), tensor.nbytes) for tensor in held]
        return [(piece[0], size) for piece, size in found if piece]

    def peak(self, first: int, end: int, less: int) -> int:
        change = [0] * (self.ops + 2)
        for piece in self.pieces:
            change[piece.born] += piece.size
            change[self.ops + 1 if piece.gone is None else piece.gone] -= piece.size
        live, most = 0, 0
        for op in range(end):
            live += change[op]
            if op >= first:
                most = max(most, live - less)
        return most


def activations(model: Any, context: int) -> tuple[int, int]:
    ids, one = torch.ones((BATCH, context), dtype=torch.int64), torch.ones((BATCH, 1), dtype=torch.int64)
    parameters = inspect.signature(model.forward).parameters
    last = {"logits_to_keep": 1} if "logits_to_keep" in parameters else {}
    known = {tensor.untyped_storage()._cdata for tensor in [*model.parameters(), *model.buffers(), ids, one]}
    gc.collect()
    gc.disable()
    try:
        with torch.no_grad(), warnings.catch_warnings(), Watch(known) as watch:
            warnings.simplefilter("ignore")
            result = model(input_ids=ids, use_cache=True, **last)
            name = next(n for n in ("past_key_values", "cache_params", "state") if getattr(result, n, None) is not None)
            cache = getattr(result, name)
            del result
            held = cache_tensors(cache)
            before, read = watch.of(held), watch.ops
            size = sum(tensor.nbytes for tensor in held)
            del held
            gc.collect()  # classes are in cycles, and one has met the tensors
            takes = "cache" if "cache" in parameters else name
            model(input_ids=one, use_cache=True, **{takes: cache})
            end = watch.ops
    finally:
        gc.enable()
    decode = watch.peak(read, end, size)
    for piece, of_cache in before:  # which is there from the start
        piece.size = max(0, piece.size - of_cache)
    return watch.peak(0, read, 0), decode

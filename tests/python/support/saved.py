"""What autograd saves of a function: as torch does when it runs, and as the engine says, operator by operator."""

from __future__ import annotations

import collections
import gc
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import torch
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import TorchDispatchMode

from live import Live
from thoplw import _native

Tensors = Sequence[torch.Tensor]
# Storages that a function was given, by where they lie, and the sizes of all others.
Saved = tuple[set[int], collections.Counter[int]]

# Numbers that take part in an operator are tensors of their own to autograd.
NUMBER = 8

DTYPES = {
    torch.float32: "f32", torch.float64: "f64", torch.float16: "f16", torch.bfloat16: "bf16", torch.bool: "bool",
    torch.uint8: "u8", torch.int8: "i8", torch.int16: "i16", torch.int32: "i32", torch.int64: "i64",
    torch.complex32: "c32", torch.complex64: "c64", torch.complex128: "c128",
}  # fmt: skip


def storage(tensor: torch.Tensor) -> torch.UntypedStorage:
    return tensor.untyped_storage()


def split(sizes: dict[int, int], given: Tensors) -> Saved:
    known = {storage(tensor)._cdata for tensor in given}
    others = collections.Counter(size for at, size in sizes.items() if at not in known and size > NUMBER)
    return known & sizes.keys(), others


def saved_by_torch(function: Callable[[], object], given: Tensors) -> Saved:
    sizes: dict[int, int] = {}
    alive = []  # so that no address is used twice

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        alive.append(storage(tensor))
        sizes[storage(tensor)._cdata] = storage(tensor).nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        alive.append(function())
    return split(sizes, given)


def saved_by_engine(function: Callable[[], object], given: Tensors) -> Saved:
    """Under inference mode, where composite operators arrive whole, as they do when a model is captured."""
    with torch.inference_mode(), Asked(given) as asked:
        function()
    assert not asked.unknown, f"nothing says what is kept of {asked.unknown}"
    known, others = split(asked.sizes, given)
    return known, others + collections.Counter(size for size in asked.fresh if size > NUMBER)


def freed_by_torch(function: Callable[[], object], given: Tensors) -> int:
    """The most bytes beside those of the result, where autograd records nothing."""
    gc.collect()
    gc.disable()
    try:
        with torch.no_grad(), Live(given) as live:
            result = function()
        freed = live.peak - live.now
        del result
        return freed
    finally:
        gc.enable()


def freed_by_engine(function: Callable[[], object]) -> int:
    with torch.inference_mode(), Asked(()) as asked:
        function()
    return asked.temporary


class Asked(TorchDispatchMode):
    """Asks of every operator what it keeps, and follows which tensors need a gradient."""

    def __init__(self, given: Tensors) -> None:
        super().__init__()
        self.sizes: dict[int, int] = {}
        self.fresh: list[int] = []
        self.temporary = 0  # the most that an operator makes and frees again
        self.unknown: set[str] = set()
        self.alive: list[Any] = []
        self.needing = {id(tensor) for tensor in given if tensor.requires_grad}
        self.written: set[int] = set()  # storages: all their views need a gradient

    def needs(self, tensor: torch.Tensor | None) -> bool:
        return tensor is not None and (id(tensor) in self.needing or storage(tensor)._cdata in self.written)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        values = dict(zip((a.name for a in func._schema.arguments), args, strict=False)) | (kwargs or {})
        inputs = list(tensors_of(func, values))
        needs = [self.needs(tensor) for tensor in inputs]
        before = [None if tensor is None else place(tensor) for tensor in inputs]
        result = func(*args, **(kwargs or {}))
        outputs = [leaf for leaf in pytree.tree_leaves(result) if isinstance(leaf, torch.Tensor)]
        self.alive += [inputs, outputs]
        pieces, temporary, known = kept(func, inputs, before, values, needs, outputs)
        self.temporary = max(self.temporary, temporary)
        if not any(needs):
            return result
        if not known and is_composite(func):
            with self:
                return func.decompose(*args, **(kwargs or {}))
        if not known:
            self.unknown.add(func.name())
        for of, index, size in pieces:
            if of == "fresh":
                self.fresh.append(size)
            else:
                self.keep(storage((inputs if of == "input" else outputs)[index]))
        self.follow(func, outputs)
        return result

    def keep(self, at: torch.UntypedStorage) -> None:
        self.alive.append(at)
        self.sizes[at._cdata] = at.nbytes()

    def follow(self, func: Any, outputs: Tensors) -> None:
        if not _native.differentiable(func._schema.name):
            return
        for tensor in outputs:
            if tensor.is_floating_point() or tensor.is_complex():
                self.needing.add(id(tensor))
                if func._schema.is_mutable:
                    self.written.add(storage(tensor)._cdata)


def is_composite(func: Any) -> bool:
    return torch._C._dispatch_has_kernel_for_dispatch_key(func.name(), "CompositeImplicitAutograd")


def tensors_of(func: Any, values: dict[str, Any]) -> Iterator[torch.Tensor | None]:
    """Tensor arguments as in a trace: in the order of the schema, lists flattened, None for those not given."""
    for argument in func._schema.arguments:
        value = values.get(argument.name)
        if str(argument.type) in ("Tensor", "Optional[Tensor]"):
            if value is None or isinstance(value, torch.Tensor):
                yield value
        elif "Tensor" in str(argument.type):
            yield from value or ()


def place(tensor: torch.Tensor) -> tuple[str, str, int, int]:
    """Type and sizes, the same with strides where they matter, where it lies, and how large that is."""
    text = f"{DTYPES[tensor.dtype]}[{','.join(map(str, tensor.shape))}]"
    strides = "" if tensor.is_contiguous() else f"@[{','.join(map(str, tensor.stride()))}]"
    return text, text + strides, storage(tensor)._cdata, storage(tensor).nbytes()


def attributes(func: Any, values: dict[str, Any]) -> Iterator[str]:
    for argument in func._schema.arguments:
        value = values.get(argument.name, argument.default_value)
        numbers = isinstance(value, list | tuple) and all(type(item) is int for item in value)
        if isinstance(value, bool | int | str) or numbers or (isinstance(value, float) and abs(value) < 1e300):
            yield f"{argument.name}={json.dumps(value).replace(' ', '')}"


def kept(func: Any, inputs: Any, before: Any, values: Any, needs: list[bool], outputs: Iterable[torch.Tensor]) -> Any:
    numbers: dict[tuple[int, str, int], int] = {}  # a tensor that was resized is another value
    storages: dict[int, tuple[int, list[str]]] = {}

    def value(tensor: torch.Tensor | None, at: tuple[str, str, int, int] | None) -> str:
        if tensor is None or at is None:
            return "none"
        text, with_strides, where, size = at
        name = f"%{numbers.setdefault((id(tensor), text, where), len(numbers))}:"
        held = storages.setdefault(where, (size, []))[1]
        if name + with_strides not in held:
            held.append(name + with_strides)
        return name + text

    left = ", ".join(map(value, inputs, before))
    right = ", ".join(value(tensor, place(tensor)) for tensor in outputs)
    lines = [f"storage {size} ({', '.join(held)})" for size, held in storages.values()]
    text = "\n".join(
        [
            'thoplw trace 1\nmodel ""\nsource ""\nclass M\nmodule "" M\ncall "" () -> () {',
            f"  {func._schema.name}({left}) -> ({right}) {{{' '.join(attributes(func, values))}}}",
            "}",
            *lines,
            "",
        ]
    )
    return _native.kept(_native.Trace.parse(text), 0, needs)

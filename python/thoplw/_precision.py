"""A pass in another type: captured from a copy without data, or as under autocast."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from thoplw import _native
from thoplw._native import Error, Trace

if TYPE_CHECKING:
    import torch

_PLAIN = {"Tensor", "Parameter", "Buffer"}


def in_type(model: torch.nn.Module, dtype: torch.dtype) -> torch.nn.Module:
    """A copy of the model as model.to(dtype) would be, whose weights are on the meta device.

    A trace of it has the conversions that its code asks for, such as norms in fp32 whatever the type of the model.
    Raises what copy.deepcopy raises where the model cannot be copied.
    """
    import torch

    memo: dict[int, Any] = {}
    for tensor in [*model.parameters(), *model.buffers()]:
        if type(tensor).__name__ not in _PLAIN or not tensor.is_floating_point():
            continue
        converted = torch.empty_like(tensor, dtype=dtype, device="meta")
        if isinstance(tensor, torch.nn.Parameter):
            converted = torch.nn.Parameter(converted, requires_grad=tensor.requires_grad)
        memo[id(tensor)] = converted
    return copy.deepcopy(model, memo)


def inputs_in_type(inputs: Any, dtype: torch.dtype) -> Any:
    """Lists, tuples and dicts of inputs with floating-point tensors of that type, which have no data."""
    import torch
    from torch.utils._pytree import tree_map

    def converted(leaf: Any) -> Any:
        if not isinstance(leaf, torch.Tensor) or not leaf.is_floating_point():
            return leaf
        return torch.empty_like(leaf, dtype=dtype, device="meta")

    return tree_map(converted, inputs)


def capture_pass(
    model: torch.nn.Module,
    positional: tuple[Any, ...],
    keyword: dict[str, Any],
    precision: str,
    cuda: bool,
    *,
    training: bool,
    method: str = "forward",
) -> Trace:
    """What a pass does in that precision, of which "" is that of the model, and how long its memory lives.

    With `training` it is the forward of a training step; else one without gradients, in eval mode.

    Raises:
        Error: there is no such precision, the forward raised, or the model cannot be copied.
    """
    dtype, autocast = _native.precision(precision) if precision != "" else ("", False)
    if not dtype or autocast:
        return _native.capture(
            model, positional, keyword, {}, method, training=training, memory=True, autocast=dtype, cuda=cuda
        )
    import torch

    types = {"f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}
    try:
        changed = in_type(model, types[dtype])
    except Exception as error:
        what = f"{type(model).__name__} cannot be copied to be taken in {precision} ({error})"
        raise Error(f"{what}; convert the model itself, and leave the precision out") from error
    args, kwargs = inputs_in_type((positional, keyword), types[dtype])
    return _native.capture(changed, args, kwargs, {}, method, training=training, memory=True)

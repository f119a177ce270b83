"""A model and inputs of another type, without their data: what a training step in that type is captured from."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

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

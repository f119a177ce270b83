"""Turns what the user calls an input (tensor, shape, list, dict, any mix of them) into arguments of forward()."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from thoplw._native import Error

if TYPE_CHECKING:
    import torch

# A shape becomes a tensor of the weights' type where that is one that activations have.
_ACTIVATION_TYPES = ("float32", "bfloat16", "float16", "float64", "complex64", "complex128")


def arguments(
    model: torch.nn.Module, tensor: Any, kwargs: Mapping[str, Any] | None
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Positional and keyword arguments of ``model.forward``.

    Args:
        model: read for the element type that a shape stands for.
        tensor: a tensor; a shape; a tuple or list of inputs, by position; a mapping of inputs by keyword.
            Inside these a tuple of ints is a shape again, but a list of ints is passed on, as are other values.
        kwargs: further inputs by keyword.

    Raises:
        Error: where `tensor` is none of these, or a keyword is given twice.
    """
    import torch

    positional: tuple[Any, ...] = ()
    keyword: dict[str, Any] = {}
    if isinstance(tensor, torch.Tensor):
        positional = (tensor,)
    elif isinstance(tensor, Mapping):
        keyword = {key: _value(value, model) for key, value in tensor.items()}
    elif _all_sizes(tensor) and tensor:
        positional = (_meta_tensor(tensor, model),)
    elif isinstance(tensor, (tuple, list)):
        positional = tuple(_value(value, model) for value in tensor)
    else:
        raise Error(_no_input(tensor))
    if kwargs is not None and not isinstance(kwargs, Mapping):
        raise Error(f"kwargs is a dict of inputs by name, not {kwargs!r}")
    if kwargs:
        twice = sorted(set(keyword) & set(kwargs))
        if twice:
            raise Error(f"input {twice[0]!r} is given both in tensor= and in kwargs=; leave one out")
        keyword.update((key, _value(value, model)) for key, value in kwargs.items())
    for key in keyword:
        if not isinstance(key, str):
            raise Error(f"keyword inputs are named by strings, not by {key!r}")
    return positional, keyword


def _all_sizes(value: Any) -> bool:
    return isinstance(value, (tuple, list)) and all(type(size) is int for size in value)


def _value(value: Any, model: torch.nn.Module) -> Any:
    import torch

    if type(value) in (tuple, torch.Size) and value and _all_sizes(value):
        return _meta_tensor(value, model)
    if type(value) in (tuple, list):
        return type(value)(_value(item, model) for item in value)
    if type(value) is dict:
        return {key: _value(item, model) for key, item in value.items()}
    return value


def _meta_tensor(shape: tuple[int, ...] | list[int], model: torch.nn.Module) -> torch.Tensor:
    import torch

    if min(shape) < 0:
        raise Error(f"the shape {tuple(shape)} has a negative size")
    dtype = next((p.dtype for p in model.parameters() if str(p.dtype)[6:] in _ACTIVATION_TYPES), None)
    try:
        return torch.empty(shape, dtype=dtype, device="meta")
    except (RuntimeError, TypeError):
        raise Error(f"the shape {tuple(shape)} is too large: torch counts bytes in 64 bits") from None


def _no_input(value: Any) -> str:
    kind = type(value)
    wanted = "a tensor, a shape such as (1, 3, 224, 224), a tuple or list of inputs, or a dict of keyword inputs"
    cure = "; use torch.from_numpy(...)" if kind.__module__ == "numpy" else ""
    return f"tensor is {'None' if value is None else 'of type ' + kind.__qualname__}, but must be {wanted}{cure}"

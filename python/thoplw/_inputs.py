"""Turns what the user calls an input (tensor, shape, list, dict, any mix of them) into arguments of forward()."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from thoplw import _native
from thoplw._native import Error

if TYPE_CHECKING:
    import torch

# A shape becomes a tensor of the weights' type where that is one that activations have.
_ACTIVATION_TYPES = ("float32", "bfloat16", "float16", "float64", "complex64", "complex128")


class AsIs:
    """A value that is no shape."""

    def __init__(self, value: Any) -> None:
        self.value = value


def as_is(value: Any) -> Any:
    """An input for :func:`profile` that is passed on as it is: ``{"x": (1, 3, 64, 64), "size": as_is((16, 16))}``.

    Args:
        value: such as a tuple of ints, which would be taken for a shape; or one input that is a tuple or a mapping.

    Returns:
        What any function that takes inputs hands to the forward unchanged.
    """
    return AsIs(value)


def arguments(
    model: torch.nn.Module, tensor: Any, kwargs: Mapping[str, Any] | None, shapes: list[str] | None = None
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Positional and keyword arguments of ``model.forward``.

    Args:
        model: read for the element type that a shape stands for.
        shapes: gets the place and value of each tuple inside the inputs that was taken for a shape.
        tensor: a tensor; a shape; a tuple or list of inputs, by position; a mapping of inputs by keyword.
            Inside these a tuple of ints is a shape again, but a list of ints is passed on, as are other values and
            what is wrapped in ``as_is``.
        kwargs: further inputs by keyword.

    Raises:
        Error: where `tensor` is none of these, or a keyword is given twice.
    """
    import torch

    seen: list[str] = [] if shapes is None else shapes

    def shaped(place: str, shape: tuple[int, ...]) -> torch.Tensor:
        seen.append(f"{place} {tuple(shape)}")
        return _meta_tensor(shape, model)

    positional: tuple[Any, ...] = ()
    keyword: dict[str, Any] = {}
    if isinstance(tensor, torch.Tensor):
        positional = (tensor,)
    elif isinstance(tensor, AsIs):
        positional = (tensor.value,)
    elif isinstance(tensor, torch.nn.utils.rnn.PackedSequence):  # a tuple of its parts
        raise Error(_no_input(tensor))
    elif isinstance(tensor, Mapping):
        keyword = {key: _value(value, _named(key), shaped) for key, value in tensor.items()}
    elif _all_sizes(tensor) and tensor:
        positional = (_meta_tensor(tensor, model),)
    elif isinstance(tensor, (tuple, list)):
        positional = tuple(_value(value, f"[{i}]", shaped) for i, value in enumerate(tensor))
    else:
        raise Error(_no_input(tensor))
    if kwargs is not None and not isinstance(kwargs, Mapping):
        raise Error(f"kwargs must be a dict of inputs by name, not {_native.shown(kwargs)}")
    if kwargs:
        twice = sorted(_named(key) for key in set(keyword) & set(kwargs))
        if twice:
            raise Error(f"input {twice[0]!r} is given both in tensor= and in kwargs=; leave one out")
        keyword.update((key, _value(value, _named(key), shaped)) for key, value in kwargs.items())
    return positional, keyword


def _named(key: Any) -> str:
    if not isinstance(key, str):
        raise Error(f"names of keyword inputs must be strings, not {_native.shown(key)}")
    return key


def _all_sizes(value: Any) -> bool:
    return isinstance(value, (tuple, list)) and all(type(size) is int for size in value)


def _value(value: Any, place: str, shaped: Callable[[str, tuple[int, ...]], torch.Tensor]) -> Any:
    import torch

    if isinstance(value, AsIs):
        return value.value
    if type(value) in (tuple, torch.Size) and value and _all_sizes(value):
        return shaped(place, value)
    if type(value) in (tuple, list):
        return type(value)(_value(item, f"{place}[{i}]", shaped) for i, item in enumerate(value))
    if type(value) is dict:
        return {key: _value(item, f"{place}[{_native.shown(key)}]", shaped) for key, item in value.items()}
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
    if value is None:
        return f"tensor is None, but must be {wanted}; a model without inputs takes ()"
    cure = (
        "use torch.from_numpy(...)" if kind.__module__ == "numpy" else "if forward takes it as it is, put it in a list"
    )
    return f"tensor is of type {kind.__qualname__}, but must be {wanted}; {cure}"

"""profile() and clever_format(): the functions that users call, checked and passed on to the engine."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, overload

from thoplw import _native
from thoplw._inputs import arguments
from thoplw._native import Error, LayerInfo, Trace

if TYPE_CHECKING:
    import torch

_MOST_NAMED = 8  # lines of one kind of message; the rest is counted


def profile(
    model: torch.nn.Module,
    tensor: Any,
    custom_ops: Mapping[type, Callable[..., Any]] = {},
    verbose: bool = True,
    *,
    kwargs: Mapping[str, Any] | None = None,
    convention: str = "thoplw",
    strict: bool = False,
    method: str = "forward",
    device: str | None = None,
    dtype: str | None = None,
) -> tuple[int, int, LayerInfo]:
    """Counts the multiply-adds and the parameters of a model, in all and layer by layer.

    The model runs once, in eval mode, without computing anything: only shapes are passed along. It is left as it
    was found. Weights may be on any device, also on "meta", and in any type.

    Args:
        model: the model, an instance of ``torch.nn.Module``.
        tensor: what goes into ``model.forward``: a tensor, such as one of shape (1, 3, 224, 224); a tuple of ints,
            which is a shape; a tuple or list of inputs, passed by position; a dict of inputs, passed by keyword;
            or any mix of these inside each other. Where token ids are wanted, pass an integer tensor; where the
            forward itself wants a tuple of ints, pass ``thoplw.as_is((16, 16))``, or a list of ints.
        custom_ops: what a layer class costs, by class: ``{LayerClass: function(layer, inputs, output) -> int}``, in
            multiply-adds of one call. ``inputs`` is the tuple of positional inputs; shapes can be read, values
            cannot. It is used for subclasses too, and instead of what is inside such a layer. A ``function(layer,
            inputs) -> (int, shape)`` is called in place of the layer's forward, which may be one that cannot run
            here: ``shape`` is that of the output, a tuple of shapes, or the output itself.
        verbose: say on stderr what is worth knowing: operators that no rule counts, modules that never ran, and
            that the model had to be run for real.
        kwargs: further inputs, passed by keyword.
        convention: the way of counting: "thoplw", that of the README; "exact", contractions only; another of
            ``thoplw conventions``; or the path of a TOML file with your own (docs/conventions.md).
        strict: raise an ``Error`` where the total would be a lower bound only.
        method: which method of the model takes the inputs, such as "generate" or "encode". Where it runs the model
            many times, ``layer_info.steps`` has each pass: for ``generate`` the first is the prompt's (prefill), the
            others add one token each (decode).
        device: also how long each layer takes at least on that device: a name of ``thoplw.devices()``, such as
            "h100", or the path of a TOML file with your own. ``layer_info.timing`` is of the whole.
        dtype: with `device`: the type that weights and activations have and that it computes in, such as "bf16";
            those of the model unless given.

    Returns:
        ``(macs, params, layer_info)``: the multiply-adds of the whole input, batch included; the number of
        parameters as the convention counts them; and the table of layers, a ``LayerInfo``.

    Raises:
        Error: the model is no module, an input is of no use or does not fit (the message names the layer), the
            forward raised (its own exception is the ``__cause__``), there is no such method, the convention is
            unknown or its file is wrong, or, under `strict`, an operator could not be counted.
    """
    check_model(model, method)
    shapes: list[str] = []
    try:
        with initialised(model):
            positional, keyword = arguments(model, tensor, kwargs, shapes)
            trace = _native.capture(model, positional, keyword, _by_class(custom_ops), method)
    except Error as error:
        if error.__cause__ is None:
            raise
        raise Error(_explained(model, error, shapes)) from error.__cause__
    info = counted(trace, convention, strict, verbose)
    if device is not None:
        info = info.on(device, dtype)
    elif dtype is not None:
        raise Error("dtype is the type that a device computes in: name one, as in device='h100'")
    return info.macs, info.params, info


def counted(trace: Trace, convention: str, strict: bool, verbose: bool) -> LayerInfo:
    """Prices a trace, and says on stderr what is worth knowing of it."""
    return told(_native.count(trace, convention), strict, verbose)


def told(info: LayerInfo, strict: bool, verbose: bool) -> LayerInfo:
    """The table, and on stderr what is worth knowing of it."""
    if strict and not info.exact:
        raise Error(_lower_bound(info))
    if verbose:
        for line in _messages(info):
            print(f"thoplw: {_native.harmless(line)}", file=sys.stderr)
    return info


@overload
def clever_format(values: int, fmt: str = ...) -> str: ...
@overload
def clever_format(values: list[int], fmt: str = ...) -> list[str]: ...
@overload
def clever_format(values: tuple[int, ...], fmt: str = ...) -> tuple[str, ...]: ...
def clever_format(values: int | list[int] | tuple[int, ...], fmt: str = "%6.2f") -> str | list[str] | tuple[str, ...]:
    """Writes counts for people: ``clever_format(1824010216, "%.3f")`` is ``"1.824 G"``.

    Args:
        values: one count, or a list or tuple of counts, of any unit.
        fmt: printf format of the number in front of the unit (none, K, M, G, T, P, E: powers of 1000).

    Returns:
        A string, or a list or tuple of strings as `values` is one.

    Raises:
        Error: a value is no integer or is negative, or `fmt` is no format of one number.
    """
    if isinstance(values, list):
        return [_clever(value, fmt) for value in values]
    if isinstance(values, tuple):
        return tuple(_clever(value, fmt) for value in values)
    return _clever(values, fmt)


def _clever(value: int, fmt: str) -> str:
    if not isinstance(value, int):
        raise Error(f"clever_format takes an int, or a list or tuple of ints, not {_native.shown(value)}")
    if not 0 <= value < 2**64:
        raise Error(f"clever_format takes counts of 0 to 2^64 - 1, not {value}")
    return _native.clever_format(value, fmt)


def check_model(model: Any, method: str = "forward") -> None:
    try:
        from torch.nn import Module
    except ImportError as missing:
        raise Error("profile() needs PyTorch: pip install torch") from missing
    if not isinstance(model, Module):
        raise Error(_no_module(model))
    forward = getattr(model, "forward", None)
    initialised = "_modules" in vars(model)  # else the engine says what is missing
    if method == "forward" and initialised and getattr(forward, "__func__", None) is Module.forward:
        raise Error(_no_forward(model))


def _no_module(model: Any) -> str:
    from torch.nn import Module

    kind = type(model).__name__
    owner = getattr(model, "__self__", None)
    if isinstance(owner, Module):
        name = model.__name__
        method = "" if name == "forward" or name[0] == "_" else f" with method={name!r}"
        return (
            f"model is the method {type(owner).__name__}.{name}, not a torch.nn.Module; pass the model itself{method}"
        )
    if kind == "ExportedProgram":
        return "model is an ExportedProgram, not a torch.nn.Module; pass its module, program.module()"
    if callable(model) and hasattr(model, "__name__"):
        name = model.__name__
        return f"model is {name}, not a torch.nn.Module; if calling it makes one, pass {name}()"
    inside = [name for name, value in getattr(model, "__dict__", {}).items() if isinstance(value, Module)]
    cure = f"; pass one that it holds: {_listed(f'.{name}' for name in inside)}" if inside else ""
    return f"model is of type {kind}, but must be a torch.nn.Module{cure}"


def _no_forward(model: torch.nn.Module) -> str:
    """For wrappers, which have methods of their own, and containers, which have children only."""
    from torch.nn import Module

    own = [base for base in type(model).__mro__ if base not in Module.__mro__ and base.__module__[:6] != "torch."]
    names = dict.fromkeys(name for base in own for name, value in vars(base).items() if callable(value))
    methods = [name for name in names if not hasattr(Module, name) and name[0] != "_"]
    if any("__call__" in vars(base) for base in own):
        methods.insert(0, "__call__")
    cures = []
    if methods:
        cures.append(f"give the method that takes the inputs, method={methods[0]!r}" + _others(methods))
    if children := [name for name, _ in model.named_children()]:
        cures.append(f"pass a module inside of it, model.{children[0]}" + _others(children))
    return f"{type(model).__name__} has no forward; {', or '.join(cures) or 'write one'}"


def _others(names: list[str]) -> str:
    return f" (also: {_listed(names[1:])})" if len(names) > 1 else ""


def _listed(names: Iterable[str]) -> str:
    listed = list(names)
    return ", ".join(listed[:_MOST_NAMED]) + (", ..." if len(listed) > _MOST_NAMED else "")


def _explained(model: torch.nn.Module, error: Error, shapes: list[str]) -> str:
    """The message of an error that the forward raised, and what may be behind it."""
    if f'[{type(model).__name__}] is missing the required "forward"' in str(error.__cause__):
        return _no_forward(model)
    if not shapes:
        return str(error)
    return (
        f"{error}. Taken for shapes of tensors: {_listed(shapes)}; where a tuple of ints itself is wanted, "
        f"give thoplw.as_is(...) of it"
    )


@contextlib.contextmanager
def initialised(model: torch.nn.Module) -> Iterator[None]:
    """Torch trips over modules whose __init__ did not call super's; they are looked for only then."""
    try:
        yield
    except AttributeError as tripped:
        modules, seen = [("", model)], {id(model)}
        for path, module in modules:
            if "_modules" not in vars(module):
                where = f"{path} is a" if path else "the model is a"
                what = f"{where} {type(module).__name__} that was not initialised"
                raise Error(f"{what}; call super().__init__() first in its __init__") from tripped
            for name, inner in module._modules.items():
                if inner is not None and id(inner) not in seen:
                    seen.add(id(inner))
                    modules.append((f"{path}.{name}" if path else name, inner))
        raise


def _by_class(custom_ops: Any) -> dict[type, Any]:
    """The users' functions, checked; those in place of a forward are inside of a tuple."""
    if not isinstance(custom_ops, Mapping):
        raise Error("custom_ops must be a dict {LayerClass: function(layer, inputs, output) -> int}")
    for layer_class, function in custom_ops.items():
        if not isinstance(layer_class, type):
            shown = _native.shown(layer_class)
            raise Error(f"custom_ops: keys must be layer classes, such as torch.nn.Linear, not {shown}")
        if not callable(function):
            raise Error(f"custom_ops: the value for {layer_class.__name__} must be a function(layer, inputs, output)")
    return {cls: (function,) if _in_place_of_forward(function) else function for cls, function in custom_ops.items()}


def _in_place_of_forward(function: Callable[..., Any]) -> bool:
    """Whether it takes the layer and its inputs, but no output."""
    import inspect  # here, as it takes longer than all other imports

    def takes(count: int) -> bool:
        try:
            signature.bind(*range(count))
        except TypeError:
            return False
        return True

    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # some that are written in C
        return False
    return takes(2) and not takes(3)


def _lower_bound(info: LayerInfo) -> str:
    named = _limited([f"{u.op} in {u.path or info.model}" for u in info.uncounted], "operators")
    why = f"the total would be a lower bound, {info.macs} {info.unit}s or more; no rule counts {', '.join(named)}"
    return _native.harmless(why)


def _messages(info: LayerInfo) -> list[str]:
    lines = list(info.notes)
    lines += _limited(
        [f"{u.op} in {u.path or info.model} has no rule: the total is a lower bound" for u in info.uncounted],
        "operators without a rule",
    )
    lines += _limited([f"{path} never ran: it is not in the total" for path in info.not_run], "modules that never ran")
    return lines


def _limited(lines: list[str], what: str) -> list[str]:
    rest = len(lines) - _MOST_NAMED
    return [*lines[:_MOST_NAMED], f"... and {rest} more {what}"] if rest > 0 else lines

"""formula(): what a model costs, as exact polynomials in sizes that vary."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from thoplw import _native
from thoplw._calls import by_name
from thoplw._memory import memory as count_memory
from thoplw._native import Error, Formulas, LayerInfo
from thoplw._profile import profile
from thoplw._training import training as train

if TYPE_CHECKING:
    import torch


def formula(
    model: torch.nn.Module | Callable[..., torch.nn.Module],
    inputs: Callable[..., Any],
    *,
    convention: str | None = None,
    training: Mapping[str, Any] | None = None,
    memory: Mapping[str, Any] | None = None,
    **variables: Iterable[int],
) -> Formulas:
    """Finds what a model costs as formulas of its sizes: the batch, the length of a sequence, the side of an image.

    The formulas go through a few counts, each of one pass that computes nothing, and are confirmed at sizes that they
    were not made of, the greatest among them. Their degree is found, up to 6 in each variable.

    Args:
        model: the model; or a function of some of the variables that makes it, such as ``lambda width: Net(width)``.
        inputs: a function of some of the variables that gives the inputs, as :func:`profile` takes them:
            ``lambda batch, seq: torch.zeros(batch, seq, dtype=torch.long)``.
        convention: the way of counting; None: that of :func:`profile`, or of :func:`training`.
        training: count a step of training, with these arguments of :func:`training`: ``{"optimizer": "adamw"}``.
        memory: count the memory of a forward, with these arguments of :func:`memory`: ``{"precision": "bf16"}``.
        variables: by name, the values for which the formulas are to hold: ``batch=range(1, 9)``. At least three; where
            a model divides a size, in steps of what it divides by: ``image=range(224, 513, 32)``.

    Returns:
        The formulas: ``f.macs(batch=4, seq=128)`` is an int, ``str(f.macs)`` the polynomial, ``f["layer1"].macs`` that
        of a module's own, ``print(f)`` the table.

    Raises:
        Error: as :func:`profile` does, with the sizes at which it did; or the counts are no polynomial of the
            variables (the message names the smallest size that breaks it), or the modules are not always the same.
    """
    for name, values in variables.items():
        if not isinstance(values, Iterable) or isinstance(values, (str, bytes)):
            raise Error(f"{name} must be its values, such as range(1, 9), not {_native.shown(values)}")
    if training is not None and memory is not None:
        raise Error("training and memory are two questions: ask one of them")
    made = by_name(model, variables) if _makes_models(model) else lambda values: model
    given = by_name(inputs, variables)
    settings: dict[str, Any] = {} if convention is None else {"convention": convention}

    def sample(values: dict[str, int]) -> LayerInfo:
        if training is not None:
            return train(made(values), given(values), verbose=False, **settings, **training)
        if memory is not None:
            return count_memory(made(values), given(values), verbose=False, **settings, **memory)
        return profile(made(values), given(values), verbose=False, **settings)[2]

    return _native.find_formulas({name: list(values) for name, values in variables.items()}, sample)


def _makes_models(model: Any) -> bool:
    from torch.nn import Module

    return not isinstance(model, Module) and callable(model)

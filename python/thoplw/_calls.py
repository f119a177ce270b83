"""Functions of users that take some of what varies, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from thoplw import _native
from thoplw._native import Error


def by_name(function: Any, variables: Iterable[str]) -> Callable[[Mapping[str, Any]], Any]:
    """The function, called with those of the variables that its signature names.

    Raises:
        Error: it is no function.
    """
    import inspect  # here, as it takes longer than all other imports

    if not callable(function):
        raise Error(f"inputs must be a function of {', '.join(variables)}, not {_native.shown(function)}")
    parameters = inspect.signature(function).parameters.values()
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return lambda values: function(**values)
    names = [parameter.name for parameter in parameters if parameter.name in set(variables)]
    return lambda values: function(**{name: values[name] for name in names})

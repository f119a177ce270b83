"""compare(): one model under several conventions; diff(): what changed from one table of layers to another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from thoplw import _native
from thoplw._inputs import arguments
from thoplw._native import Comparison, Diff, LayerInfo
from thoplw._profile import check_model, initialised

if TYPE_CHECKING:
    import torch


def compare(
    model: torch.nn.Module,
    tensor: Any,
    conventions: Sequence[str] | None = None,
    *,
    base: str = "thoplw",
    kwargs: Mapping[str, Any] | None = None,
    method: str = "forward",
) -> Comparison:
    """Counts a model by several conventions, and says where each differs from one of them.

    Args:
        model, tensor, kwargs, method: as in ``profile``. The model runs once.
        conventions: names of conventions, such as ``["fvcore", "thop"]``; all of them unless given.
            One can be a TOML file with your own, by its path.
        base: the convention to which the others are compared.

    Returns:
        A ``Comparison``: ``print`` shows the table; ``macs``, ``params`` and ``parts`` are dicts by convention.

    Raises:
        Error: as ``profile``; or a convention is unknown.
    """
    check_model(model)
    with initialised(model):
        positional, keyword = arguments(model, tensor, kwargs)
        trace = _native.capture(model, positional, keyword, {}, method)
    every = [name for name, _ in _native.conventions()]
    return _native.compare(trace, every if conventions is None else conventions, base)


def diff(before: LayerInfo, after: LayerInfo) -> Diff:
    """What changed from one table of layers to another.

    Args:
        before, after: tables of ``profile`` or ``load``, counted by one convention.

    Returns:
        A ``Diff``: ``print`` shows the rows that changed; ``macs`` and ``params`` are the change of the totals.

    Raises:
        Error: one is no table of layers, or the two were counted by different conventions.
    """
    return _native.diff(before, after)

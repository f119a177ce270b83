"""load(): the table of a model file, or one that was saved, without torch."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from thoplw import _native
from thoplw._native import Error, LayerInfo
from thoplw._profile import counted, told


def load(
    path: str | bytes | os.PathLike[str],
    *,
    dims: Mapping[str, int] | None = None,
    convention: str | None = None,
    strict: bool = False,
    verbose: bool = True,
) -> LayerInfo:
    """Counts the multiply-adds and the parameters of a model file, in milliseconds and without importing torch.

    Args:
        path: a ``.pt2`` file (``torch.export.save``), an ``.onnx`` file, a ``.safetensors`` file (parameters only), the
            ``.safetensors.index.json`` of several such files beside it, or a ``.trace`` file. Weights are not read.
            Or a table that was saved as ``.json``, which has no model in it: it cannot be counted ``under`` another
            convention.
        dims: sizes of symbolic dimensions, such as ``{"batch": 8, "seq": 512}``: by their name in the file, or by
            place, ``{"x.0": 8}`` being the first dimension of input ``x``. Those that are not named are what the
            exporter saw. Of an ONNX file also values of inputs of one integer: ``{"sr": 16000}``.
        convention: as in ``profile``; None for "thoplw", or that of a table that was saved.
        strict, verbose: as in ``profile``.

    Returns:
        The table of layers, a ``LayerInfo``: ``info.macs``, ``info.params``, ``info.summary()``.

    Raises:
        Error: the file cannot be read, is of no known format or damaged, a name in `dims` is not in the file or its
            size out of the file's range, the convention is unknown, or, under `strict`, an operator could not be
            counted. The message names the file and the place in it.
    """
    sizes = checked_sizes(dims or {})
    name = os.fsdecode(path) if isinstance(path, (str, bytes, os.PathLike)) else ""
    if not _native.is_saved_report(path):
        trace = _native.load(path, sizes)
        try:
            return counted(trace, "thoplw" if convention is None else convention, strict, verbose)
        except Error as error:
            raise Error(f"{name.encode(errors='replace').decode()}: {error}") from None
    if sizes:
        raise Error(f"{name}: a saved report was counted before; leave dims out")
    info = _native.read_report(path)
    if convention not in (None, info.convention):
        shown = _native.shown(convention)
        raise Error(f"{name}: this was counted by {info.convention!r}, not by {shown}; load the model itself")
    return told(info, strict, verbose)


def checked_sizes(dims: Any) -> dict[str, int]:
    if not isinstance(dims, Mapping):
        raise Error(f"dims must be a dict of sizes by name, such as {{'batch': 8}}, not {_native.shown(dims)}")
    for name, size in dims.items():
        if (
            not isinstance(name, str)
            or not isinstance(size, int)
            or isinstance(size, bool)
            or not -(2**63) <= size < 2**63
        ):
            raise Error(f"dims: {_native.shown(name)}: {_native.shown(size)} is not a name and a whole number")
    return dict(dims)

"""Multiply-adds and parameters of PyTorch models, layer by layer. Importing this imports no torch."""

from typing import TYPE_CHECKING, Any

from thoplw._compare import compare, diff
from thoplw._devices import devices
from thoplw._formula import formula
from thoplw._inputs import as_is
from thoplw._llm import llm
from thoplw._load import load
from thoplw._memory import memory
from thoplw._native import Comparison, Device, Diff, Error, Formula, Formulas, LayerInfo, Llm, MemoryInfo, Timing
from thoplw._plot import plot
from thoplw._profile import clever_format, profile
from thoplw._training import training

if TYPE_CHECKING:
    from thoplw._results import Sweep
    from thoplw._sweep import sweep

__all__ = [
    "Comparison",
    "Device",
    "Diff",
    "Error",
    "Formula",
    "Formulas",
    "LayerInfo",
    "Llm",
    "MemoryInfo",
    "Sweep",
    "Timing",
    "__version__",
    "as_is",
    "clever_format",
    "compare",
    "devices",
    "diff",
    "formula",
    "llm",
    "load",
    "memory",
    "plot",
    "profile",
    "sweep",
    "training",
]

__version__: str


# What takes longer to import than all the rest, and where it is.
_LATER = {"Sweep": "thoplw._results", "sweep": "thoplw._sweep"}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("thoplw")
    if name in _LATER:
        from importlib import import_module

        globals()[name] = getattr(import_module(_LATER[name]), name)
        return globals()[name]
    raise AttributeError(f"module 'thoplw' has no attribute {name!r}")

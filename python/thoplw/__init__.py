"""Multiply-adds and parameters of PyTorch models, layer by layer. Importing this imports no torch."""

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
from thoplw._results import Sweep
from thoplw._sweep import sweep
from thoplw._training import training

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


def __getattr__(name: str) -> str:
    if name == "__version__":
        from importlib.metadata import version  # here, because it takes longer than all the rest of this import

        return version("thoplw")
    raise AttributeError(f"module 'thoplw' has no attribute {name!r}")

"""For mkdocstrings: names of the compiled engine have their types in _native.pyi, and what they do in the engine."""

from __future__ import annotations

import importlib
import inspect
from typing import Any

import griffe


class NativeDocstrings(griffe.Extension):  # type: ignore[misc]
    def on_class(self, *, cls: griffe.Class, **_: Any) -> None:
        self.put(cls)

    def on_function(self, *, func: griffe.Function, **_: Any) -> None:
        self.put(func)

    def put(self, known: griffe.Object) -> None:
        module, _, path = known.path.partition("._native.")
        if module != "thoplw" or not path:
            return
        found: Any = importlib.import_module("thoplw._native")
        for name in path.split("."):
            found = getattr(found, name, None)
        text = inspect.getdoc(found) or ""
        if isinstance(known, griffe.Function):
            text = text.partition("\n\n")[2]  # the first line is the signature
        if text:
            known.docstring = griffe.Docstring(text, parent=known)

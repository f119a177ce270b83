"""Words the end of messages about unknown names: did you mean ..."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def unknown(name: str, known: Iterable[str]) -> str:
    """``'resnt18'; did you mean 'resnet18'?``, or only the quoted name where none is close."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"{name!r}; did you mean {close[0]!r}?" if close else repr(name)

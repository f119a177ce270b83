"""What ``thoplw --version`` says of what it runs with."""

from __future__ import annotations

import platform
from importlib import metadata
from pathlib import Path

_LIBRARIES = ("torch", "torchvision", "timm", "transformers")


def about() -> str:
    """Python, the libraries that are installed, and where this package is; nothing is imported for it."""
    found = [f"{name} {version}" for name in _LIBRARIES if (version := _version(name))]
    return f"Python {platform.python_version()}, {', '.join(found) or 'no torch'}; installed in {Path(__file__).parent}"


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""

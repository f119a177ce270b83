"""devices(): what devices can do at most."""

from __future__ import annotations

from thoplw import _native
from thoplw._native import Device


def devices(path: str | None = None) -> list[Device]:
    """Lists devices: what each can do at most, as its maker says, and where that was read.

    Args:
        path: a TOML file with your own (docs/devices.md), or the name of one of the table; None: all of the table.

    Returns:
        A list of ``Device``, by kind.

    Raises:
        Error: there is no such device, or the file cannot be read or is wrong; the message names the line.
    """
    return _native.devices(path)

"""What the Python tests share: torchvision where it is there, its models built once, the order of the tests."""

from __future__ import annotations

import contextlib
import functools
import os
import signal
from collections.abc import Callable

import pytest
import torch

import thoplw
from thoplw._models import import_torchvision
from vision import build_on_meta, classification_models

# Tests are of what is opened, not of what was; commands that they start see this, too.
os.environ["THOPLW_CACHE"] = ""
# What runs in the background ignores interrupts, and so would the commands that tests start and interrupt.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

with contextlib.suppress(thoplw.Error):
    import_torchvision()  # so that a plain `import torchvision` works in every test


@pytest.fixture(scope="session")
def on_meta() -> Callable[[str], torch.nn.Module]:
    """Builds a model by name, once: the tests leave it as they found it."""
    return functools.cache(build_on_meta)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Brings the tests of each of the 80 models together, so that it is built once and then let go."""
    places = {name: place for place, name in enumerate(classification_models())}

    def place(item: pytest.Item) -> tuple[int, int]:
        if item.path.name != "test_models80.py" or not isinstance(item, pytest.Function):
            return (0, 0)
        name = item.callspec.params.get("name") if hasattr(item, "callspec") else None
        return (1, places.get(name, -1))

    items.sort(key=place)

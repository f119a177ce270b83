"""What the fork server of ``_processes`` imports before it forks. Whoever opens a model says what is wrong."""

import contextlib
import importlib
import os

from thoplw import _models, _processes

with contextlib.suppress(Exception):
    importlib.import_module("torch")
for _library in os.environ.get(_processes.PRELOAD, "").split():
    with contextlib.suppress(Exception):
        _models.import_torchvision()  # the others import it, too, where it is there
        importlib.import_module(_library)

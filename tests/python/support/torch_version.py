"""The version of torch that runs, for tests of what older ones do otherwise: (2, 13)."""

from __future__ import annotations

import torch

VERSION = tuple(int(part) for part in torch.__version__.split(".")[:2])

"""The classification models of torchvision, without weights, for the tests that go through them."""

from __future__ import annotations

import warnings

import torch

import thoplw
from thoplw._models import _weights_on_meta, import_torchvision


def classification_models() -> list[str]:
    try:
        models = import_torchvision().models
    except thoplw.Error:
        return []
    return models.list_models(module=models)


def input_shape(name: str, batch: int = 1) -> tuple[int, ...]:
    size = 299 if name == "inception_v3" else 224
    return (batch, 3, size, size)


def build(name: str) -> torch.nn.Module:
    """The model with weights, of which no values matter."""
    settings = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
    return import_torchvision().models.get_model(name, **settings)


def build_on_meta(name: str) -> torch.nn.Module:
    """The model with its parameters on meta; this way, and not under torch.device, regnets can be built too."""
    with warnings.catch_warnings(), _weights_on_meta():
        warnings.simplefilter("ignore", FutureWarning)
        return build(name).eval()

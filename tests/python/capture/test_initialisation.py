"""Initialisers are skipped while a model is built on the meta device, and are the user's own again afterwards."""

from __future__ import annotations

import gc
import weakref

import pytest
import torch
from torch.nn import init

from thoplw._models import open_model


def conv() -> torch.nn.Module:
    return torch.nn.Conv2d(3, 8, 3)


def test_a_patched_initialiser_is_put_back_and_nothing_keeps_it(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def patched(tensor: torch.Tensor, *args: float, **kwargs: float) -> torch.Tensor:
        calls.append(tensor)
        return tensor

    with monkeypatch.context() as patch:
        patch.setattr(init, "kaiming_uniform_", patched)
        open_model(f"{__name__}:conv", [([1, 3, 8, 8], "f32")], [])
        assert init.kaiming_uniform_ is patched
        assert not calls  # weights on the meta device have no values
        conv()
        assert len(calls) == 1
    kept = weakref.ref(patched)
    del patched
    gc.collect()
    assert kept() is None

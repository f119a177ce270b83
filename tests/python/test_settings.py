"""What a forward sets for the whole process is set back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from keeps import Keeps
from thoplw import _native

# What a forward sets for the whole process, and what tells it.
SETTINGS: list[tuple[Callable[[], Any], Callable[[], Any]]] = [
    (lambda: torch.set_default_dtype(torch.float64), torch.get_default_dtype),
    (lambda: torch.set_default_device("meta"), lambda: torch.empty(1).device),
    (lambda: torch.use_deterministic_algorithms(True, warn_only=True), torch.are_deterministic_algorithms_enabled),
    (lambda: torch.set_grad_enabled(False), torch.is_grad_enabled),
    (lambda: torch.set_float32_matmul_precision("high"), torch.get_float32_matmul_precision),
    (lambda: torch.set_num_threads(torch.get_num_threads() + 1), torch.get_num_threads),
    (lambda: torch._C._set_cudnn_benchmark(True), torch._C._get_cudnn_benchmark),
    (lambda: torch.autograd.set_detect_anomaly(True), torch.is_anomaly_enabled),
]


@pytest.mark.parametrize("real", [False, True])
@pytest.mark.parametrize(("change", "look"), SETTINGS)
def test_settings_of_the_process(change, look, real):
    before = look()
    _native.capture(Keeps(lambda: None, lambda kept, y: change()), (torch.ones(2, 32),), {}, {}, real=real)
    assert look() == before

"""Profiles from many threads, inside each other, and very many in one process."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch
from torch import nn
from torch.utils._python_dispatch import _get_current_dispatch_mode_stack

import thoplw


def small_model() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.Dropout(), nn.Flatten(), nn.Linear(8 * 64, 10)
    )


# 3x3 kernels on 3 channels for 8 at 64 positions, and 8 biases; 4 per element of the norm; 512 features to 10
MACS = (27 * 8 * 64 + 8) + 4 * 8 * 64 + (512 * 10 + 10)
PARAMS = (27 * 8 + 8) + 4 * 8 + (512 * 10 + 10)


def test_eight_threads_on_one_model_in_train_mode():
    model = small_model()
    start = threading.Barrier(8)

    def work(_: int) -> set[tuple[int, int]]:
        start.wait()
        return {thoplw.profile(model, (1, 3, 8, 8), verbose=False)[:2] for _ in range(50)}

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(work, range(8)))
    assert answers == [{(MACS, PARAMS)}] * 8
    assert all(module.training for module in model.modules())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


def test_other_threads_run_models_meanwhile():
    model, x = small_model().eval(), torch.ones(1, 3, 8, 8)
    with torch.no_grad():
        expected = model(x)
    stop = threading.Event()
    results = []

    def infer() -> None:
        with torch.no_grad():
            while not stop.is_set():
                results.append(torch.equal(model(x), expected))

    thread = threading.Thread(target=infer)
    thread.start()
    for _ in range(200):
        assert thoplw.profile(model, x, verbose=False)[:2] == (MACS, PARAMS)
    stop.set()
    thread.join()
    assert results
    assert all(results)


ANSWERS: list[tuple[int, int]] = []  # not on the model, which is left as it was found


class ProfilesItself(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = small_model()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        ANSWERS.append(thoplw.profile(self.inner, torch.ones(1, 3, 8, 8), verbose=False)[:2])
        return self.inner(x)


def test_inside_a_forward():
    model = ProfilesItself()
    ANSWERS.clear()
    assert thoplw.profile(model, (1, 3, 8, 8), verbose=False)[:2] == (MACS, PARAMS)
    assert ANSWERS == [(MACS, PARAMS)]
    model(torch.ones(1, 3, 8, 8))  # and in a forward of its own
    assert ANSWERS == [(MACS, PARAMS)] * 2


def resident_bytes() -> int:
    fields = Path("/proc/self/status").read_text().split()
    return int(fields[fields.index("VmRSS:") + 1]) * 1024


def test_ten_thousand_profiles_leave_nothing():
    """In a process of its own: what other tests left to be freed would show in the memory."""
    code = "import test_many_profiles; test_many_profiles.ten_thousand_profiles()"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parent)


def ten_thousand_profiles() -> None:
    model, x = small_model(), torch.ones(1, 3, 8, 8)
    before_keys = [sorted(vars(module)) for module in model.modules()]

    def many(times: int) -> tuple[int, int]:
        for _ in range(times):
            thoplw.profile(model, x, verbose=False)
        gc.collect()
        return resident_bytes(), len(gc.get_objects())

    many(1000)
    memory, objects = many(1000)
    memory_after, objects_after = many(8000)
    assert abs(objects_after - objects) <= 100
    assert memory_after - memory < 2_000_000  # 250 bytes each would show
    assert [sorted(vars(module)) for module in model.modules()] == before_keys
    assert _get_current_dispatch_mode_stack() == []
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())

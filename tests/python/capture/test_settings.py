"""What a forward sets for the whole process is set back: settings, filters, random numbers."""

from __future__ import annotations

import contextlib
import decimal
import random
import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.modules import module as torch_modules

from keeps import LINEAR, Keeps, profile
from thoplw import _native


def tells_nothing() -> Any:
    return [(action, category) for action, _, category, *_ in warnings.filters]


def denormal() -> float:
    return (torch.tensor([1e-39]) * 1).item()


# What a forward sets for the whole process, and what tells it.
SETTINGS: list[tuple[Callable[[], Any], Callable[[], Any]]] = [
    (lambda: torch.set_default_dtype(torch.float64), torch.get_default_dtype),
    (lambda: torch.set_default_device("meta"), lambda: torch.empty(1).device),
    (lambda: torch.use_deterministic_algorithms(True, warn_only=True), torch.get_deterministic_debug_mode),
    (lambda: torch.set_deterministic_debug_mode("error"), torch.get_deterministic_debug_mode),
    (lambda: torch.set_grad_enabled(False), torch.is_grad_enabled),
    (lambda: torch.set_float32_matmul_precision("high"), torch.get_float32_matmul_precision),
    (lambda: torch.set_num_threads(torch.get_num_threads() + 1), torch.get_num_threads),
    (lambda: torch._C._set_cudnn_benchmark(True), torch._C._get_cudnn_benchmark),
    (lambda: torch._C._set_mkldnn_enabled(False), torch._C._get_mkldnn_enabled),
    (lambda: torch._C._set_cudnn_allow_tf32(False), torch._C._get_cudnn_allow_tf32),
    (lambda: torch.autograd.set_detect_anomaly(True), torch.is_anomaly_enabled),
    (lambda: torch.set_warn_always(True), torch.is_warn_always_enabled),
    (lambda: torch.set_autocast_cache_enabled(False), torch.is_autocast_cache_enabled),
    (lambda: torch.set_printoptions(precision=2, sci_mode=True), lambda: repr(torch.tensor([1.23456, 1e5]))),
    (lambda: torch.set_flush_denormal(True), denormal),
    (lambda: torch_modules.register_module_forward_hook(print), lambda: len(torch_modules._global_forward_hooks)),
    (lambda: warnings.simplefilter("error"), tells_nothing),
    (warnings.resetwarnings, tells_nothing),
    (lambda: setattr(warnings, "filters", []), lambda: id(warnings.filters)),
    (lambda: np.seterr(all="raise"), np.geterr),
    (lambda: np.set_printoptions(precision=1), lambda: repr(np.array([1.23456]))),
    (lambda: decimal.setcontext(decimal.Context(3)), lambda: decimal.getcontext().prec),
    (lambda: sys.setrecursionlimit(1234), sys.getrecursionlimit),
]
if hasattr(torch, "get_autocast_dtype"):  # from torch 2.4 on
    SETTINGS += [
        (lambda: torch.set_autocast_enabled("cpu", True), lambda: torch.is_autocast_enabled("cpu")),
        (lambda: torch.set_autocast_dtype("cpu", torch.float16), lambda: torch.get_autocast_dtype("cpu")),
    ]


@contextlib.contextmanager
def as_before() -> Any:
    """For the tests after this one."""
    with warnings.catch_warnings(), np.errstate(), np.printoptions(), decimal.localcontext():
        yield


@pytest.mark.parametrize("real", [False, True])
@pytest.mark.parametrize(("change", "look"), SETTINGS)
def test_settings_of_the_process(change, look, real):
    with as_before():
        before = look()
        _native.capture(Keeps(lambda: None, lambda kept, y: change()), (torch.ones(2, 32),), {}, {}, real=real)
        assert look() == before


def test_filters_of_warnings_are_at_work_again():
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        profile(Keeps(lambda: None, lambda kept, y: warnings.simplefilter("ignore")))
        with pytest.raises(UserWarning):
            warnings.warn("still an error", UserWarning, stacklevel=1)


# A draw, and the next ones.
DRAWS: list[Callable[[], Any]] = [
    lambda: np.random.rand(),
    lambda: np.random.randn(),  # makes two, and keeps one of them
    lambda: np.random.permutation(9).tolist(),
    lambda: np.random.binomial(9, 0.5, 700).tolist(),
    lambda: random.random(),
    lambda: random.gauss(0, 1),
    lambda: torch.rand(1).item(),
]


def look_at_values(y: torch.Tensor) -> None:
    y.sum().item()


@pytest.mark.parametrize("then", [look_at_values, lambda y: None])
@pytest.mark.parametrize("before", [0, 1])
@pytest.mark.parametrize("draw", DRAWS)
def test_random_numbers_of_the_process(draw, before, then):
    """Also where a first pass draws and fails for want of data."""

    def start() -> None:
        for seed in (np.random.seed, random.seed, torch.manual_seed):
            seed(3)
        for _ in range(before):
            draw()

    def use(kept: Any, y: torch.Tensor) -> None:
        if draw is not DRAWS[-1] or not y.is_meta:  # without data there is nothing to draw
            for _ in range(3):
                draw()
        then(y)

    model = Keeps(lambda: None, use)
    start()
    wanted = [draw() for _ in range(3)]
    start()
    assert profile(model, torch.ones(2, 32))[0] == LINEAR
    assert [draw() for _ in range(3)] == wanted


def test_another_generator_of_numpys():
    bits = np.random.get_bit_generator()
    try:
        np.random.set_bit_generator(np.random.PCG64(5))
        wanted = np.random.RandomState(np.random.PCG64(5)).randn(3).tolist()
        profile(Keeps(lambda: None, lambda kept, y: np.random.randn()))
        assert np.random.randn(3).tolist() == wanted
    finally:
        np.random.set_bit_generator(bits)


def test_a_forward_that_exchanges_numpys_generator():
    np.random.seed(3)
    bits, wanted = np.random.get_bit_generator(), np.random.RandomState(3).randn(3).tolist()
    profile(Keeps(lambda: None, lambda kept, y: np.random.set_bit_generator(np.random.PCG64(5))))
    assert np.random.get_bit_generator() is bits
    assert np.random.randn(3).tolist() == wanted

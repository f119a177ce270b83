"""Passes of threads and forked processes, and dispatch modes that a forward leaves open."""

from __future__ import annotations

import gc
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from queue import Queue
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode, _get_current_dispatch_mode_stack

import thoplw
from torch_version import VERSION

within_a_pass = pytest.mark.skipif(VERSION < (2, 5), reason="torch 2.4 refuses the tensors of a pass within a pass")

MACS = 2 * 8 * 4


def profile(model: nn.Module) -> int:
    macs: int = thoplw.profile(model, torch.ones(2, 8), convention="exact", verbose=False)[0]
    return macs


class Joins(nn.Module):
    """Its forward waits for a thread that profiles."""

    def __init__(self, other: nn.Module, how: str) -> None:
        super().__init__()
        self.layer = nn.Linear(8, 4)
        self.others = [other]
        self.how = how

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.how == "future":
            with ThreadPoolExecutor(1) as pool:
                assert pool.submit(profile, self.others[0]).result() == MACS
            return self.layer(x)
        done: Queue[int] = Queue()
        thread = threading.Thread(target=lambda: done.put(profile(self.others[0])), daemon=True)
        thread.start()
        if self.how == "join":
            thread.join(20)
        assert done.get(timeout=20) == MACS
        return self.layer(x)


@within_a_pass
@pytest.mark.parametrize("how", ["join", "queue", "future"])
def test_a_forward_that_waits_for_a_thread_that_profiles(how):
    begin = time.monotonic()
    assert profile(Joins(nn.Linear(8, 4), how)) == MACS
    assert time.monotonic() - begin < 15


class Dawdles(nn.Module):
    """Works for a while without waiting for anyone; says how many are inside of it at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(8, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        assert not self.training
        inside.append(1)
        most.append(len(inside))
        end = time.monotonic() + 0.1
        while time.monotonic() < end:
            time.sleep(0.001)
        inside.pop()
        return self.layer(x)


inside: list[int] = []
most: list[int] = []


def test_other_threads_wait_their_turn():
    model = Dawdles()
    most.clear()
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(profile, [model] * 4)) == [MACS] * 4
    assert most == [1, 1, 1, 1]
    assert model.training


def child_profiles(model: nn.Module) -> bool:
    """Forks; whether the child could profile within some seconds."""
    child = os.fork()
    if child == 0:
        fine = False
        try:
            fine = profile(model) == MACS and gc.isenabled()
        finally:
            os._exit(0 if fine else 1)
    end = time.monotonic() + 20
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return status == 0
        time.sleep(0.01)
    os.kill(child, 9)
    os.waitpid(child, 0)
    return False


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_fork_while_another_thread_profiles():
    stop = threading.Event()
    inner = threading.Event()

    class Waits(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(8, 4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            inner.set()
            while not stop.is_set():
                time.sleep(0.001)
            return self.layer(x)

    thread = threading.Thread(target=profile, args=[Waits()])
    thread.start()
    try:
        assert inner.wait(20)
        assert not gc.isenabled()  # by the pass
        assert child_profiles(nn.Linear(8, 4))
    finally:
        stop.set()
        thread.join()
    assert gc.isenabled()
    assert profile(nn.Linear(8, 4)) == MACS


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@within_a_pass
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forward_that_forks():
    other = nn.Linear(8, 4)

    class Forks(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(8, 4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            child = os.fork()
            if child == 0:
                os._exit(0 if profile(other) == MACS else 1)
            assert os.waitpid(child, 0)[1] == 0
            return self.layer(x)

    assert profile(Forks()) == MACS


def pop_mode() -> None:
    """Before torch 2.1 the function takes no argument."""
    takes_key = hasattr(torch._C, "_TorchDispatchModeKey")
    torch._C._pop_torch_dispatch_stack(*[None][:takes_key])  # type: ignore[attr-defined]


class Nothing(TorchDispatchMode):
    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return func(*args, **(kwargs or {}))


class Opens(nn.Module):
    """Leaves modes open, or shuts one that it did not open."""

    def __init__(self, opens: int, shuts: int, raises: bool) -> None:
        super().__init__()
        self.layer = nn.Linear(8, 4)
        self.opens = opens
        self.shuts = shuts
        self.raises = raises

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for _ in range(self.opens):
            Nothing().__enter__()
        y: torch.Tensor = self.layer(x)
        for _ in range(self.shuts):
            pop_mode()
        if self.raises:
            raise ValueError("of the user")
        return y


@pytest.mark.skipif(VERSION == (2, 4), reason="torch 2.4 itself crashes on modes that nobody holds")
@pytest.mark.parametrize("raises", [False, True])
@pytest.mark.parametrize(("opens", "shuts"), [(1, 0), (3, 1), (0, 1), (0, 2), (1, 2)])
def test_the_stack_of_modes_is_as_found(opens, shuts, raises):
    model = Opens(opens, shuts, raises)
    with Nothing() as outer, Nothing() as inner:
        if raises:
            with pytest.raises(thoplw.Error, match="of the user"):
                profile(model)
        else:
            assert profile(model) == MACS
        assert _get_current_dispatch_mode_stack() == [outer, inner]
    assert _get_current_dispatch_mode_stack() == []
    assert profile(nn.Linear(8, 4)) == MACS


SEEN: list[Any] = []  # not in a closure of the forward, as what that keeps is put back


def test_a_mode_opened_and_shut_in_a_forward_sees_its_operators():
    class Sees(Nothing):
        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            SEEN.append(func)
            return func(*args, **(kwargs or {}))

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(8, 4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            with Sees():
                return torch.nn.functional.linear(x, self.layer.weight)

    assert profile(Model()) == MACS
    assert SEEN


class Passes(torch.overrides.TorchFunctionMode):
    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return func(*args, **(kwargs or {}))


def test_function_modes_that_a_forward_leaves_open_are_taken_off():
    class OpensPasses(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(8, 4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            Passes().__enter__()
            return self.layer(x)

    with Passes():
        before = torch._C._len_torch_function_stack()  # type: ignore[attr-defined]
        assert profile(OpensPasses()) == MACS
        assert torch._C._len_torch_function_stack() == before  # type: ignore[attr-defined]
    assert torch._C._len_torch_function_stack() == before - 1  # type: ignore[attr-defined]


class AddsWork(TorchDispatchMode):
    """Multiplies matrices once more, by whatever operator they come to be multiplied."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func in (torch.ops.aten.mm.default, torch.ops.aten.addmm.default, torch.ops.aten.bmm.default):
            func(*args, **(kwargs or {}))
        return func(*args, **(kwargs or {}))


class EntersItself(AddsWork):
    def __enter__(self) -> Any:
        return super().__enter__()


@pytest.mark.parametrize("mode", [AddsWork, EntersItself])
@pytest.mark.parametrize(
    ("run", "macs"),
    [
        (lambda layer, x: layer(x), MACS),
        (lambda layer, x: x @ layer.weight.t(), MACS),
        (lambda layer, x: torch.einsum("ab,cb->ac", x, layer.weight), MACS),
    ],
)
def test_a_mode_that_adds_work_sees_what_it_would_for_real(mode, run, macs):
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(8, 4)

        def forward(self, x: torch.Tensor) -> Any:
            with mode():
                return run(self.layer, x)

    assert profile(Model()) == 2 * macs

"""Work that a forward gives to other threads."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from multiprocessing.pool import ThreadPool
from queue import Queue
from typing import Any

import pytest
import torch
from torch import nn

import thoplw

WEIGHTS = [torch.ones(8, 4), torch.ones(8, 4)]
ROWS = 4
LAYER = ROWS * 8 * 4  # a Linear(8, 4) on four rows


class Model(nn.Module):
    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self.layer = nn.Linear(8, 4)
        self.block = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 4))
        self.function = function

    def forward(self, x: torch.Tensor) -> Any:
        return self.function(self, x)


def profile(function: Callable[..., Any], **options: Any) -> tuple[int, thoplw.LayerInfo]:
    x = torch.ones(ROWS, 8)
    macs, _, info = thoplw.profile(Model(function), x, convention="exact", verbose=False, **options)
    return macs, info


def in_thread(function: Callable[..., Any], *args: Any) -> Any:
    out: list[Any] = []
    thread = threading.Thread(target=lambda: out.append(function(*args)))
    thread.start()
    thread.join()
    return out[0]


def executor_map(model: Model, x: torch.Tensor) -> Any:
    with ThreadPoolExecutor() as pool:
        return list(pool.map(lambda w: x @ w, WEIGHTS))


def executor_submit(model: Model, x: torch.Tensor) -> Any:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(model.layer, input=x).result()


def pool_map(model: Model, x: torch.Tensor) -> Any:
    with ThreadPool(2) as pool:
        return pool.map(model.layer, [x, x, x])


def pool_apply(model: Model, x: torch.Tensor) -> Any:
    with ThreadPool(1) as pool:
        return (
            pool.apply(model.layer, (x,)),
            list(pool.imap(model.layer, [x])),
            pool.starmap(torch.mm, [(x, WEIGHTS[0])]),
        )


class Runs(threading.Thread):
    def __init__(self, layer: nn.Module, x: torch.Tensor) -> None:
        super().__init__()
        self.layer, self.x = layer, x

    def run(self) -> None:
        self.y = self.layer(self.x)


def subclass(model: Model, x: torch.Tensor) -> Any:
    threads = [Runs(model.layer, x), Runs(model.block, x)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [thread.y for thread in threads]


def nested(model: Model, x: torch.Tensor) -> Any:
    return in_thread(lambda: (model.layer(x), in_thread(model.layer, x)))


def hand_to_hand(model: Model, x: torch.Tensor) -> Any:
    """Two threads that wait for each other."""
    there: Queue[torch.Tensor] = Queue()
    back: Queue[torch.Tensor] = Queue()

    def other() -> None:
        back.put(model.block(there.get(timeout=20)))
        back.put(model.layer(there.get(timeout=20)))

    threading.Thread(target=other).start()
    there.put(x)
    first = back.get(timeout=20)
    there.put(x)
    return first, model.layer(x), back.get(timeout=20)


def looks_at_values(model: Model, x: torch.Tensor) -> Any:
    return in_thread(lambda: model.layer(x) if x.sum() > 0 else x)


STANDING = ThreadPoolExecutor(1)
STANDING.submit(int).result()
BLOCK = ROWS * (8 * 8 + 8 * 4)


@pytest.mark.parametrize(
    ("function", "macs"),
    [
        (executor_map, 2 * LAYER),
        (executor_submit, LAYER),
        (lambda model, x: STANDING.submit(model.layer, x).result(), LAYER),
        (lambda model, x: in_thread(model.layer, x), LAYER),
        (pool_map, 3 * LAYER),
        (pool_apply, 3 * LAYER),
        (subclass, LAYER + BLOCK),
        (nested, 2 * LAYER),
        (hand_to_hand, BLOCK + 2 * LAYER),
        (looks_at_values, LAYER),
    ],
)
def test_threads_are_counted(function, macs):
    for _ in range(2):
        count, info = profile(function)
        assert (count, info.exact) == (macs, True)


def test_rows_are_those_of_the_modules_that_ran():
    def both(model: Model, x: torch.Tensor) -> Any:
        with ThreadPoolExecutor(2) as pool:
            first, second = pool.submit(model.block, x), pool.submit(model.block, x)
            return model.layer(x), first.result(), second.result()

    _, info = profile(both)
    assert {row.name: row.macs for row in info} == {
        "layer": LAYER,
        "block.0": 2 * ROWS * 8 * 8,
        "block.1": 0,
        "block.2": 2 * ROWS * 8 * 4,
    }


def test_what_is_not_done_when_forward_returns_is_said():
    go_on = threading.Event()
    ended = threading.Event()

    def later(model: Model, x: torch.Tensor) -> torch.Tensor:
        def work() -> None:
            go_on.wait(20)
            model.layer(torch.ones(ROWS, 8))
            ended.set()

        threading.Thread(target=work).start()
        return model.block(x)

    try:
        macs, info = profile(later)
        assert (macs, info.exact) == (BLOCK, False)
        assert [use.op for use in info.uncounted] == ["python::thread"]
        assert "before other threads had done" in info.notes[0]
    finally:
        go_on.set()
    assert ended.wait(20)


def test_what_is_nearly_done_is_waited_for():
    def soon(model: Model, x: torch.Tensor) -> torch.Tensor:
        threading.Thread(target=lambda: (time.sleep(0.05), model.layer(x))).start()
        return model.block(x)

    macs, info = profile(soon)
    assert (macs, info.exact) == (BLOCK + LAYER, True)


def test_a_daemon_that_does_no_such_work_is_no_matter():
    stop = threading.Event()

    def watched(model: Model, x: torch.Tensor) -> torch.Tensor:
        threading.Thread(target=stop.wait, args=[20], daemon=True).start()
        return model.layer(x)

    begin = time.monotonic()
    try:
        macs, info = profile(watched)
    finally:
        stop.set()
    assert (macs, info.exact) == (LAYER, True)
    assert time.monotonic() - begin < 5


def test_a_thread_that_was_there_before():
    """It is given work by a queue of the user's, which nobody follows."""
    work: Queue[tuple[Callable[[], torch.Tensor], Future[torch.Tensor]] | None] = Queue()

    def serve() -> None:
        while (item := work.get()) is not None:
            item[1].set_result(item[0]())

    server = threading.Thread(target=serve)
    server.start()

    def ask(model: Model, x: torch.Tensor) -> torch.Tensor:
        result: Future[torch.Tensor] = Future()
        work.put((lambda: x @ WEIGHTS[0], result))
        return model.layer(x) + result.result(20)

    try:
        macs, info = profile(ask)
    finally:
        work.put(None)
        server.join()
    assert (macs, info.exact) == (LAYER, False)
    assert [use.op for use in info.uncounted] == ["outside::kernel"]


def test_all_is_as_found():
    methods = [threading.Thread.start, ThreadPoolExecutor.submit, ThreadPool.apply_async, ThreadPool.imap]
    profile(executor_map)
    assert methods == [threading.Thread.start, ThreadPoolExecutor.submit, ThreadPool.apply_async, ThreadPool.imap]
    assert STANDING.submit(torch.is_inference_mode_enabled).result() is False
    assert STANDING.submit(lambda: nn.Linear(2, 2)(torch.ones(1, 2)).requires_grad).result()


def test_threads_of_others_meanwhile_are_not_the_forward():
    """Another thread uses the same pool while a profile is on."""
    inside, done = threading.Event(), threading.Event()

    def waits(model: Model, x: torch.Tensor) -> torch.Tensor:
        inside.set()
        assert done.wait(20)
        return model.layer(x)

    results: list[int] = []
    thread = threading.Thread(target=lambda: results.append(profile(waits)[0]))
    thread.start()
    assert inside.wait(20)
    y = STANDING.submit(nn.Linear(8, 4), torch.ones(ROWS, 8)).result()
    done.set()
    thread.join()
    assert (results, y.is_meta, y.requires_grad) == ([LAYER], False, True)


class Forks(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(8, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        other = torch.jit.fork(self.layer, x)
        return self.layer(x) + torch.jit.wait(other)


@pytest.mark.parametrize("of", [lambda model: model, torch.jit.script])
def test_fork_of_torchscript(of):
    macs, _, info = thoplw.profile(of(Forks()), torch.ones(ROWS, 8), convention="exact", verbose=False)
    assert (macs, info.exact) == (2 * LAYER, True)


class Works(threading.Thread):
    def __init__(self, layer: nn.Module, x: torch.Tensor) -> None:
        super().__init__()
        self.layer, self.x = layer, x

    def run(self) -> None:
        self.y = self.layer(self.x)


STARTED: list[Any] = []


@pytest.mark.parametrize("own", [False, True])
def test_a_thread_is_let_go_of(own):
    def starts(model: Model, x: torch.Tensor) -> torch.Tensor:
        thread = Works(model.layer, x)
        if own:
            thread.run = lambda run=thread.run: run()
        STARTED.append(weakref.ref(thread))
        thread.start()
        thread.join()
        return thread.y

    assert profile(starts)[0] == LAYER
    gc.collect()
    assert STARTED.pop()() is None

"""Ctrl-C and alarms at any moment of a profile: the model is as it was found, and the caller is told."""

from __future__ import annotations

import contextlib
import random
import signal
import sys
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import pytest
import torch
from torch import nn

import thoplw


class Net(nn.Module):
    """Uses what a pass changes and puts back: flags, attributes, buffers, random numbers, autocast."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(8, 16)
        self.norm = nn.BatchNorm1d(16)
        self.drop = nn.Dropout()
        self.second = nn.Linear(16, 4)
        self.register_buffer("seen", torch.zeros(2))
        self.calls: dict[str, int] = {"forward": 0}

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.calls["forward"] += 1
        self.seen = self.seen + random.random()
        with torch.autocast("cpu", enabled=False):
            x = self.first(x) + torch.rand(3).sum()
        return self.second(self.drop(self.norm(x)))


class Peeking(Net):
    """Wants a real forward."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = super().forward(x)
        return y if y.sum() > 1e9 else -y


MACS = 5 * 8 * 16 + 5 * 16 * 4


def profile(model: nn.Module) -> int:
    macs: int = thoplw.profile(model, torch.ones(5, 8), convention="exact", verbose=False)[0]
    return macs


def found(model: Net) -> list[Any]:
    """All that a pass changes, of the model and of the process."""
    values = [tensor.clone() for tensor in model.state_dict().values()]
    objects = [id(tensor) for tensor in [*model.parameters(), *model.buffers()]]
    return [
        *values,
        objects,
        [module.training for module in model.modules()],
        [sorted(vars(module)) for module in model.modules()],
        dict(model.calls),
        torch.get_rng_state(),
        random.getstate(),
        torch.is_inference_mode_enabled(),
        torch.is_grad_enabled(),
        torch.is_autocast_enabled("cpu"),
        torch.autocast.__init__,
        torch._C._len_torch_dispatch_stack(),  # type: ignore[attr-defined]
        torch.distributions.Distribution._validate_args,
    ]


def same(a: Any, b: Any) -> bool:
    return torch.equal(a, b) if isinstance(a, torch.Tensor) else bool(a == b)


def assert_same(before: list[Any], after: list[Any]) -> None:
    assert [i for i, (a, b) in enumerate(zip(before, after, strict=True)) if not same(a, b)] == []


class Tracer:
    """Counts the instructions that Python runs, and raises at one of them."""

    def __init__(self, at: int) -> None:
        self.left = at

    def __call__(self, frame: FrameType, event: str, argument: object) -> Tracer:
        frame.f_trace_opcodes = True
        self.left -= event == "opcode"
        if self.left == 0 and event == "opcode":
            raise KeyboardInterrupt
        return self


def interrupts(model: nn.Module, at: int) -> bool:
    """Profiles with an interrupt at that instruction; whether there is one, and it was not lost."""
    tracer = Tracer(at)
    before = sys.gettrace()
    sys.settrace(tracer)
    try:
        profile(model)
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    assert tracer.left > 0, f"the interrupt at instruction {at} was lost"
    return False


@pytest.mark.parametrize(("kind", "step"), [(Net, 1), (Peeking, 101)])
def test_an_interrupt_at_any_instruction(kind, step):
    model = kind()
    profile(model)  # what is imported and looked up once
    before = found(model)
    at = 1
    while interrupts(model, at):
        assert_same(before, found(model))
        at += step
    assert at > 1000
    assert profile(model) == MACS


def test_real_signals_at_any_time():
    model = Net()
    profile(model)
    before = found(model)
    for microseconds in range(100, 3000, 50):
        with pytest.raises(KeyboardInterrupt), alarm(microseconds / 1e6, signal.default_int_handler):
            profile_for_ever(model)
        assert_same(before, found(model))
    assert profile(model) == MACS


def test_an_interrupt_in_an_audit_hook():
    """Such as that of filelock, which imports of torch add: Python runs it wherever the code of a function is set."""
    left = 0

    def hook(event: str, args: tuple[Any, ...]) -> None:
        nonlocal left
        if event == "object.__setattr__" and left > 0:
            left -= 1
            if left == 0:
                raise KeyboardInterrupt

    sys.addaudithook(hook)  # which stays until the process ends
    model = Net()
    before = found(model)
    for at in range(1, 100):
        left = at
        try:
            profile(model)
        except KeyboardInterrupt:
            assert_same(before, found(model))
        else:
            break
    assert left > 0
    assert at > 2  # a function is exchanged and put back
    left = 0
    assert profile(model) == MACS


def profile_for_ever(model: nn.Module) -> None:
    while True:
        profile(model)


@contextlib.contextmanager
def alarm(seconds: float, handler: Callable[[int, FrameType | None], Any]) -> Iterator[None]:
    before = signal.signal(signal.SIGALRM, handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds)
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


class Sleepy(Net):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        time.sleep(5)
        return super().forward(x)


def test_the_exception_of_an_alarm_reaches_who_set_it():
    def too_late(number: int, frame: FrameType | None) -> None:
        raise TimeoutError("too late")

    model = nn.Sequential(Sleepy())
    begin = time.monotonic()
    with pytest.raises(TimeoutError, match="too late"), alarm(0.05, too_late):
        profile(model)
    assert time.monotonic() - begin < 4  # no second forward, which would sleep


class Raises(nn.Module):
    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error
        self.inner = nn.Linear(8, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        forwards.append(self.error)
        self.inner(x)
        raise self.error


forwards: list[BaseException] = []


@pytest.mark.parametrize(
    "error", [ValueError("bad metadata"), KeyError("x"), TypeError("of the user"), TimeoutError(), RuntimeError("no")]
)
def test_an_error_of_the_user_runs_the_forward_once(error):
    forwards.clear()
    with pytest.raises(thoplw.Error) as caught:
        profile(Raises(error))
    assert caught.value.__cause__ is error
    assert forwards == [error]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(3)])
def test_what_is_no_error_passes_through(error):
    forwards.clear()
    with pytest.raises(type(error)) as caught:
        profile(Raises(error))
    assert caught.value is error
    assert forwards == [error]


class Disguises(nn.Module):
    """Looks at a value, and turns what comes of it into an error of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(8, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.inner(x)
        try:
            largest = float(y.max())
        except RuntimeError as error:
            raise ValueError("no maximum") from error
        return y / largest


def test_a_look_at_values_is_known_in_disguise():
    assert profile(Disguises()) == 5 * 8 * 4


def test_shapes_that_do_not_fit_run_the_forward_once_and_give_torchs_own_words():
    runs = 0

    def count(module: nn.Module, inputs: Any) -> None:
        nonlocal runs
        runs += 1

    model = nn.Sequential(nn.Linear(8, 16), nn.Linear(17, 4))
    model.register_forward_pre_hook(count)
    with pytest.raises(thoplw.Error, match=r"^1 \(Linear\): .*5x16 and 17x4"):
        profile(model)
    assert runs == 1

"""Every optimizer, in each of its implementations: states and peaks of steps as torch has them, to the byte."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from live import Live
from thoplw import _native

SHAPES: dict[str, list[tuple[int, ...]]] = {
    "mixed": [(7,), (5, 9), (4, 3, 3, 3), (), (64, 3, 3, 3), (11, 6), (33,)],
    "largest last": [(2,), (3, 2), (50, 40)],
    "largest first": [(50, 40), (3, 2), (2,)],
    "one number": [()],
}
TYPES = {"f32": torch.float32, "bf16": torch.bfloat16, "f64": torch.float64}
OPTIMIZERS = {name: doc for name, doc, _ in _native.optimizers()}
IMPLEMENTATIONS: dict[str, dict[str, bool]] = {
    "for-loop": {"foreach": False},
    "foreach": {"foreach": True},
    "fused": {"fused": True},
}
NO_FUSED = {"rmsprop", "nadam", "adafactor", "adadelta", "adamax"}
CASES = [
    pytest.param(*case, id=" ".join(map(str, case)))
    for case in itertools.product(OPTIMIZERS, IMPLEMENTATIONS, (0.0, 0.1), TYPES)
    if case[1] != "fused" or (case[0] not in NO_FUSED)
]


def made(name: str, params: list[torch.nn.Parameter], **settings: Any) -> torch.optim.Optimizer:
    """Of the call that the table has in words: "SGD(lr, momentum=0.9)"."""
    cls, arguments = OPTIMIZERS[name].removesuffix(")").split("(")
    return eval(
        f"make(params, {arguments.replace('lr', 'lr=0.1')}{',' if arguments else ''} **settings)",
        {"make": getattr(torch.optim, cls), "params": params, "settings": settings},
    )


def with_gradients(shapes: list[tuple[int, ...]], dtype: torch.dtype) -> list[torch.nn.Parameter]:
    params = [torch.nn.Parameter(torch.ones(shape, dtype=dtype)) for shape in shapes]
    for param in params:
        param.grad = torch.ones_like(param)
    return params


def states_of(optimizer: torch.optim.Optimizer) -> list[torch.Tensor]:
    return [value for state in optimizer.state.values() for value in state.values() if isinstance(value, torch.Tensor)]


def size(tensors: list[torch.Tensor]) -> int:
    return sum(tensor.untyped_storage().nbytes() for tensor in tensors)


def peak_of_step(optimizer: torch.optim.Optimizer, params: list[torch.nn.Parameter]) -> int:
    """Beyond parameters, gradients and the states that the step leaves."""
    before = states_of(optimizer)
    grads = [param.grad for param in params if param.grad is not None]
    with Live([*params, *grads, *before]) as live:
        optimizer.step()
    return max(0, size(before) + live.peak - size(states_of(optimizer)))


@pytest.mark.parametrize(("name", "implementation", "weight_decay", "dtype"), CASES)
def test_states_and_peaks_are_torchs(name: str, implementation: str, weight_decay: float, dtype: str) -> None:
    for shapes in SHAPES.values():
        params = with_gradients(shapes, TYPES[dtype])
        optimizer = made(name, params, weight_decay=weight_decay, **IMPLEMENTATIONS[implementation])
        first, later, third = (peak_of_step(optimizer, params) for _ in range(3))
        assert later == third
        ours = _native.optimizer_bytes(name, implementation, weight_decay > 0, [(dtype, shape) for shape in shapes])
        assert ours == (size(states_of(optimizer)), first, later)


def test_frozen_parameters_have_no_states() -> None:
    params = with_gradients([(5, 9), (7,)], torch.float32)
    params[0].grad = None
    optimizer = torch.optim.AdamW(params)
    optimizer.step()
    assert size(states_of(optimizer)) == _native.optimizer_bytes("adamw", "for-loop", False, [("f32", (7,))])[0]


@pytest.mark.parametrize("name", sorted(NO_FUSED))
def test_what_torch_has_no_fused_step_of_is_said(name: str) -> None:
    with pytest.raises((TypeError, RuntimeError)):
        made(name, with_gradients([(3,)], torch.float32), fused=True)
    with pytest.raises(_native.Error, match="no fused implementation"):
        _native.optimizer_bytes(name, "fused", False, [("f32", (3,))])


# By element, of what torch's kernels do: lerp is a + w * (b - a), addcmul is a + value * (b * c).
OPS = {"add": 1, "sub": 1, "mul": 1, "div": 1, "sqrt": 1, "rsqrt": 1, "abs": 1, "maximum": 1, "clamp": 1}
OPS |= {"lerp": 3, "addcmul": 3, "addcdiv": 3, "norm": 2, "mm": 1}


class Operations(TorchDispatchMode):
    """Counts arithmetic operations on tensors of that size or, of norms, to one."""

    def __init__(self, elements: int) -> None:
        super().__init__()
        self.elements = elements
        self.found = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        name = func._schema.name.removeprefix("aten::").rstrip("_").removeprefix("linalg_vector_")
        if name in OPS and self.elements in (tensor.numel() for tensor in (result, args[0])):
            scaled = (kwargs or {}).get("alpha", 1) != 1  # a + alpha * b
            unscaled = name == "addcmul" and (kwargs or {}).get("value", 1) == 1
            self.found += OPS[name] + scaled - unscaled
        return result


@pytest.mark.parametrize(("name", "ops"), [(name, ops) for name, _, ops in _native.optimizers()])
def test_operations_by_element(name: str, ops: int) -> None:
    params = with_gradients([(30, 20)], torch.float32)
    optimizer = made(name, params, foreach=False)
    optimizer.step()
    with Operations(600) as operations:
        optimizer.step()
    assert operations.found == ops

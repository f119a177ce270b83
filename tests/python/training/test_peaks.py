"""The most memory that is alive in a step and in a forward without gradients: as torch has it, to the byte."""

from __future__ import annotations

import gc
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils._pytree import tree_leaves

import peak_models
from live import Live, LiveBackward
from peak_models import Arguments
from thoplw import _native

if not torch.__version__.startswith("2.13."):
    pytest.skip("what is kept, and how gradients are made, changes between releases of torch", allow_module_level=True)

NAMES = ["resnet18", "googlenet", "efficientvit_b0", "bert", "llama", "t5", "swin", "mixtral"]
# Many more, where THOPLW_SWEEP is set.
SWEEP = [
    *(name for name in [*peak_models.TORCHVISION, *peak_models.TIMM] if name not in NAMES),
    *("gpt2", "whisper", "vit", "clip"),
    *("albert", "electra", "gpt-neox", "opt", "gemma", "phi", "bart", "deit", "qwen2-moe", "roberta", "distilbert"),
    *("mistral", "qwen2", "falcon", "mamba", "sam", "detr", "qwen3-next", "qwen3.5", "olmo-hybrid"),
]

# Peaks that are met to 5 %, not to the byte, and the cause.
OFF: dict[str, str] = {
    "sam": "attention in plain operators has let go of its values before softmax has its gradient",
    "mistral": "16 bytes: numbers that its mask is made with",
    "convnext_tiny": "0.1 % low, in backward; not found out yet",
    "falcon": "32 bytes of a forward without gradients, likewise",
}


class WithLoss(nn.Module):
    """A model that gives a number, from the first of its results that is a float."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, *args: Any, **kwargs: Any) -> torch.Tensor:
        result = self.model(*args, **kwargs)
        result = getattr(result, "logits", result)
        return next(x for x in tree_leaves(result) if isinstance(x, torch.Tensor) and x.is_floating_point()).sum()


class Recurrent(nn.Module):
    def __init__(self, layers: nn.RNNBase) -> None:
        super().__init__()
        self.layers = layers

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        states, _ = self.layers(x)
        loss: torch.Tensor = states.square().sum()
        return loss


def build(name: str) -> tuple[WithLoss, Arguments]:
    model, arguments = peak_models.build(name, eager=("mamba", "detr"))
    return WithLoss(model), arguments


def counted(model: nn.Module, arguments: Arguments, **options: Any) -> _native.Training:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trace = _native.capture(model, *arguments, {}, training=True)
    training = _native.count_training(trace, "exact", options).training
    assert not training.unknown
    assert training.exact
    return training


@contextmanager
def without_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def tensors_of(model: nn.Module, arguments: Arguments, optimizer: torch.optim.Optimizer | None = None) -> Any:
    states = [] if optimizer is None else tree_leaves([list(state.values()) for state in optimizer.state.values()])
    leaves = [*model.parameters(), *model.buffers(), *tree_leaves(arguments), *states]
    return [leaf for leaf in leaves if isinstance(leaf, torch.Tensor)]


def size(tensors: list[torch.Tensor]) -> int:
    storages = {tensor.untyped_storage()._cdata: tensor.untyped_storage().nbytes() for tensor in tensors}
    return sum(storages.values())


def peak_of_forward(model: nn.Module, arguments: Arguments) -> int:
    args, kwargs = arguments
    known = tensors_of(model, arguments)
    with without_collector(), torch.no_grad(), Live(known) as live:
        result = model(*args, **kwargs)
    del result
    return size(known) + live.peak


def peak_of_step(model: nn.Module, arguments: Arguments, optimizer: torch.optim.Optimizer, passes: int = 1) -> int:
    """The gradients are none before; the last loss is there until the end."""
    args, kwargs = arguments
    known = tensors_of(model, arguments, optimizer)
    with without_collector(), LiveBackward(known) as live:
        for i in range(passes):
            loss = model(*args, **kwargs)
            live.backward(loss)
            if i + 1 < passes:
                del loss
        optimizer.step()
    del loss
    optimizer.zero_grad(set_to_none=True)
    return size(known) + live.peak


def check(name: str, counted: int, true: int) -> None:
    assert counted == (pytest.approx(true, rel=0.05) if name in OFF else true)


@pytest.mark.parametrize("name", [*NAMES, *SWEEP] if os.environ.get("THOPLW_SWEEP") else NAMES)
def test_peaks_of_a_model(name: str) -> None:
    model, arguments = build(name)
    for mode in (False, True):  # a module that is in training mode itself leaves those inside of it as they are
        model.train()
        model.model.train(mode)
        check(name, counted(model, arguments).forward_peak, peak_of_forward(model, arguments))
    first = counted(model, arguments, optimizer="sgd").peak_first_step
    check(name, first, peak_of_step(model, arguments, torch.optim.SGD(model.parameters(), lr=1e-3)))
    adamw = torch.optim.AdamW(model.parameters(), lr=1e-3)
    later = counted(model, arguments, optimizer="adamw")
    check(name, later.peak_first_step, peak_of_step(model, arguments, adamw))
    check(name, later.peak, peak_of_step(model, arguments, adamw))


FORMULAS: dict[str, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]] = {
    "normalize": lambda h, b: nn.functional.normalize(h, dim=-1),
    "variance": lambda h, b: (h - h.mean(-1, keepdim=True)) / (h.var(-1, keepdim=True) + 1e-5).sqrt(),
    "root mean square": lambda h, b: h * torch.rsqrt(h.pow(2).mean(-1, keepdim=True) + 1e-6) * b,
    "logarithm": lambda h, b: h.exp().log1p(),
    "logsumexp": lambda h, b: h.logsumexp(-1),
    "cumsum": lambda h, b: h.cumsum(1),
    "division": lambda h, b: h / (h * b).exp(),
    "maximum": lambda h, b: torch.maximum(h, h * b),
    "residual": lambda h, b: h + nn.functional.gelu(h),
    "written into": lambda h, b: torch.zeros_like(h).copy_(h * b).sin(),
    "attention": lambda h, b: nn.functional.scaled_dot_product_attention(h, h, h),
}


class Formula(nn.Module):
    def __init__(self, formula: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.formula = formula
        self.weight, self.bias = nn.Parameter(torch.rand(16, 16)), nn.Parameter(torch.rand(16))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.formula(x @ self.weight, self.bias).sum()


@pytest.mark.parametrize("name", FORMULAS)
def test_peak_of_a_formula(name: str) -> None:
    model, arguments = Formula(FORMULAS[name]).train(), ((torch.rand(4, 2, 8, 16),), {})
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    first = counted(model, arguments, optimizer="sgd").peak_first_step
    assert first == peak_of_step(model, arguments, optimizer)


@pytest.mark.parametrize(
    ("kind", "layers", "hidden", "steps", "both"),
    [
        (nn.GRU, 1, 64, 20, False),
        (nn.GRU, 2, 64, 50, False),
        (nn.GRU, 1, 16, 50, True),
        (nn.GRU, 3, 128, 10, True),
        (nn.RNN, 2, 64, 20, False),
        (nn.RNN, 2, 64, 50, True),
    ],
)
def test_peak_of_recurrent_layers(kind: Any, layers: int, hidden: int, steps: int, both: bool) -> None:
    """To 1 %: the operators of a step are not told of one by one. That of an lstm is a lower bound."""
    torch.manual_seed(0)
    model = Recurrent(kind(32, hidden, layers, batch_first=True, bidirectional=both)).train()
    arguments: Arguments = ((torch.rand(4, steps, 32),), {})
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    first = counted(model, arguments, optimizer="sgd").peak_first_step
    assert first == pytest.approx(peak_of_step(model, arguments, optimizer), rel=0.01)


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adamw"])
@pytest.mark.parametrize("name", ["resnet18", "llama"])
def test_peak_of_passes_that_add_up(name: str, optimizer: str) -> None:
    model, arguments = build(name)
    model.train()
    make: dict[str, Callable[[], torch.optim.Optimizer]] = {
        "sgd": lambda: torch.optim.SGD(model.parameters(), lr=1e-3),
        "momentum": lambda: torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9),
        "adamw": lambda: torch.optim.AdamW(model.parameters(), lr=1e-3),
    }
    chosen = make[optimizer]()
    peak_of_step(model, arguments, chosen)
    later = counted(model, arguments, optimizer=optimizer, accumulate=3)
    assert later.peak == peak_of_step(model, arguments, chosen, passes=3)


@pytest.mark.parametrize("name", ["resnet18", "llama", "vit"])
def test_what_is_seen_is_what_torch_tracks(name: str) -> None:
    """MemTracker is a mode that watches: see LiveBackward."""
    from torch.distributed._tools.mem_tracker import MemTracker

    model, arguments = build(name)
    args, kwargs = arguments
    model.train()
    known = tensors_of(model, arguments)
    torch.manual_seed(1)
    with without_collector(), Live(known) as live:
        model(*args, **kwargs).backward()
    model.zero_grad(set_to_none=True)
    tracker = MemTracker()
    tracker.track_external(model, *[leaf for leaf in tree_leaves(arguments) if isinstance(leaf, torch.Tensor)])
    torch.manual_seed(1)
    with without_collector(), tracker:
        model(*args, **kwargs).backward()
    tracked = tracker.get_tracker_snapshot("peak")[torch.device("cpu")]["Total"]
    assert size(known) + live.peak == tracked
    assert counted(model, arguments, optimizer="sgd").peak_first_step == pytest.approx(tracked, rel=0.01)

"""The shortcuts for torch's own leaf modules write the very trace that their forward writes."""

import pytest
import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_pre_hook

from thoplw import _native

IMAGE = (2, 4, 12, 12)

LEAVES = [
    (nn.AdaptiveAvgPool2d(1), IMAGE),
    (nn.AdaptiveAvgPool2d((None, 3)), IMAGE),
    (nn.AvgPool2d(3, 2, 1, ceil_mode=True, count_include_pad=False), IMAGE),
    (nn.AvgPool2d((2, 3), divisor_override=4), IMAGE),
    (nn.BatchNorm2d(4), IMAGE),
    (nn.BatchNorm2d(4, affine=False), IMAGE),
    (nn.BatchNorm2d(4, track_running_stats=False), IMAGE),
    (nn.Conv1d(4, 6, 3, stride=2), (2, 4, 12)),
    (nn.Conv1d(4, 6, 3), (4, 12)),
    (nn.Conv2d(4, 6, 3, padding=1, groups=2), IMAGE),
    (nn.Conv2d(4, 6, 3, padding="same", bias=False), IMAGE),
    (nn.Conv2d(4, 6, 3, padding=1, padding_mode="reflect"), IMAGE),
    (nn.Dropout(0.5), IMAGE),
    (nn.Dropout(0.5, inplace=True), IMAGE),
    (nn.Flatten(), IMAGE),
    (nn.Flatten(0, 1), IMAGE),
    (nn.GELU(), IMAGE),
    (nn.GELU(approximate="tanh"), IMAGE),
    (nn.Hardsigmoid(), IMAGE),
    (nn.Hardsigmoid(inplace=True), IMAGE),
    (nn.Hardswish(), IMAGE),
    (nn.Hardswish(inplace=True), IMAGE),
    (nn.LayerNorm(12), IMAGE),
    (nn.LayerNorm((12, 12), elementwise_affine=False), IMAGE),
    (nn.Linear(12, 5), IMAGE),
    (nn.Linear(12, 5, bias=False), (12,)),
    (nn.MaxPool2d(3, 2, 1), IMAGE),
    (nn.MaxPool2d(2, return_indices=True), IMAGE),
    (nn.ReLU(), IMAGE),
    (nn.ReLU(inplace=True), IMAGE),
    (nn.ReLU6(), IMAGE),
    (nn.ReLU6(inplace=True), IMAGE),
    (nn.SiLU(), IMAGE),
    (nn.SiLU(inplace=True), IMAGE),
    (nn.Sigmoid(), IMAGE),
    (nn.Softmax(dim=-1), IMAGE),
    (nn.Tanh(), IMAGE),
]


def traces(module: nn.Module, shape: tuple[int, ...]) -> tuple[str, str]:
    """With shortcuts, and without: any hook makes modules go the way of their forward."""
    model = nn.Sequential(module)
    inputs = (torch.empty(shape, device="meta"),)
    short = _native.capture(model, inputs, {}, {}).text()
    hook = register_module_forward_pre_hook(lambda *_: None)
    try:
        return short, _native.capture(model, inputs, {}, {}).text()
    finally:
        hook.remove()


@pytest.mark.parametrize(("module", "shape"), LEAVES, ids=lambda value: str(value))
def test_shortcut_equals_forward(module: nn.Module, shape: tuple[int, ...]) -> None:
    short, full = traces(module, shape)
    assert short == full


def test_own_forward_is_not_skipped() -> None:
    layer = nn.Linear(4, 4)
    layer.forward = lambda x: nn.functional.linear(torch.relu(x), layer.weight)  # type: ignore[method-assign]
    assert "aten::relu(" in traces(layer, (2, 4))[0]


def test_patched_class_is_not_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nn.Linear, "forward", lambda self, x: torch.relu(x))
    assert "aten::linear(" not in traces(nn.Linear(4, 4), (2, 4))[0]


def test_wrong_rank_is_left_to_torch() -> None:
    with pytest.raises(ValueError, match="expected 4D input"):
        _native.capture(nn.BatchNorm2d(4), (torch.empty(2, 4, device="meta"),), {}, {})

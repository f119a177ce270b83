"""Sixty real models are the same after a profile, in all that can be reached; they run and train as before."""

from __future__ import annotations

import collections
import os
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

import thoplw
from alone import join_group
from reachable import reachable
from thoplw._models import import_torchvision
from transformer_models import MODELS
from transformer_models import build as build_transformer

import_torchvision()
timm = pytest.importorskip("timm")
pytest.importorskip("transformers")

Made = tuple[nn.Module, dict[str, Any] | tuple[Any, ...]]

IMAGE_MODELS = {
    "resnet10t": 64,
    "mobilenetv3_small_050": 64,
    "efficientnet_lite0": 64,
    "convnext_atto": 64,
    "vit_tiny_patch16_224": 224,
    "levit_128s": 224,
    "edgenext_xx_small": 64,
    "mobilevit_xxs": 64,
    "repvgg_a0": 64,
    "ghostnet_050": 64,
    "lcnet_035": 64,
    "tinynet_e": 64,
    "mnasnet_small": 64,
    "semnasnet_075": 64,
    "fbnetc_100": 64,
    "spnasnet_100": 64,
}


def image_model(name: str, size: int) -> Made:
    return timm.create_model(name, pretrained=False, num_classes=8), (torch.randn(2, 3, size, size),)


def transformer(name: str) -> Made:
    return build_transformer(name, "eager"), MODELS[name].inputs()


class Anchors(nn.Module):
    """YOLOv5's head: grids in a list, by level, and a flag that says for which sizes they are."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.ModuleList(nn.Conv2d(3, 8, 3, stride, 1) for stride in (4, 8))
        self.out = nn.ModuleList(nn.Conv2d(8, 6, 1) for _ in range(2))
        self.grid = [torch.empty(0) for _ in range(2)]
        self.shape: tuple[int, ...] | None = None
        self.seen: collections.deque[Any] = collections.deque(maxlen=3)
        self.levels: dict[str, Any] = {"sizes": {}, "used": set()}

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        rows = []
        for i, (stem, out) in enumerate(zip(self.stem, self.out, strict=True)):
            y = out(stem(x).relu())
            if self.shape != x.shape or self.grid[i].shape[-2:] != y.shape[-2:]:
                places = torch.meshgrid(*(torch.arange(n) for n in y.shape[2:]), indexing="ij")
                self.grid[i] = torch.stack(places).to(y.device, y.dtype)
            self.levels["sizes"][i] = y.shape
            self.levels["used"].add(i)
            self.seen.append(y.detach())
            rows.append((y[:, :2] + self.grid[i]).flatten(2))
        self.shape = x.shape
        return torch.cat(rows, 2)


class AnchorPoints(Anchors):
    """YOLOv8's: attributes of the module, set anew where the size is another."""

    anchors = torch.empty(0)
    strides: Any = None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        rows = super().forward(x)
        if self.strides is None or self.anchors.shape != rows.shape[2:]:
            self.anchors, self.strides = rows.detach()[0, 0] * 0 + 1, [4, 8]
            type(self).anchors = self.anchors
        return rows * self.anchors


class Delegates(Anchors):
    """Ultralytics' YOLO: what it lacks, its model has."""

    def __init__(self) -> None:
        super().__init__()
        self.model = nn.Linear(1, 1)
        del self.training

    def __getattr__(self, name: str) -> Any:
        return self.model.training if name == "training" else super().__getattr__(name)


def detector(kind: type[nn.Module]) -> Made:
    return kind(), (torch.randn(2, 3, 32, 32),)


def small() -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 14 * 14, 4))


def scripted() -> Made:
    return torch.jit.script(small()), (torch.randn(2, 3, 16, 16),)


def traced() -> Made:
    return torch.jit.trace(small(), torch.randn(2, 3, 16, 16)), (torch.randn(2, 3, 16, 16),)


def parametrized() -> Made:
    model = small()
    nn.utils.parametrizations.weight_norm(model[4])  # type: ignore[arg-type]
    nn.utils.parametrizations.spectral_norm(model[0])  # type: ignore[arg-type]
    return model, (torch.randn(2, 3, 16, 16),)


def adapted(name: str) -> Made:
    peft = pytest.importorskip("peft")
    config = peft.LoraConfig(r=2, target_modules="all-linear")
    return peft.get_peft_model(build_transformer(name), config), MODELS[name].inputs()


def sharded() -> Made:
    fully_shard = pytest.importorskip("torch.distributed.fsdp").fully_shard
    join_group()
    mesh = torch.distributed.init_device_mesh("cpu", (1,))
    model = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 4))
    for layer in (*model, model):
        if layer is model or isinstance(layer, nn.Linear):
            fully_shard(layer, mesh=mesh)
    return model, (torch.randn(8, 16),)


OTHERS: dict[str, Callable[[], Made]] = {
    "anchors": lambda: detector(Anchors),
    "anchor points": lambda: detector(AnchorPoints),
    "delegates": lambda: detector(Delegates),
    "scripted": scripted,
    "traced": traced,
    "parametrized": parametrized,
    "sharded": sharded,
    "adapted llama": lambda: adapted("llama"),
    "adapted gpt2": lambda: adapted("gpt2"),
    "adapted t5": lambda: adapted("t5"),
    "adapted bert": lambda: adapted("bert"),
    "adapted qwen2": lambda: adapted("qwen2"),
}

ALL: dict[str, Callable[[], Made]] = {
    **{name: lambda name=name, size=size: image_model(name, size) for name, size in IMAGE_MODELS.items()},  # type: ignore[misc]
    **{f"transformers {name}": lambda name=name: transformer(name) for name in MODELS},  # type: ignore[misc]
    **OTHERS,
}
FEW = [*dict.fromkeys([*list(ALL)[::5], *OTHERS])]
assert len(ALL) == 60


def run(model: nn.Module, inputs: Any) -> list[torch.Tensor]:
    out = model(**inputs) if isinstance(inputs, dict) else model(*inputs)
    found: list[torch.Tensor] = []
    waiting = [out]
    while waiting:
        value = waiting.pop(0)
        if isinstance(value, torch.Tensor):
            found.append(value)
        elif isinstance(value, (dict, list, tuple)):
            waiting += value.values() if isinstance(value, dict) else value
    return found


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", list(ALL) if os.environ.get("THOPLW_SWEEP") else FEW)
def test_the_same_after_as_before(name):
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model, inputs = ALL[name]()
    model.eval()
    with torch.no_grad():
        wanted = [tensor.clone() for tensor in run(model, inputs)]
    before = reachable(model)
    info = thoplw.profile(model, inputs if isinstance(inputs, dict) else list(inputs), verbose=False)[2]
    assert info.macs > 0
    after = reachable(model)
    assert len(after) == len(before)
    for was, now in zip(before, after, strict=True):
        assert was == now
    assert not [note for note in info.notes if "still holds" in note]
    with torch.no_grad():
        outputs = run(model, inputs)
    assert len(outputs) == len(wanted)
    for now, then in zip(outputs, wanted, strict=True):
        assert torch.allclose(now, then, 0, 0, equal_nan=True)

    model.train()
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.01)
    floats = [
        tensor.float().mean() for tensor in run(model, inputs) if tensor.is_floating_point() and tensor.requires_grad
    ]
    sum(floats).backward()  # type: ignore[union-attr]
    optimizer.step()
    assert any(p.grad is not None for p in model.parameters())

"""What whole models keep for backward: to the byte what torch's autograd keeps of them on the CPU, in training mode."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import thoplw
import transformer_models
from thoplw._models import import_torchvision

Model = tuple[nn.Module, tuple[Any, ...], dict[str, Any]]

if not torch.__version__.startswith("2.13."):
    pytest.skip("what operators keep changes between releases of torch", allow_module_level=True)


def vision(name: str, size: int = 64, **settings: Any) -> Callable[[], Model]:
    return lambda: (getattr(import_torchvision().models, name)(**settings), (torch.rand(2, 3, size, size),), {})


def text(name: str, attention: str = "sdpa") -> Callable[[], Model]:
    def build() -> Model:
        pytest.importorskip("transformers")
        return transformer_models.build(name, attention), (), transformer_models.MODELS[name].inputs()

    return build


def channels_last() -> Model:
    model, (image,), _ = vision("resnet18")()
    last = torch.channels_last
    return model.to(memory_format=last), (image.to(memory_format=last),), {}


def frozen_backbone() -> Model:
    model, inputs, _ = vision("resnet18")()
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    model.fc.requires_grad_(True)
    return model, inputs, {}


def in_bf16() -> Model:
    model, (image,), _ = vision("vit_b_16", 32, image_size=32)()
    return model.bfloat16(), (image.bfloat16(),), {}


class Norms(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.act, self.head = nn.Conv2d(3, 8, 3), nn.PReLU(8), nn.Linear(8, 5)
        self.norms = nn.ModuleList([nn.GroupNorm(2, 8), nn.InstanceNorm2d(8, affine=True), nn.RMSNorm(8)])
        self.drops = nn.ModuleList([nn.Dropout2d(0.2), nn.AlphaDropout(0.1)])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.silu(self.norms[0](self.conv(x)), inplace=True)
        x = self.drops[0](self.act(self.norms[1](x))).permute(0, 2, 3, 1)
        return self.drops[1](self.head(self.norms[2](x)).square().clamp(0, 1).logsumexp(-1))


class Steps(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.gru = nn.GRU(8, 16, 2, dropout=0.2, batch_first=True, bidirectional=True)
        self.cells = nn.ModuleList([nn.GRUCell(32, 8), nn.LSTMCell(8, 8)])
        self.rnn = nn.RNN(8, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        states = self.gru(x)[0]
        return self.rnn(torch.stack(self.cells[1](self.cells[0](states[:, -1]))))[0]


MODELS = {
    "resnet18": vision("resnet18"),
    "resnet18, channels last": channels_last,
    "resnet18, frozen backbone": frozen_backbone,
    "mobilenet_v3_large": vision("mobilenet_v3_large"),
    "densenet121": vision("densenet121"),
    "efficientnet_b0": vision("efficientnet_b0"),
    "convnext_tiny": vision("convnext_tiny"),
    "swin_t": vision("swin_t"),
    "vit_b_16": vision("vit_b_16", 32, image_size=32),
    "vit_b_16, bf16": in_bf16,
    "norms": lambda: (Norms(), (torch.rand(2, 3, 16, 16),), {}),
    "steps": lambda: (Steps(), (torch.rand(3, 5, 8),), {}),
    **{name: text(name) for name in ("bert", "gpt2", "llama", "t5", "whisper", "clip", "mixtral")},
    **{f"{name}, eager": text(name, "eager") for name in ("gpt2", "llama", "deberta-v2", "mamba")},
}


def kept_by_torch(model: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> int:
    """Bytes of all memory that is not a parameter's, a buffer's or an input's, without the numbers of products."""
    given = [*model.parameters(), *model.buffers(), *args, *kwargs.values()]
    known = {tensor.untyped_storage()._cdata for tensor in given if isinstance(tensor, torch.Tensor)}
    storages: dict[int, torch.UntypedStorage] = {}

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        is_number = tensor.dim() == 0 and tensor.dtype in (torch.float64, torch.int64)
        storage = tensor.untyped_storage()
        if not is_number and storage._cdata not in known:
            storages[storage._cdata] = storage
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        result = model(*args, **kwargs)
    del result
    return sum(storage.nbytes() for storage in storages.values())


@pytest.mark.parametrize("name", MODELS)
def test_a_model_keeps_what_torch_keeps(name: str) -> None:
    torch.manual_seed(0)
    model, args, kwargs = MODELS[name]()
    cost = thoplw.training(model, args, kwargs=kwargs, verbose=False)
    assert cost.saved == kept_by_torch(model.train(), args, kwargs)
    assert cost.training.exact


def test_a_kernel_with_a_workspace_makes_it_a_lower_bound() -> None:
    """oneDNN's LSTM on the CPU keeps memory of a size that only it knows."""
    cost = thoplw.training(nn.LSTM(6, 8), (torch.rand(5, 4, 6),), verbose=False)
    assert "aten::lstm" in cost.training.unknown

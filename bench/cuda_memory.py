"""Holds the memory of a training step that thoplw predicts against what a GPU allocates: needs CUDA, takes a minute.

    python bench/cuda_memory.py

prints a Markdown table: for each model the peak of the second step as thoplw.training() has it, with pieces rounded up
to 512 bytes, and as torch.cuda.max_memory_allocated() has it. What kernels need as workspace is in the latter alone.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from typing import Any

import torch

import thoplw
from thoplw._models import import_torchvision

Make = Callable[[], tuple[torch.nn.Module, tuple[Any, ...]]]


def vision(name: str, batch: int) -> Make:
    def make() -> tuple[torch.nn.Module, tuple[Any, ...]]:
        return import_torchvision().models.get_model(name), (torch.randn(batch, 3, 224, 224),)

    return make


def language(name: str, config: str, **settings: int) -> Make:
    def make() -> tuple[torch.nn.Module, tuple[Any, ...]]:
        import transformers

        model = getattr(transformers, name)(getattr(transformers, config)(**settings))
        return model, (torch.randint(0, 1000, (4, 256)),)

    return make


MODELS: dict[str, Make] = {
    "resnet50, batch 32": vision("resnet50", 32),
    "vit_b_16, batch 16": vision("vit_b_16", 16),
    "swin_t, batch 16": vision("swin_t", 16),
    "convnext_tiny, batch 16": vision("convnext_tiny", 16),
    "bert, 6 layers": language("BertForMaskedLM", "BertConfig", num_hidden_layers=6),
    "llama, 4 layers": language(
        "LlamaForCausalLM", "LlamaConfig", num_hidden_layers=4, hidden_size=1024, intermediate_size=2816
    ),
}


def first_tensor(out: Any) -> torch.Tensor:
    if isinstance(out, torch.Tensor):
        return out
    return next(value for value in out.values() if isinstance(value, torch.Tensor))


class WithLoss(torch.nn.Module):  # type: ignore[misc]
    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, *inputs: Any) -> torch.Tensor:
        return first_tensor(self.model(*inputs)).float().sum()


def predicted(make: Make) -> int:
    model, inputs = make()
    step = thoplw.training(WithLoss(model).train(), inputs, processor="cuda", round_to=512, verbose=False)
    assert step.peak is not None
    return step.peak


def measured(make: Make) -> int:
    model, inputs = make()
    model = WithLoss(model).train().cuda()
    inputs = tuple(tensor.cuda() for tensor in inputs)
    optimizer = torch.optim.AdamW(model.parameters())
    for step in range(2):
        if step == 1:
            torch.cuda.reset_peak_memory_stats()
        model(*inputs).backward()
        optimizer.step()
        optimizer.zero_grad()
    torch.cuda.synchronize()
    return int(torch.cuda.max_memory_allocated())


def main() -> int:
    if not torch.cuda.is_available():
        print("bench/cuda_memory.py needs a GPU that torch can use", file=sys.stderr)
        return 1
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}\n")
    print("| model | predicted | measured | ratio |\n| --- | ---: | ---: | ---: |")
    for name, make in MODELS.items():
        ours = predicted(make)
        gc.collect()
        torch.cuda.empty_cache()
        truth = measured(make)
        print(f"| {name} | {ours} | {truth} | {ours / truth:.4f} |")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

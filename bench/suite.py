"""The models of the speed suite, each with its inputs, and ways to build them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from thoplw._models import import_torchvision


@dataclass(frozen=True)
class Case:
    """One model and one input: an image batch or a row of token ids."""

    name: str
    build: Callable[[], nn.Module]
    shape: tuple[int, ...]
    tokens: bool = False

    def model(self) -> nn.Module:
        torch.manual_seed(0)
        return self.build().eval()

    def input(self, device: str = "cpu") -> torch.Tensor:
        if self.tokens:
            return torch.arange(self.shape[-1]).expand(self.shape).contiguous().to(device)
        return torch.zeros(self.shape, device=device)


def vision(name: str, size: int = 224, batch: int = 1) -> Case:
    """A torchvision classification model with random weights."""

    def build() -> nn.Module:
        settings = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
        model: nn.Module = import_torchvision().models.get_model(name, weights=None, **settings)
        return model

    return Case(name, build, (batch, 3, size, size))


def bert_base() -> nn.Module:
    import_torchvision()  # transformers imports it, and cannot where its compiled operators do not load
    from transformers import BertConfig, BertModel

    return BertModel(BertConfig())


def gpt2() -> nn.Module:
    import_torchvision()
    from transformers import GPT2Config, GPT2LMHeadModel

    return GPT2LMHeadModel(GPT2Config())


def llama_small() -> nn.Module:
    """A Llama of 56 M parameters with grouped-query attention."""
    import_torchvision()
    from transformers import LlamaConfig, LlamaForCausalLM

    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=32000,
            hidden_size=512,
            intermediate_size=1408,
            num_hidden_layers=8,
            num_attention_heads=8,
            num_key_value_heads=4,
        )
    )


# Token models are called as `model(ids)`: without an attention mask, so that a plain meta forward can run them too.
SUITE = (
    vision("resnet18"),
    vision("resnet50"),
    vision("mobilenet_v3_large"),
    vision("efficientnet_b0"),
    vision("densenet121"),
    vision("inception_v3", size=299),
    vision("vit_b_16"),
    vision("swin_t"),
    vision("convnext_tiny"),
    Case("bert_base", bert_base, (1, 128), tokens=True),
    Case("gpt2", gpt2, (1, 128), tokens=True),
    Case("llama_small", llama_small, (1, 128), tokens=True),
)

QUICK = ("resnet18", "mobilenet_v3_large")

# Where memory shows: a real forward of it keeps gigabytes of activations.
LARGE = vision("resnet152", batch=64)


def find_case(name: str) -> Case:
    known = {case.name: case for case in (*SUITE, LARGE)}
    return known.get(name) or vision(name)

"""Models whose peaks of memory are watched, with inputs of two samples."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

import transformer_models
from thoplw._models import import_torchvision

Arguments = tuple[tuple[Any, ...], dict[str, Any]]

# With the side of their images.
TORCHVISION = {
    **dict.fromkeys(["resnet18", "mobilenet_v3_small", "shufflenet_v2_x0_5", "efficientnet_b0", "googlenet"], 64),
    **dict.fromkeys(["alexnet", "vgg11", "densenet121", "regnet_y_400mf", "resnext50_32x4d", "mobilenet_v2"], 64),
    **dict.fromkeys(["efficientnet_v2_s", "squeezenet1_0", "mnasnet0_5", "convnext_tiny"], 64),
    **dict.fromkeys(["vit_b_16", "swin_t", "swin_v2_t", "maxvit_t"], 224),
}
TIMM = {
    **dict.fromkeys(["resnet10t", "efficientvit_b0", "ghostnet_050", "hrnet_w18_small", "dla34", "dpn68"], 64),
    **dict.fromkeys(["repvgg_a0", "tf_efficientnet_lite0", "rexnet_100"], 64),
    **dict.fromkeys(["convnextv2_atto", "edgenext_xx_small", "mobilevit_xxs", "poolformer_s12", "regnetz_b16"], 128),
    **dict.fromkeys(["mixer_s32_224", "levit_128s", "deit_tiny_patch16_224", "coat_tiny", "xcit_nano_12_p16_224"], 224),
}


def build(name: str, eager: tuple[str, ...] = ()) -> tuple[nn.Module, Arguments]:
    """`eager`: the transformers whose attention is written out."""
    torch.manual_seed(0)
    if name in transformer_models.MODELS:
        pytest.importorskip("transformers")
        attention = "eager" if name in eager else "sdpa"
        return transformer_models.build(name, attention), ((), transformer_models.MODELS[name].inputs())
    side = (TORCHVISION | TIMM)[name]
    arguments: Arguments = ((torch.rand(2, 3, side, side),), {})
    if name in TIMM:
        return pytest.importorskip("timm").create_model(name), arguments
    settings = {"init_weights": False} if name == "googlenet" else {}
    return import_torchvision().models.get_model(name, **settings), arguments

"""The conventions of other tools against what those tools print, to the integer."""

from __future__ import annotations

import os
from typing import Any

import pytest
import torch
from torch import nn

import peers
import thoplw
from tool_models import MODELS
from vision import build, classification_models, input_shape

VISION = ["resnet18", "mobilenet_v3_small", "shufflenet_v2_x0_5"]

# What a tool cannot run, and why.
CANNOT: dict[tuple[str, str], str] = {
    ("fvcore", "chain"): "the order in which numpy would contract three operands is not looked for here",
    ("mmengine", "chain"): "the order in which numpy would contract three operands is not looked for here",
    ("torchprofile", "llama"): "one MAC for each product of sizes in repeat_kv, which no operator shows",
    ("torchstat", "resize"): "the tool raises RecursionError: it wraps a class and its subclass",
    ("torchstat", "sampled"): "the tool raises AttributeError: a leaf module that gives a tuple",
}

# Models whose linear layers read more than rows, which torchstat refuses.
NOT_IMAGES = ("convnext", "maxvit", "swin", "vit")


def installed(tool: str) -> peers.Peer:
    peer = peers.PEERS[tool]
    if peer is peers.ultralytics_thop:
        return peer  # which comes from a folder of its own
    pytest.importorskip(peer.__name__.removesuffix("_flop_counter").split("_aten")[0])
    return peer


def compare(tool: str, model: nn.Module, args: tuple[torch.Tensor, ...]) -> None:
    model.eval()
    if tool == "torchstat":
        args = peers.one_image(args) or pytest.skip("it takes one image")
    with peers.quiet():
        printed = installed(tool)(model, args)
    ours = thoplw.profile(model, args, convention=tool, verbose=False)[2]
    of_layers = {row.name: row for row in ours}
    moved = [
        f"{name} ({of_layers[name].cls}): {tool} {cost}, here {of_layers[name].macs}"
        for name, cost in printed.layers.items()
        if name in of_layers and of_layers[name].macs != cost and peers.of_one_row(tool, model, name)
    ]
    assert (ours.macs, ours.params) == printed[:2], f"{tool} counts otherwise than here; rules that moved: {moved}"
    assert not moved


@pytest.mark.parametrize("tool", sorted(peers.PEERS))
@pytest.mark.parametrize("name", MODELS)
def test_small_models(tool: str, name: str) -> None:
    if (tool, name) in CANNOT:
        pytest.skip(CANNOT[tool, name])
    torch.manual_seed(0)
    compare(tool, *MODELS[name]())


def vision_models() -> list[str]:
    """Some always, all where THOPLW_SWEEP is set, which takes half an hour."""
    chosen = classification_models()
    return chosen if os.environ.get("THOPLW_SWEEP") else [name for name in VISION if name in chosen]


@pytest.mark.parametrize("tool", sorted(peers.PEERS))
@pytest.mark.parametrize("name", vision_models())
def test_torchvision(tool: str, name: str) -> None:
    if tool == "torchstat" and name.startswith(NOT_IMAGES):
        pytest.skip("the tool asserts that what goes into linear layers and norms has two and four dimensions")
    compare(tool, build(name), (torch.zeros(input_shape(name)),))


def test_products_that_a_tool_leaves_out_are_said(capfd: Any) -> None:
    model, args = MODELS["attention"]()
    thoplw.profile(model.eval(), args, convention="fvcore")
    # 2 samples, 4 heads: 5x5 scores of 4 products each, and as many for the values
    assert (
        "fvcore has no rule for 1600 multiply-adds, and leaves them out: aten::scaled_dot_product_attention (1x)"
        in capfd.readouterr().err
    )

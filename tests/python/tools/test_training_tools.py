"""`thoplw compare --training` says what the tools say of a step of training."""

from __future__ import annotations

import inspect
import json
from typing import Any

import pytest
import torch

import peers
from in_process import in_process
from step_flops import step_macs
from vision import build, classification_models

if "mobilenet_v3_small" not in classification_models():
    pytest.skip("torchvision is not installed", allow_module_level=True)

MODELS = {"mobilenet_v3_small": (), "resnet18": ("--freeze", "layer1.*", "--freeze", "conv1.*", "--freeze", "bn1.*")}
BATCH = 2


def said(name: str) -> dict[str, dict[str, Any]]:
    arguments = ("--training", "--batch", str(BATCH), *MODELS[name], "--kind", "json")
    code, out, err = in_process("compare", f"torchvision:{name}", *arguments)
    assert code == 0, err
    return {row["tool"]: row for row in json.loads(out)}


def model_of(name: str) -> torch.nn.Module:
    model = build(name)
    for path, param in model.named_parameters():
        param.requires_grad_(not (MODELS[name] and path.startswith(("layer1.", "conv1.", "bn1."))))
    return model


@pytest.mark.parametrize("name", MODELS)
def test_flop_counter(name):
    if not torch.__version__.startswith("2.13."):
        pytest.skip("the factor of grouped convolutions is one of torch 2.13")
    model, x = model_of(name), torch.zeros(BATCH, 3, 224, 224)
    rows = said(name)
    assert rows["thoplw"]["flops"] == 2 * step_macs(model, (x,), {})
    assert rows["FlopCounterMode"]["flops"] == 2 * step_macs(model, (x,), {}, as_torch=True)
    assert ("a bug of torch 2.13" in rows["FlopCounterMode"]["why"]) == (name == "mobilenet_v3_small")


@pytest.mark.parametrize("name", MODELS)
def test_calflops(name):
    with peers.quiet():
        calflops = pytest.importorskip("calflops")
        flops, _, _ = calflops.calculate_flops(
            model_of(name).eval(),
            input_shape=(BATCH, 3, 224, 224),
            include_backPropagation=True,
            print_results=False,
            output_as_string=False,
        )
    assert said(name)["calflops"]["flops"] == flops


@pytest.mark.parametrize("name", MODELS)
def test_deepspeed(name):
    with peers.quiet():
        profiler = pytest.importorskip("deepspeed.profiling.flops_profiler")
        flops, _, _ = profiler.get_model_profile(
            model_of(name).eval(), input_shape=(BATCH, 3, 224, 224), print_profile=False, as_string=False
        )
    source = inspect.getsource(profiler.FlopsProfiler.print_model_profile)
    assert "bwd_factor = 2 + self.recompute_fwd_factor" in source  # which is 0 unless asked for
    assert said(name)["DeepSpeed"]["flops"] == flops * (1 + 2)


def test_parameters_times_tokens_need_tokens():
    row = said("resnet18")["6 N x tokens"]
    assert row["flops"] is None
    assert row["why"] == "no input is [batch, tokens] of integers"

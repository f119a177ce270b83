"""Models whose parameters are spread over processes are counted whole, and train on as if nothing had been."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.distributed as dist
from torch import nn

import thoplw
from alone import join_group

MACS = 8 * 16 * 32 + 8 * 32 * 4  # 5120
PARAMS = 16 * 32 + 32 + 32 * 4 + 4


@pytest.fixture(scope="module")
def mesh() -> Any:
    pytest.importorskip("torch.distributed.device_mesh")
    join_group()
    return dist.device_mesh.init_device_mesh("cpu", (1,))


def perceptron() -> nn.Sequential:
    return nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 4))


def all_in_one(model: nn.Sequential, mesh: Any) -> nn.Module:
    return dist.fsdp.fully_shard(model, mesh=mesh)


def layer_by_layer(model: nn.Sequential, mesh: Any) -> nn.Module:
    for layer in (model[0], model[2]):
        dist.fsdp.fully_shard(layer, mesh=mesh)
    return dist.fsdp.fully_shard(model, mesh=mesh)


def half_precision(model: nn.Sequential, mesh: Any) -> nn.Module:
    policy = dist.fsdp.MixedPrecisionPolicy(param_dtype=torch.bfloat16)
    return dist.fsdp.fully_shard(model, mesh=mesh, mp_policy=policy)


def tensor_parallel(model: nn.Sequential, mesh: Any) -> nn.Module:
    from torch.distributed.tensor.parallel import ColwiseParallel, RowwiseParallel, parallelize_module

    return parallelize_module(model, mesh, {"0": ColwiseParallel(), "2": RowwiseParallel()})


def step(model: nn.Module, x: torch.Tensor) -> list[torch.Tensor]:
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model(x).sum().backward()
    assert all(p.grad is not None for p in model.parameters())
    optimizer.step()
    return [p.full_tensor().detach().clone() for p in model.parameters()]


@pytest.mark.parametrize("trained_before", [False, True])
@pytest.mark.parametrize("shard", [all_in_one, layer_by_layer, half_precision, tensor_parallel])
def test_sharded_models(mesh, shard, trained_before):
    torch.manual_seed(0)
    plain = perceptron()
    models = []
    for _ in range(2):
        model = perceptron()
        model.load_state_dict(plain.state_dict())
        models.append(shard(model, mesh))
    profiled, other = models
    x = torch.randn(8, 16)
    if trained_before:
        for model in models:
            step(model, x)
    hooks = [list(module._forward_pre_hooks.items()) for module in profiled.modules()]
    objects = [id(p) for p in profiled.parameters()]
    macs, params, info = thoplw.profile(profiled, x, convention="exact", verbose=False)
    assert (macs, params) == (MACS, PARAMS)
    assert info.exact
    assert info.notes == []
    assert [row.macs for row in info if row.macs] == [8 * 16 * 32, 8 * 32 * 4]
    assert [list(module._forward_pre_hooks.items()) for module in profiled.modules()] == hooks
    assert [id(p) for p in profiled.parameters()] == objects
    for _ in range(2):
        assert all(map(torch.equal, step(profiled, x), step(other, x)))


def test_a_sharded_model_whose_forward_raises(mesh):
    model = all_in_one(perceptron(), mesh)
    with pytest.raises(thoplw.Error, match="check that it fits"):
        thoplw.profile(model, (8, 17))
    step(model, torch.randn(8, 16))

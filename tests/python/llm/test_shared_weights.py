"""What each device has of the weights, held against transformers' own code that divides them."""

import pytest
import torch
import torch.distributed
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor import DTensor
from torch.testing._internal.distributed.fake_pg import FakeStore

import thoplw
from language_models import class_of, config_of

sharding = pytest.importorskip("transformers.distributed.tensor_parallel")
experts = pytest.importorskip("transformers.distributed.expert_parallel")

DEVICES = 2


@pytest.fixture(scope="module")
def mesh():
    """Of two devices, of which one is this process and the other is not there."""
    if torch.distributed.is_initialized():  # by the tests of another file, which are over
        torch.distributed.destroy_process_group()
    torch.distributed.init_process_group("fake", rank=0, world_size=DEVICES, store=FakeStore())
    try:
        yield init_device_mesh("cpu", (DEVICES,))
    finally:
        torch.distributed.destroy_process_group()


def held(model):
    return sum((p.to_local() if isinstance(p, DTensor) else p).numel() for p in model.parameters())


def made(name):
    with torch.device("meta"):
        return class_of(name)._from_config(config_of(name))


# Of models whose head is tied to the embedding, transformers 5.24 divides none.
PLANNED = ["heads in groups", "a window", "latent", "experts", "experts and sinks", "states and attention"]
PLANNED += ["both in one layer", "states of heads and attention", "delta rule"]
WITH_EXPERTS = ["latent", "experts", "experts and sinks", "states and attention", "delta rule"]


@pytest.mark.parametrize("name", PLANNED)
def test_tensor_parallel(mesh, name):
    from transformers.distributed import DistributedConfig

    found = thoplw.llm(made(name), context=16, tensor_parallel=DEVICES).device["parameters"]
    model = made(name)
    plan, _, _ = model._resolve_parallel_plans(DistributedConfig(tp_size=DEVICES))
    assert found == held(sharding.apply_tensor_parallelism(model, mesh, plan))


@pytest.mark.parametrize("name", WITH_EXPERTS)
def test_expert_parallel(mesh, name):
    from transformers.distributed import DistributedConfig

    found = thoplw.llm(made(name), context=16, tensor_parallel=DEVICES, expert_parallel=DEVICES).device["parameters"]
    model = made(name)
    plan, expert_plan, _ = model._resolve_parallel_plans(DistributedConfig(tp_size=DEVICES, ep_size=DEVICES))
    model = sharding.apply_tensor_parallelism(model, mesh, plan)
    assert found == held(experts.apply_expert_parallelism(model, mesh, mesh, expert_plan))

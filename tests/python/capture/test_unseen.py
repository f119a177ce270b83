"""Work outside of torch's operators makes the total a lower bound; tables, constants and unused weights do not."""

from __future__ import annotations

import ctypes
import dataclasses
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import thoplw
from torch_version import VERSION

knows_sparse = pytest.mark.skipif(VERSION < (2, 1), reason="torch 2.0 takes it apart further, with no rule for a part")


class InNumpy(nn.Module):
    """A product of which torch sees nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(8, 16))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.from_numpy(x.detach().numpy() @ self.weight.detach().numpy())


class Between(nn.Module):
    """No module of its own does it, and the result is read on."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(8, 8), nn.Linear(8, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = torch.from_numpy(np.fft.fft(self.first(x).numpy()).real.astype(np.float32))
        return self.last(h)


class InMemory(nn.Module):
    """As a kernel in C or Triton does it: torch makes the result, without values."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if x.is_meta:
            raise NotImplementedError("this kernel has no meta kernel")
        y = torch.empty_like(x)
        ctypes.memmove(y.data_ptr(), x.data_ptr(), 4 * x.numel())
        return y


class OverEdges(nn.Module):
    """Sums over the neighbours in a graph of two nodes and three edges."""

    def __init__(self, layout: torch.layout) -> None:
        super().__init__()
        edges = torch.tensor([[1.0, 1.0], [0.0, 1.0]])
        self.register_buffer("graph", edges.to_sparse() if layout is torch.sparse_coo else edges.to_sparse_csr())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.sparse.mm(self.graph, x)


class ToSparse(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.to_sparse()


class FromSparse(nn.Module):
    """Reads its input twice."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(8, 3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.sparse.mm(x, self.weight) + torch.sparse.mm(x, self.weight)


class ToNested(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.nested.as_nested_tensor([x[:1], x], layout=torch.jagged)


def lower_bound(model: nn.Module, *shape: int) -> Any:
    x = torch.ones(shape or (2, 8))
    macs, _, info = thoplw.profile(model, x, convention="exact", verbose=False)
    assert not info.exact
    return macs, [(use.op, use.path) for use in info.uncounted]


@pytest.mark.parametrize(
    ("model", "macs", "path"),
    [
        (InNumpy(), 0, ""),
        (nn.Sequential(nn.Linear(8, 8), InNumpy()), 2 * 8 * 8, "1"),
        (nn.Sequential(nn.Linear(8, 8), nn.Sequential(InMemory())), 2 * 8 * 8, "1.0"),
        (Between(), 2 * (8 * 8 + 8 * 4), ""),
        (nn.Sequential(OverEdges(torch.sparse_coo), InNumpy()), 3 * 8, "1"),
        pytest.param(
            nn.Sequential(ToSparse(), FromSparse(), nn.Linear(3, 8), InNumpy()),
            2 * (16 * 3) + 2 * (3 * 8),
            "3",
            marks=knows_sparse,
        ),
    ],
)
def test_the_module_is_named(model: nn.Module, macs: int, path: str) -> None:
    assert lower_bound(model) == (macs, [("outside::kernel", path)])
    with pytest.raises(thoplw.Error, match="outside::kernel"):
        thoplw.profile(model, torch.ones(2, 8), strict=True)


def test_custom_ops_says_what_it_costs() -> None:
    model = nn.Sequential(nn.Linear(8, 8), InNumpy())
    cost = {InNumpy: lambda layer, inputs, output: len(inputs[0]) * layer.weight.numel()}
    macs, _, info = thoplw.profile(model, torch.ones(2, 8), custom_ops=cost, convention="exact", verbose=False)
    assert (macs, info.exact) == (2 * (8 * 8 + 8 * 16), True)


def test_onednn_in_a_scripted_model() -> None:
    layers = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3), nn.Flatten(), nn.Linear(8 * 4 * 4, 5))
    script = torch.jit.optimize_for_inference(torch.jit.script(layers.eval()))
    if "prim::mkldnn" not in str(script.inlined_graph):
        pytest.skip("this torch leaves the convolutions as they are")
    macs, uncounted = lower_bound(script, 1, 3, 8, 8)
    assert macs == 8 * 4 * 4 * 5
    assert {op.rpartition("_")[0] for op, _ in uncounted} == {"prim::mkldnn"}


class Harmless(nn.Module):
    """What looks alike: tables from numpy, constants, weights that are not used, memory that operators fill."""

    def __init__(self) -> None:
        super().__init__()
        self.layer, self.unused = nn.Linear(8, 8), nn.Linear(8, 8)
        self.tables = [torch.linspace(0, 1, 16).view(2, 8)]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if x.sum() > 1e9:  # needs a real forward
            return x
        order = torch.from_numpy(np.arange(8)[::-1].copy())
        y = x.new_empty(2, 16)
        y[:, :8] = x + self.tables[0] + torch.tensor([1.0, 2.0] * 4) + torch.from_numpy(np.ones((2, 8), np.float32))
        y[:, 8:].copy_(x)
        noise = torch.empty(2, 16).uniform_()
        nothing = torch.empty(2, 0)
        slopes = torch.empty_like(x)
        x = torch.ops.aten.rrelu_with_noise(x, slopes, 0.1, 0.3, True)
        return torch.cat([self.layer((y + noise)[:, :8] + x)[:, order], nothing], dim=1)


@dataclasses.dataclass
class Settings:
    """Has a table, and answers whoever asks for it by getattr with another."""

    table: torch.Tensor

    def __getattribute__(self, name: str) -> Any:
        return torch.zeros(2, 8) if name == "table" else super().__getattribute__(name)


class Looks(nn.Module):
    """Needs a real forward."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * x.sum().item()


class Kept(nn.Module):
    """Gives the table of a dataclass, which no operator has made, whatever its input."""

    def __init__(self) -> None:
        super().__init__()
        self.settings = {"all": [Settings(torch.ones(2, 8))]}

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return vars(self.settings["all"][0])["table"]


class Shapes(nn.Module):
    """Only the sizes of its input are of use to it."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Parameter(torch.ones(9, 8))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.table[: len(x)]


@pytest.mark.parametrize(
    "model", [Harmless(), nn.Sequential(Looks(), Kept()), Shapes(), nn.Sequential(Shapes(), nn.Linear(8, 8))]
)
def test_no_false_alarm(model: nn.Module) -> None:
    assert thoplw.profile(model, torch.ones(2, 8), convention="exact", verbose=False)[2].exact


@pytest.mark.parametrize(
    ("model", "macs"),
    [
        (nn.Sequential(OverEdges(torch.sparse_coo), nn.Linear(8, 8), OverEdges(torch.sparse_coo)), 2 * 3 * 8 + 2 * 64),
        (nn.Sequential(OverEdges(torch.sparse_csr), nn.Linear(8, 8)), 3 * 8 + 2 * 64),
        pytest.param(nn.Sequential(ToSparse(), FromSparse()), 2 * (16 * 3), marks=knows_sparse),
        pytest.param(
            nn.Sequential(ToNested(), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 4)),
            3 * (8 * 8 + 8 * 4),  # rows: 1 + 2
            marks=pytest.mark.skipif(VERSION < (2, 5), reason="jagged tensors reach a mode from torch 2.5 on"),
        ),
    ],
)
def test_no_false_alarm_of_other_layouts(model: nn.Module, macs: int) -> None:
    found, _, info = thoplw.profile(model, torch.ones(2, 8), convention="exact", verbose=False)
    assert (found, info.exact) == (macs, True)

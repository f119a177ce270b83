"""README's table of what other tools do: each cell is tried with the tool itself, called as its own README calls it."""

from __future__ import annotations

import contextlib
import io
import logging
import re
import warnings
from collections.abc import Callable, Iterator

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import thoplw
from found import found
from pages import ROOT


def ours(model: nn.Module, x: torch.Tensor) -> float:
    return thoplw.profile(model, x)[0]


def flop_counter(model: nn.Module, x: torch.Tensor) -> float:
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        model(x)
    return counter.get_total_flops()


def fvcore(model: nn.Module, x: torch.Tensor) -> float:
    from fvcore.nn import FlopCountAnalysis

    return FlopCountAnalysis(model, x).total()


def thop(model: nn.Module, x: torch.Tensor) -> float:
    from thop import profile

    return profile(model, inputs=(x,))[0]


def ptflops(model: nn.Module, x: torch.Tensor) -> float:
    from ptflops import get_model_complexity_info

    made = {"input_constructor": lambda _: x, "as_strings": False, "print_per_layer_stat": False}
    macs = get_model_complexity_info(model, (1,), **made)[0]
    assert macs is not None, "ptflops failed"
    return macs


def torchinfo(model: nn.Module, x: torch.Tensor) -> float:
    from torchinfo import summary

    return summary(model, input_data=x, verbose=0).total_mult_adds


def calflops(model: nn.Module, x: torch.Tensor) -> float:
    from calflops import calculate_flops

    return calculate_flops(model, args=[x], print_results=False, output_as_string=False)[0]


def deepspeed(model: nn.Module, x: torch.Tensor) -> float:
    from deepspeed.profiling.flops_profiler import get_model_profile

    return get_model_profile(model, args=(x,), print_profile=False, as_string=False)[0]


def torchprofile(model: nn.Module, x: torch.Tensor) -> float:
    from torchprofile import profile_macs

    return profile_macs(model, x)


TOOLS: dict[str, Callable[[nn.Module, torch.Tensor], float]] = {
    "thoplw": ours,
    "FlopCounterMode": flop_counter,
    "fvcore": fvcore,
    "thop": thop,
    "ptflops": ptflops,
    "torchinfo": torchinfo,
    "calflops": calflops,
    "DeepSpeed": deepspeed,
    "torchprofile": torchprofile,
}


WIDTH = 8
LINEAR = 16 * WIDTH * WIDTH  # multiply-adds of a linear layer on 16 tokens, which each of these models has


class Model(nn.Module):
    """A linear layer, and something else."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(WIDTH, WIDTH, bias=False)
        self.weight = nn.Parameter(torch.rand(WIDTH, WIDTH))


class Functional(Model):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.linear(self.layer(x), self.weight)


class Attention(Model):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.layer(x).unsqueeze(1)  # of one head
        return F.scaled_dot_product_attention(y, y, y)


class Unknown(Model):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.linalg.matrix_exp(self.layer(x) @ self.layer(x).mT)


class InTraining(Model):
    """A part of it is frozen in eval mode, as one does with the statistics of pretrained norms."""

    def __init__(self) -> None:
        super().__init__()
        self.free, self.frozen = nn.BatchNorm1d(16), nn.BatchNorm1d(16).eval()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.frozen(self.free(self.layer(x)))


def plain(model: type[nn.Module], device: str = "cpu") -> tuple[nn.Module, torch.Tensor]:
    return model().to(device), torch.rand(1, 16, WIDTH, device=device)


def counted(tool: str, model: type[nn.Module], more: int, device: str = "cpu") -> str:
    """Whether it counts the products besides those of the linear layer."""
    with heard() as said:
        found = TOOLS[tool](*plain(model, device))
    with heard():
        alone = TOOLS[tool](nn.Sequential(nn.Linear(WIDTH, WIDTH, bias=False)).to(device), plain(model, device)[1])
    assert alone > 0
    if found > alone:
        assert (found - alone) / alone == pytest.approx(more / LINEAR, rel=0.02)
        return "counted"
    return "0, and a warning" if "scaled_dot_product" in said.getvalue() else "0"


def linear_function(tool: str) -> str:
    return counted(tool, Functional, LINEAR)


def fused_attention(tool: str) -> str:
    products = 2 * 16 * 16 * WIDTH
    here, elsewhere = (counted(tool, Attention, products, device) for device in ("cpu", "meta"))
    return here if here == elsewhere else f"{here} on a CPU, {elsewhere} on meta"


def unknown_operator(tool: str) -> str:
    with heard() as said:
        TOOLS[tool](*plain(Unknown))
    if "matrix_exp" not in said.getvalue():
        return "0"
    return "named, total a lower bound" if "lower bound" in said.getvalue() else "0, and a warning"


def model_in_training_mode(tool: str) -> str:
    model, x = plain(InTraining)
    flags, names = [module.training for module in model.modules()], list(model.state_dict())
    before = found(model)
    with heard():
        TOOLS[tool](model, x)
    wrong = []
    if [module.training for module in model.modules()] != flags:
        wrong.append("other modes")
    if list(model.state_dict()) != names:
        wrong.append("new buffers")
    elif int(model.state_dict()["free.num_batches_tracked"]):
        wrong.append("other statistics")
    if not wrong:
        assert found(model) == before
    return ", ".join(wrong) or "as it was"


COLUMNS = [linear_function, fused_attention, unknown_operator, model_in_training_mode]


@contextlib.contextmanager
def heard() -> Iterator[io.StringIO]:
    """What is printed, warned and logged."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    loggers = [logging.getLogger(), *(logging.getLogger(name) for name in ("fvcore", "fvcore.nn.jit_analysis"))]
    with (
        warnings.catch_warnings(record=True) as caught,
        contextlib.redirect_stdout(text),
        contextlib.redirect_stderr(text),
    ):
        warnings.simplefilter("always")
        for logger in loggers:
            logger.addHandler(handler)
        try:
            yield text
        finally:
            for logger in loggers:
                logger.removeHandler(handler)
            text.write("\n".join(str(warning.message) for warning in caught))


def table() -> dict[str, list[str]]:
    section = (ROOT / "README.md").read_text().partition("\n## Beside other tools\n")[2].partition("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line[:1] == "|"]
    return {re.sub(r"[`*]|\[|\]\(.*\)|, of torch", "", row[0]): row[1 : 1 + len(COLUMNS)] for row in rows[2:]}


@pytest.mark.parametrize("tool", TOOLS)
def test_what_the_table_says_of_a_tool(tool: str) -> None:
    pytest.importorskip({"FlopCounterMode": "torch", "DeepSpeed": "deepspeed"}.get(tool, tool))
    assert table()[tool] == [tried(tool) for tried in COLUMNS]


def test_each_row_of_the_table_is_tried() -> None:
    assert set(table()) == set(TOOLS)

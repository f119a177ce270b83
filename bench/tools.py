"""The columns of the suite: one row per tool, called as its own documentation calls it, its output silenced.

A tool's `prepare` imports it and gets the model and input ready, untimed; the call that it returns is what is timed.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

import thoplw

from .suite import Case

Call = Callable[[], object]


@dataclass(frozen=True)
class Tool:
    name: str
    how: str  # the call, for the table's legend
    prepare: Callable[[nn.Module, Case], Call]
    peer: bool = True  # another tool that counts, not a forward to compare with
    fresh: bool = True  # it leaves something on the model: each call gets a copy of its own


def prepare_thoplw(model: nn.Module, case: Case) -> Call:
    x = case.input()
    return lambda: thoplw.profile(model, x, verbose=False)


def prepare_meta(model: nn.Module, case: Case) -> Call:
    meta = copy.deepcopy(model).to("meta")
    x = case.input("meta")
    return lambda: forward(meta, x)


def prepare_real(model: nn.Module, case: Case) -> Call:
    x = case.input()
    return lambda: forward(model, x)


def forward(model: nn.Module, x: torch.Tensor) -> object:
    with torch.no_grad():
        return model(x)


def prepare_flop_counter(model: nn.Module, case: Case) -> Call:
    from torch.utils.flop_counter import FlopCounterMode

    meta = copy.deepcopy(model).to("meta")
    x = case.input("meta")

    def call() -> object:
        with FlopCounterMode(display=False) as mode:
            forward(meta, x)
        return mode.get_total_flops()

    return call


def prepare_thop(model: nn.Module, case: Case) -> Call:
    import thop

    x = case.input()
    return lambda: thop.profile(model, inputs=(x,), verbose=False)


def prepare_fvcore(model: nn.Module, case: Case) -> Call:
    from fvcore.nn import FlopCountAnalysis

    x = case.input()
    return lambda: FlopCountAnalysis(model, x).total()


def prepare_ptflops(backend: str) -> Callable[[nn.Module, Case], Call]:
    def prepare(model: nn.Module, case: Case) -> Call:
        from ptflops import get_model_complexity_info

        ids = case.input() if case.tokens else None
        settings = {"input_constructor": lambda _: {"input_ids": ids}} if case.tokens else {}

        def call() -> object:
            macs, params = get_model_complexity_info(
                model, case.shape[1:], as_strings=False, print_per_layer_stat=False, backend=backend, **settings
            )
            if macs is None:
                raise RuntimeError("returned no result")
            return macs, params

        return call

    return prepare


def prepare_torchinfo(model: nn.Module, case: Case) -> Call:
    import torchinfo

    if case.tokens:
        ids = case.input()
        return lambda: torchinfo.summary(model, input_data=ids, verbose=0)
    return lambda: torchinfo.summary(model, input_size=case.shape, verbose=0)


def prepare_calflops(model: nn.Module, case: Case) -> Call:
    from calflops import calculate_flops

    if case.tokens:
        ids = case.input()
        return lambda: calculate_flops(model, kwargs={"input_ids": ids}, print_results=False, output_as_string=False)
    return lambda: calculate_flops(model, input_shape=case.shape, print_results=False, output_as_string=False)


def prepare_deepspeed(model: nn.Module, case: Case) -> Call:
    from deepspeed.profiling.flops_profiler import get_model_profile

    if case.tokens:
        ids = case.input()
        return lambda: get_model_profile(model, kwargs={"input_ids": ids}, print_profile=False, as_string=False)
    return lambda: get_model_profile(model, input_shape=case.shape, print_profile=False, as_string=False)


THOPLW = Tool(
    "thoplw",
    "the whole `thoplw.profile(model, x, verbose=False)`, real weights",
    prepare_thoplw,
    peer=False,
    fresh=False,
)
META = Tool(
    "meta forward",
    "`model(x)` under `no_grad`, model and `x` on the meta device, no tool",
    prepare_meta,
    peer=False,
    fresh=False,
)

TOOLS = (
    THOPLW,
    META,
    Tool("real forward", "`model(x)` under `no_grad`, no tool", prepare_real, peer=False, fresh=False),
    Tool("FlopCounterMode", "torch's own, around the meta forward", prepare_flop_counter, fresh=False),
    Tool("thop", "`thop.profile(model, inputs=(x,), verbose=False)`", prepare_thop),
    Tool("fvcore", "`FlopCountAnalysis(model, x).total()`", prepare_fvcore),
    Tool(
        "ptflops", "`get_model_complexity_info(..., backend='pytorch')`, always at batch 1", prepare_ptflops("pytorch")
    ),
    Tool(
        "ptflops aten", "`get_model_complexity_info(..., backend='aten')`, always at batch 1", prepare_ptflops("aten")
    ),
    Tool("torchinfo", "`torchinfo.summary(model, input_size=..., verbose=0)`", prepare_torchinfo),
    Tool("calflops", "`calculate_flops(model, input_shape=..., print_results=False)`", prepare_calflops),
    Tool(
        "deepspeed",
        "`get_model_profile(model, input_shape=...)`: one forward to warm up, one to count",
        prepare_deepspeed,
    ),
)


def find_tool(name: str) -> Tool:
    for tool in TOOLS:
        if tool.name == name:
            return tool
    raise SystemExit(f"bench: unknown tool {name!r}; known: {', '.join(tool.name for tool in TOOLS)}")

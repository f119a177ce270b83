"""What the other tools print: each called as its own documentation calls it, on the CPU, in eval mode."""

from __future__ import annotations

import contextlib
import copy
import io
import logging
import warnings
from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from torch import nn


class Printed(NamedTuple):
    """A total, the parameters and, where the tool has them, what it says of each layer."""

    cost: int
    params: int
    layers: dict[str, int]


Peer = Callable[[nn.Module, tuple[torch.Tensor, ...]], Printed]


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    nowhere = io.StringIO()
    with warnings.catch_warnings(), contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
        warnings.simplefilter("ignore")
        logging.disable(logging.CRITICAL)
        try:
            yield
        finally:
            logging.disable(logging.NOTSET)


def whole(number: float) -> int:
    assert number == int(number), number
    return int(number)


def thop(model: nn.Module, args: tuple[torch.Tensor, ...]) -> Printed:
    from thop import profile

    macs, params, layers = profile(copy.deepcopy(model), args, verbose=False, ret_layer_info=True)
    first = {module: name for name, module in model.named_modules()}  # of the places where a module stands
    found: dict[str, int] = {}

    def walk(entries: dict[str, tuple[float, float, dict]], prefix: str) -> None:
        for name, (cost, _, inner) in entries.items():
            if inner:
                walk(inner, f"{prefix}{name}.")
            else:
                path = first[model.get_submodule(prefix + name)]
                found[path] = found.get(path, 0) + whole(cost)

    walk(layers, "")
    return Printed(whole(macs), whole(params), found)


def fvcore(model: nn.Module, args: tuple[torch.Tensor, ...]) -> Printed:
    from fvcore.nn import FlopCountAnalysis, parameter_count

    analysis = FlopCountAnalysis(model, args).tracer_warnings("none")
    analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    layers = {name: whole(cost) for name, cost in analysis.by_module().items()}
    return Printed(whole(analysis.total()), parameter_count(model)[""], layers)


def torch_flop_counter(model: nn.Module, args: tuple[torch.Tensor, ...]) -> Printed:
    """On meta; with the products of attention on the CPU, where it runs into what meta tensors cannot do."""
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.utils.flop_counter import FlopCounterMode

    params = sum(p.numel() for p in model.parameters())
    try:
        with FlopCounterMode(display=False) as counter:
            copy.deepcopy(model).to("meta")(*(x.to("meta") for x in args))
    except RuntimeError:
        with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH):
            model(*args)
    return Printed(counter.get_total_flops(), params, {})


def ptflops(model: nn.Module, args: tuple[torch.Tensor, ...]) -> Printed:
    """Of one input, given by place, ptflops reads the size of the batch."""
    from ptflops.pytorch_engine import add_flops_counting_methods

    macs, params = complexity_info(model, args, "pytorch")
    counted = add_flops_counting_methods(copy.deepcopy(model))
    counted.start_flops_count(ost=io.StringIO(), verbose=False, ignore_list=[])
    counted(*args)
    first = {module: name for name, module in reversed(list(counted.named_modules()))}
    layers: dict[str, int] = {}
    for _, module in counted.named_modules(remove_duplicate=False):
        if hasattr(module, "__flops__"):
            layers[first[module]] = layers.get(first[module], 0) + module.__flops__ // counted.__batch_counter__
    return Printed(macs, params, layers)


def ptflops_aten(model: nn.Module, args: tuple[torch.Tensor, ...]) -> Printed:
    return Printed(*complexity_info(model, args, "aten"), {})


def torchinfo(model: nn.Module, args: tuple[torch.Tensor, ...]) -> Printed:
    from torchinfo import summary

    statistics = summary(model, input_data=list(args), verbose=0)
    first = {module: name for name, module in reversed(list(model.named_modules()))}
    layers: dict[str, int] = {}
    for entry in statistics.summary_list:
        if entry.is_leaf_layer:
            layers[first[entry.module]] = layers.get(first[entry.module], 0) + entry.macs
    return Printed(statistics.total_mult_adds, statistics.total_params, layers)


def complexity_info(model: nn.Module, args: tuple[torch.Tensor, ...], backend: str) -> tuple[int, int]:
    from ptflops import get_model_complexity_info

    (x,) = args
    macs, params = get_model_complexity_info(
        copy.deepcopy(model), (1,), input_constructor=lambda _: x, backend=backend,
        print_per_layer_stat=False, as_strings=False,
    )  # fmt: skip
    assert macs is not None, "ptflops failed"
    return macs, params


PEERS: dict[str, Peer] = {
    "fvcore": fvcore,
    "ptflops": ptflops,
    "ptflops-aten": ptflops_aten,
    "thop": thop,
    "torch": torch_flop_counter,
    "torchinfo": torchinfo,
}


def of_one_row(tool: str, model: nn.Module, name: str) -> bool:
    """Does the tool's number for a layer stand in one row of ours? Not where it adds up what is inside."""
    return not list(model.get_submodule(name).children())

"""What the other tools print: each called as its own documentation calls it, on the CPU, in eval mode."""

from __future__ import annotations

import ast
import contextlib
import copy
import csv
import functools
import importlib
import inspect
import io
import logging
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
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

    names = inspect.signature(model.forward).parameters
    by_name = dict(zip(names, args, strict=False))  # it takes one input, or all by name
    macs, params = get_model_complexity_info(
        copy.deepcopy(model), (1,), input_constructor=lambda _: args[0] if len(args) == 1 else by_name, backend=backend,
        print_per_layer_stat=False, as_strings=False,
    )  # fmt: skip
    assert macs is not None, "ptflops failed"
    return macs, params


def calflops(model: nn.Module, args: tuple[torch.Tensor, ...]) -> Printed:
    """Its calculate_flops asks the model for its first parameter before, which it need not have."""
    from calflops.calculate_pipline import CalFlopsPipline

    pipeline = CalFlopsPipline(model, include_backPropagation=False, compute_bp_factor=2.0)
    pipeline.start_flops_calculate()
    try:
        model(*args)
        places = model.named_modules(remove_duplicate=False)
        return Printed(pipeline.get_total_flops(), pipeline.get_total_params(), flops_of_layers(model, places))
    finally:
        pipeline.end_flops_calculate()


def deepspeed(model: nn.Module, args: tuple[torch.Tensor, ...]) -> Printed:
    from deepspeed.profiling.flops_profiler import FlopsProfiler

    profiler = FlopsProfiler(model)
    profiler.start_profile()
    try:
        model(*args)
        layers = flops_of_layers(model, model.named_modules())
        return Printed(profiler.get_total_flops(), profiler.get_total_params(), layers)
    finally:
        profiler.end_profile()


def flops_of_layers(model: nn.Module, places: Iterable[tuple[str, nn.Module]]) -> dict[str, int]:
    """What modules say of themselves, under the first of their names."""
    first = {module: name for name, module in model.named_modules()}
    layers: dict[str, int] = {}
    for _, module in places:
        layers[first[module]] = layers.get(first[module], 0) + module.__flops__
    return layers


def torchprofile(model: nn.Module, args: tuple[torch.Tensor, ...]) -> Printed:
    from torchprofile import profile_macs

    return Printed(whole(profile_macs(model, args)), sum(p.numel() for p in model.parameters()), {})


def mmengine(model: nn.Module, args: tuple[torch.Tensor, ...]) -> Printed:
    from mmengine.analysis import FlopAnalyzer, get_model_complexity_info

    info = get_model_complexity_info(model, inputs=args, show_table=False, show_arch=False)
    analysis = FlopAnalyzer(model, args).tracer_warnings("none")
    analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    layers = {name: whole(cost) for name, cost in analysis.by_module().items()}
    return Printed(whole(info["flops"]), whole(info["params"]), layers)


def torchstat(model: nn.Module, args: tuple[torch.Tensor, ...]) -> Printed:
    """Its report needs a pandas of before 2.0; what the report adds up does not."""
    from torchstat.statistics import ModelStat

    model = copy.deepcopy(model)
    try:
        nodes = ModelStat(model, args[0].shape[1:])._analyze_model()
    finally:
        for cls in {type(module) for module in model.modules()} - {nn.Module}:
            if cls.__dict__.get("__call__", None).__class__ is type(torchstat):  # which it leaves there
                del cls.__call__
    layers = {node.name: whole(node.Flops) for node in nodes}
    return Printed(sum(layers.values()), whole(sum(node.parameter_quantity for node in nodes)), layers)


def one_image(args: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...] | None:
    """What a tool is given that makes one image itself, of the size of the first; None where there is no image."""
    image = len(args) == 1 and args[0].dim() == 4 and args[0].is_floating_point()
    return (args[0][:1],) if image else None


ULTRALYTICS = "ultralytics-thop==2.2.3"


@functools.cache
def ultralytics_folder() -> str:
    """Where pip put it: its module has the name of another tool's, so that it cannot be installed beside that."""
    folder = Path(__file__).parents[3] / ".pytest_cache" / ULTRALYTICS
    if not folder.exists():
        folder.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as fresh:
            made_in = f"{fresh}/made"
            command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", made_in, ULTRALYTICS]
            made = subprocess.run(command, capture_output=True, text=True)
            if made.returncode != 0:
                pytest.skip(f"pip cannot get {ULTRALYTICS}: {made.stderr.strip()}")
            with contextlib.suppress(OSError):  # another worker was first
                Path(made_in).rename(folder)
    return str(folder)


@contextlib.contextmanager
def ultralytics_module() -> Iterator[Any]:
    """Imported in place of the other one, which is put back."""

    def take_out() -> dict[str, Any]:
        return {name: sys.modules.pop(name) for name in [*sys.modules] if name.split(".")[0] == "thop"}

    sys.path.insert(0, ultralytics_folder())
    others = take_out()
    try:
        yield importlib.import_module("thop")
    finally:
        take_out()
        sys.modules.update(others)
        sys.path.pop(0)


def ultralytics_thop(model: nn.Module, args: tuple[torch.Tensor, ...]) -> Printed:
    with ultralytics_module() as module:
        macs, params, layers = module.profile(copy.deepcopy(model), args, verbose=False, ret_layer_info=True)
    first = {module: name for name, module in model.named_modules()}
    found: dict[str, int] = {}

    def walk(entries: dict[str, tuple[float, float, dict]], prefix: str) -> None:
        for name, (cost, _, inner) in entries.items():
            found[first[model.get_submodule(prefix + name)]] = whole(cost)
            walk(inner, f"{prefix}{name}.")

    walk(layers, "")
    return Printed(whole(macs), whole(params), found)


def onnx_tool(file: Path) -> Printed:
    """Of an exported file. Nodes say which module they come from, innermost last but for their own name."""
    import onnx
    from onnx_tool import model_profile

    table = file.with_suffix(".csv")
    model_profile(str(file), save_profile=str(table))
    with table.open() as lines:
        rows = {row["Name"]: row for row in csv.DictReader(lines)}
    total = rows.pop("Total")
    layers: dict[str, int] = {}
    for node in onnx.load(file, load_external_data=False).graph.node:
        scopes = [entry.value for entry in node.metadata_props if entry.key == "pkg.torch.onnx.name_scopes"]
        if scopes and node.name in rows:
            path = ast.literal_eval(scopes[0])[-2]
            layers[path] = layers.get(path, 0) + int(rows[node.name]["Forward_MACs"])
    return Printed(int(total["Forward_MACs"]), int(total["Params"]), layers)


PEERS: dict[str, Peer] = {
    "calflops": calflops,
    "deepspeed": deepspeed,
    "fvcore": fvcore,
    "mmengine": mmengine,
    "ptflops": ptflops,
    "ptflops-aten": ptflops_aten,
    "thop": thop,
    "torch": torch_flop_counter,
    "torchinfo": torchinfo,
    "torchprofile": torchprofile,
    "torchstat": torchstat,
    "ultralytics-thop": ultralytics_thop,
}


EXPORTED: dict[str, Callable[[Path], Printed]] = {"onnx-tool": onnx_tool}
"""Tools that read an .onnx file."""


WITHOUT: dict[str, str] = {
    "keras": "it counts layers of its own, not those of torch: test_keras.py builds the ones that do the same",
}
"""Tools that cannot be given a model of torch, and what is tested in place of that."""


def of_one_row(tool: str, model: nn.Module, name: str) -> bool:
    """Does the tool's number for a layer stand in one row of ours? Not where it adds up what is inside."""
    return not list(model.get_submodule(name).children())

"""python -m bench.sweeps: time per candidate of a sweep, beside the same loop with other tools; as Markdown.

With --save it writes SWEEPS.md, too.
"""

from __future__ import annotations

import argparse
import itertools
import logging
import os
import platform
import re
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import torch
from torch import nn

import thoplw
from thoplw._models import import_torchvision

from .measure import quiet
from .report import markdown

RESULTS = Path(__file__).parent / "SWEEPS.md"
MANY = 100_000  # candidates of the sweep whose memory is watched


def convolutional(width: int, depth: int, kernel: int) -> nn.Module:
    """Of the kind that a search for small networks draws."""
    layers: list[nn.Module] = []
    channels = 3
    for _ in range(depth):
        layers += [nn.Conv2d(channels, width, kernel, padding=kernel // 2), nn.BatchNorm2d(width), nn.ReLU()]
        channels = width
    model: nn.Module = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10))
    return model


def resnet(width: int, classes: int) -> nn.Module:
    model: nn.Module = import_torchvision().models.resnet50(width_per_group=width, num_classes=classes)
    return model


def vit(depth: int, heads: int, width: int) -> nn.Module:
    models = import_torchvision().models
    model: nn.Module = models.VisionTransformer(224, 16, depth, heads, heads * width, 4 * heads * width)
    return model


# What makes candidates, of what, their input, and how many a sweep and another tool count.
SPACES: dict[str, tuple[Callable[..., nn.Module], dict[str, Any], tuple[int, ...], int, int]] = {
    "small convolutional": (
        convolutional,
        {"width": range(8, 108), "depth": range(4, 14), "kernel": [3, 5]},
        (1, 3, 64, 64),
        2000,
        20,
    ),
    "resnet50": (resnet, {"width": range(16, 116), "classes": [10, 100]}, (1, 3, 224, 224), 200, 6),
    "vision transformer": (
        vit,
        {"depth": [6, 9, 12], "heads": [2, 3, 4, 6, 8], "width": range(16, 68, 4)},
        (1, 3, 224, 224),
        195,
        6,
    ),
}


def on_fvcore(model: nn.Module, x: torch.Tensor) -> int:
    from fvcore.nn import FlopCountAnalysis

    return int(FlopCountAnalysis(model, x).total())


def on_ptflops(model: nn.Module, x: torch.Tensor) -> int:
    from ptflops import get_model_complexity_info

    answer = get_model_complexity_info(
        model, tuple(x.shape[1:]), as_strings=False, print_per_layer_stat=False, input_constructor=lambda _: x
    )
    return int(answer[0])


def on_torch(model: nn.Module, x: torch.Tensor) -> int:
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(x)
    return int(counter.get_total_flops())


TOOLS = {"fvcore": on_fvcore, "ptflops": on_ptflops, "FlopCounterMode": on_torch}


def settings_of(space: dict[str, Any], count: int) -> list[dict[str, Any]]:
    """So many of them, spread over the space."""
    everything = [dict(zip(space, values, strict=True)) for values in itertools.product(*space.values())]
    return everything[:: max(len(everything) // count, 1)][:count]


def seconds_of_tool(name: str, space: str) -> tuple[float | None, str]:
    """Of CPU for each candidate, and where the model was."""
    build, settings, shape, _, count = SPACES[space]
    for place in ("meta", "cpu"):
        seconds = []
        try:
            with quiet(), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                for candidate in settings_of(settings, count + 1):
                    start = time.process_time()
                    with torch.device(place):
                        model, x = build(**candidate), torch.zeros(shape)
                    TOOLS[name](model.eval(), x)
                    seconds.append(time.process_time() - start)
        except Exception:
            continue
        return statistics.mean(seconds[1:]), place  # the first has its imports
    return None, ""


def seconds_of_all() -> float:
    """Of CPU, that this process and those that it started have used."""
    this = psutil.Process()
    return sum(sum(process.cpu_times()[:2]) for process in [this, *this.children(recursive=True)])


def seconds_of_sweep(space: str, jobs: int) -> float:
    """Of CPU for each candidate, with workers that are there already."""
    build, settings, shape, count, _ = SPACES[space]
    drawn = settings_of(settings, count)
    thoplw.sweep(build, drawn[: 4 * jobs], inputs=shape, jobs=jobs)
    found = []
    for _ in range(3):
        start = seconds_of_all()
        assert not len(thoplw.sweep(build, drawn, inputs=shape, jobs=jobs).failed)
        found.append((seconds_of_all() - start) / len(drawn))
    return min(found)


def speed() -> list[str]:
    rows = []
    for space in SPACES:
        one, two = seconds_of_sweep(space, 1), seconds_of_sweep(space, 2)
        tools = {name: seconds_of_tool(name, space) for name in TOOLS}
        fastest = min((seconds for seconds, _ in tools.values() if seconds), default=0.0)
        rows.append(
            [
                space,
                f"{1000 * one:.2f}",
                f"{1000 * two:.2f}",
                f"{2 * one / two:.2f} x",
                *(f"{1000 * seconds:.1f} ({place})" if seconds else "fails" for seconds, place in tools.values()),
                f"{fastest / one:.1f} x",
                f"{2 * fastest / two:.1f} x",
            ]
        )
    titles = ["candidates", "one process", "two workers", "two cores to one", *TOOLS]
    return markdown([*titles, "one core to the fastest", "two cores to it"], rows)


def memory_of(process: int) -> float:
    """MB."""
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{process}/status").read_text())
    assert found
    return int(found[1]) / 1000


def many() -> list[str]:
    """A hundred thousand candidates: memory while they are made, and how long it takes to open and to look at them."""
    rows = []
    marks = dict.fromkeys((MANY // 100, MANY // 2, MANY - 1), 0.0)

    def space() -> Iterator[dict[str, int]]:
        for i in range(MANY):
            if i in marks:
                marks[i] = memory_of(os.getpid())
            yield {"width": i % 1000 + 1, "outputs": i // 1000 + 1}

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "results.parquet"
        start = time.perf_counter()
        thoplw.sweep(nn.Linear, ({"in_features": s["width"], "out_features": s["outputs"]} for s in space()),
                     inputs=lambda in_features: (1, in_features), output=file)  # fmt: skip
        rows.append(["counted, and written as Parquet", f"{time.perf_counter() - start:.1f} s"])
        for at, size in marks.items():
            rows.append([f"memory of the driver after {at + 1} candidates", f"{size:.0f} MB"])
        start = time.perf_counter()
        sweep = thoplw.Sweep.read(file)
        rows.append(["opened", f"{time.perf_counter() - start:.2f} s"])
        assert len(sweep) == MANY
        acts: dict[str, Callable[[], object]] = {
            "filtered and sorted": lambda: sweep.filter(under={"macs": 10_000}).sorted("macs"),
            "the Pareto front": lambda: sweep.pareto("params", "macs"),
            "the page": lambda: sweep.summary("html"),
            "the picture": lambda: sweep.summary("svg"),
        }
        for what, act in acts.items():
            start = time.perf_counter()
            act()
            rows.append([what, f"{time.perf_counter() - start:.2f} s"])
    return markdown(["a hundred thousand candidates", ""], rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--save", action="store_true")
    save = parser.parse_args().save
    logging.disable(logging.WARNING)
    import_torchvision()  # ptflops imports it, too
    torch.set_num_threads(1)
    text = "# Sweeps\n\n## Milliseconds of CPU per candidate\n\n" + "\n".join(speed())
    text += (
        "\n\nEach candidate is built and counted. `thoplw.sweep` builds on the meta device. The other tools run in a\n"
        "loop of one process, on models that `torch.device` makes on the meta device; where a tool fails there, on\n"
        "the CPU. Time is that of the CPU, of driver and workers together, which other work on the machine changes\n"
        "little; of three runs the least counts. Workers are started before.\n"
    )
    text += "\n## Many\n\n" + "\n".join(many()) + "\n"
    text += f"\ntorch {torch.__version__}, Python {platform.python_version()}, {os.cpu_count()} cores.\n"
    print(text)
    if save:
        RESULTS.write_text(text)


if __name__ == "__main__":
    main()

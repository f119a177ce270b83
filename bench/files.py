"""python -m bench.files: whole processes that open model files, beside Python doing the same; printed and saved."""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .report import machine

RESULTS = Path(__file__).parent / "FILES.md"
GIB = 1 << 30

# What a user would write in Python: the same numbers, by the library that the file is for.
PT2 = """
import sys, torch
from torch.utils.flop_counter import FlopCounterMode
program = torch.export.load(sys.argv[1])
inputs = program.example_inputs[0]
with FlopCounterMode(display=False) as counter, torch.no_grad():
    program.module()(*inputs)
print(counter.get_total_flops() // 2)
"""
ONNX = """
import sys, onnx_tool
model = onnx_tool.Model(sys.argv[1], {"verbose": False})
model.graph.shape_infer()
model.graph.profile()
print(int(sum(model.graph.macs)))
"""


@dataclass
class File:
    """A model file, how to make it, and the Python that does what thoplw does."""

    name: str
    make: Callable[[Path], None]
    python: str


def export(path: Path, name: str) -> None:
    import torch

    model, x = _vision(name)
    torch.export.save(torch.export.export(model, (x,)), path)


def export_onnx(path: Path, name: str) -> None:
    """Optimized: onnx-tool does not read the file as it is exported otherwise."""
    import torch

    model, x = _vision(name)
    torch.onnx.export(model, (x,), path, dynamo=True, optimize=True, external_data=False, verbose=False)


def export_large(path: Path) -> None:
    """More than 4 GiB, so that the archive is a ZIP64 one: a table of 1,200,000 rows of 1024 floats."""
    import torch

    table = torch.nn.Embedding(1_200_000, 1024, _weight=torch.zeros(1_200_000, 1024))
    model = torch.nn.Sequential(table, torch.nn.Linear(1024, 1024)).eval()
    torch.export.save(torch.export.export(model, (torch.zeros(1, 16, dtype=torch.int64),)), path)
    assert path.stat().st_size > 4 * GIB


def _vision(name: str) -> tuple[object, object]:
    import torch

    from thoplw._models import import_torchvision

    model = getattr(import_torchvision().models, name)().eval()
    return model, torch.randn(1, 3, 224, 224)


FILES = (
    File("resnet18.pt2", lambda path: export(path, "resnet18"), PT2),
    File("vit_b_16.pt2", lambda path: export(path, "vit_b_16"), PT2),
    File("swin_t.pt2", lambda path: export(path, "swin_t"), PT2),
    File("large.pt2", export_large, PT2),
    File("resnet50.onnx", lambda path: export_onnx(path, "resnet50"), ONNX),
    File("vit_b_16.onnx", lambda path: export_onnx(path, "vit_b_16"), ONNX),
)


def run(command: list[str]) -> float:
    """Seconds of one whole process."""
    start = time.perf_counter()
    process = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    seconds = time.perf_counter() - start
    if process.returncode != 0:
        raise RuntimeError((process.stderr.strip().splitlines() or ["no word why"])[-1])
    return seconds


def peak(command: list[str]) -> int:
    """Bytes resident at most, by time(1): rusage would count what this process holds when it forks."""
    timed = ["/usr/bin/time", "-f", "%M", *command]
    process = subprocess.run(timed, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=True)
    return int(process.stderr.splitlines()[-1]) * 1024


def measure(file: File, path: Path, thoplw: str, rounds: int) -> list[str]:
    """A row of the table: medians of interleaved runs, the files warm in the page cache."""
    ours, theirs = [thoplw, str(path)], [sys.executable, "-W", "ignore", "-c", file.python, str(path)]
    run(ours)
    quick, slow = [], []
    for _ in range(rounds):
        quick += [run(ours) for _ in range(10)]
        slow.append(run(theirs))
    ratio = statistics.median(slow) / statistics.median(quick)
    return [
        file.name,
        f"{path.stat().st_size / 1e6:.0f} MB",
        f"{1e3 * statistics.median(quick):.1f} ms",
        f"{peak(ours) / 1e6:.1f} MB",
        f"{statistics.median(slow):.2f} s",
        f"{peak(theirs) / 1e6:.0f} MB",
        f"{ratio:.0f}x",
    ]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.files", description=__doc__)
    parser.add_argument("--thoplw", default=shutil.which("thoplw"), help="the native command")
    parser.add_argument("--rounds", type=int, default=5, help="runs of Python per file; thoplw has 10 times as many")
    parser.add_argument("--files", nargs="+", choices=[file.name for file in FILES], help="default: all")
    options = parser.parse_args(arguments)
    lines = [
        "# Model files: whole processes",
        "",
        f"`python -m bench.files`, {machine()}: medians of {options.rounds} interleaved rounds, start of the process",
        "included, files in the page cache. In Python: `torch.export.load` and FlopCounterMode; onnx-tool.",
        "",
        "| file | size | thoplw | resident at most | Python | resident at most | ratio |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    with tempfile.TemporaryDirectory() as folder:
        for file in FILES:
            if options.files and file.name not in options.files:
                continue
            print(f"bench: {file.name}", file=sys.stderr, flush=True)
            path = Path(folder) / file.name
            file.make(path)
            lines.append("| " + " | ".join(measure(file, path, options.thoplw, options.rounds)) + " |")
            path.unlink()
    text = "\n".join(lines) + "\n"
    print(text, end="")
    if not options.files:
        RESULTS.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())

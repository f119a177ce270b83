"""Measures this machine: how fast it moves memory and multiplies matrices, by a short real run with torch."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterable
from datetime import date
from typing import TYPE_CHECKING

from thoplw._native import Error
from thoplw._system import memory_of_machine

if TYPE_CHECKING:
    import torch

_SECONDS = 0.5  # for each thing that is measured
_LEAST_RUNS = 3
_SIZES = {"cpu": (256, 512, 1024, 2048), "cuda": (1024, 2048, 4096, 8192)}  # of square matrices
_CONVOLVED = {"cpu": ((1, 64, 56), (1, 128, 28), (1, 256, 14)), "cuda": ((64, 256, 28),)}  # batch, channels, size
_COPIED = {"cpu": 256 * 2**20, "cuda": 2**30}  # bytes, more than caches hold
_TYPES = {"float64": "fp64", "float32": "fp32", "float16": "fp16", "bfloat16": "bf16"}


def this_machine() -> str:
    """Measures the machine, its first GPU where torch sees one, and gives that as a file of devices."""
    return as_file(figures())


def figures(types: Iterable[str] = _TYPES) -> dict[str, int]:
    """Bytes per second of "bandwidth", and operations per second of each type that there is a kernel for: those of
    products of matrices or of convolutions, whose kernels may be the faster ones."""
    try:
        import torch
    except ImportError:
        raise Error("measuring needs PyTorch: pip install torch") from None
    on = _where()
    rates = {"bandwidth": _bandwidth(on)}
    for torch_name in types:
        dtype = getattr(torch, torch_name)
        rates[_TYPES[torch_name]] = max(_products(on, dtype), _convolutions(on, dtype))
    if on == "cuda":
        rates["tf32"] = _tf32()
    return {name: rate for name, rate in rates.items() if rate > 0}


def as_file(rates: dict[str, int]) -> str:
    """A file of devices, with this one in it."""
    import torch

    on = _where()
    lines = [
        "[this-machine]",
        f'title = "{_title(on)}"',
        f"memory = {_memory(on)}",
        f"bandwidth = {rates['bandwidth']}",
        f'note = "measured by thoplw devices --measure: the best of a few runs, on {_threads(on)}"',
        f'source = "torch {torch.__version__}"',
        f'read = "{date.today().isoformat()}"',
        "",
        "[this-machine.peak]",
        *(f"{name} = {rate}" for name, rate in rates.items() if name != "bandwidth"),
    ]
    return "\n".join(lines)


def _where() -> str:
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def _title(on: str) -> str:
    import torch

    if on == "cuda":
        return str(torch.cuda.get_device_name())
    return f"{platform.machine()}, {torch.get_num_threads()} threads"


def _threads(on: str) -> str:
    import torch

    return "one GPU" if on == "cuda" else f"{torch.get_num_threads()} threads of a CPU"


def _memory(on: str) -> int:
    import torch

    if on == "cuda":
        return int(torch.cuda.get_device_properties(0).total_memory)
    return memory_of_machine()


def _best(run: Callable[[], object], on: str) -> float:
    """Seconds of the fastest of as many runs as there is time for."""
    import torch

    def once() -> float:
        if on == "cuda":
            torch.cuda.synchronize()
        begin = time.perf_counter()
        run()
        if on == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter() - begin

    once()  # pages are touched, kernels are chosen
    times: list[float] = []
    while len(times) < _LEAST_RUNS or sum(times) < _SECONDS:
        times.append(once())
    return min(times)


def _bandwidth(on: str) -> int:
    """Bytes per second of a copy: what it reads and what it writes."""
    import torch

    source = torch.ones(_COPIED[on] // 4, device=on)
    target = torch.empty_like(source)
    return int(2 * _COPIED[on] / _best(lambda: target.copy_(source), on))


def _products(on: str, dtype: torch.dtype) -> int:
    """Operations per second of the size of matrices that is fastest; larger ones are not tried where one is slow."""
    import torch

    best = 0.0
    for size in _SIZES[on]:
        try:
            a = torch.ones(size, size, device=on, dtype=dtype)
            out = torch.empty_like(a)
            with torch.inference_mode():
                seconds = _best(lambda a=a, out=out: torch.mm(a, a, out=out), on)  # type: ignore[misc]
        except RuntimeError:  # no kernel for this type
            return int(best)
        rate = 2 * size**3 / seconds
        best = max(best, rate)
        if 8 * seconds > _SECONDS:  # the next takes eight times as long
            break
    return int(best)


def _convolutions(on: str, dtype: torch.dtype) -> int:
    """Operations per second of the 3 x 3 convolution that is fastest."""
    import torch

    best = 0.0
    for batch, channels, size in _CONVOLVED[on]:
        try:
            x = torch.ones(batch, channels, size, size, device=on, dtype=dtype)
            weight = torch.ones(channels, channels, 3, 3, device=on, dtype=dtype)
            with torch.inference_mode():
                seconds = _best(lambda x=x, w=weight: torch.conv2d(x, w, padding=1), on)  # type: ignore[misc]
        except RuntimeError:  # no kernel for this type
            break
        best = max(best, 2 * batch * size**2 * channels**2 * 9 / seconds)
    return int(best)


def _tf32() -> int:
    import torch

    before = torch.backends.cuda.matmul.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = True
    try:
        return _products("cuda", torch.float32)
    finally:
        torch.backends.cuda.matmul.allow_tf32 = before

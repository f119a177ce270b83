"""What the steps of a training compute, and what share of the device's peak that is: for callbacks of trainers."""

from __future__ import annotations

import time
import warnings
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from thoplw._devices import devices
from thoplw._inputs import as_is
from thoplw._native import Error, LayerInfo
from thoplw._training import training
from thoplw.integrations._running_device import running_device

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Cost:
    """Of the forward and backward of one batch."""

    flops: int  # of products, two for a multiply-add, without what checkpoints compute again
    recomputed: int  # what those do
    at_peak: float | None  # seconds that `flops` take at the peak of the device; None where that is not known


class StepMeter:
    """Counts each set of shapes once, and adds up what the batches cost and how long the steps took.

    Args:
        device: a name of the table of devices, or the path of a TOML file; None: the one that the model is on.
        dtype: the type whose peak counts; None: that of the precision.

    Raises:
        Error: there is no such device.
    """

    def __init__(self, device: str | None = None, dtype: str | None = None) -> None:
        if device is not None:
            devices(device)
        self.device, self.dtype = device, dtype
        self._forget()

    def _forget(self) -> None:
        self.precision: str | None = None
        self.total = 0  # FLOPs since training began
        self.latest: LayerInfo | None = None  # the last step that was counted
        self._costs: dict[Hashable, Cost] = {}
        self._window: list[Cost] = []  # since the last reading
        self._steps, self._seconds, self._last = 0, 0.0, 0.0
        self._where: torch.device | None = None
        self._devices = 1
        self._failed = False

    def begin(self, model: torch.nn.Module, precision: str | None, of_process: int = 1) -> None:
        """Training begins, in a precision as ``thoplw.training`` names them, on so many devices in this process."""
        self._forget()  # of a model that was trained before
        self._devices = of_process
        self._where = next((parameter.device for parameter in model.parameters()), None)
        self.precision = precision
        if self.device is None and self._where is not None:
            self.device = running_device(self._where)
        self.resume()

    def resume(self) -> None:
        """What went on until now, such as an evaluation, was no step."""
        self._last = time.perf_counter()

    def knows(self, key: Hashable) -> bool:
        return self._failed or key in self._costs

    def add(self, key: Hashable, model: torch.nn.Module, inputs: Any, kwargs: Any, method: str = "forward") -> None:
        """A batch went forward and backward. Only of the first with that key is anything else read."""
        if self._failed:
            return
        if key not in self._costs:
            began = time.perf_counter()
            try:
                self._costs[key] = self._counted(model, inputs, kwargs, method)
            except Exception as error:  # whatever it is, training goes on
                self._failed = True
                warnings.warn(f"thoplw: this training cannot be counted: {error}", stacklevel=2)
                return
            finally:
                self._last += time.perf_counter() - began
        self._window.append(self._costs[key])
        self.total += self._costs[key].flops

    def step(self) -> None:
        """A step has ended."""
        self._steps += 1
        self._elapse()

    def read(self) -> dict[str, float]:
        """What the steps since the last reading did; {} where nothing was counted."""
        if self._where is not None and self._where.type == "cuda":
            import torch

            torch.cuda.synchronize(self._where)  # kernels are still running
        self._elapse()
        window, seconds, steps = self._window, self._seconds, self._steps
        self._window, self._seconds, self._steps = [], 0.0, 0
        return self._figures(window, seconds, steps) if window and steps and not self._failed else {}

    def _elapse(self) -> None:
        now = time.perf_counter()
        self._seconds, self._last = self._seconds + now - self._last, now

    def _figures(self, window: list[Cost], seconds: float, steps: int) -> dict[str, float]:
        flops = sum(cost.flops for cost in window)
        figures: dict[str, float] = {
            "flops_per_step": flops / steps,
            "flops_per_second": flops / seconds,
            "total_flops": self.total,
        }
        peaks = [cost.at_peak for cost in window if cost.at_peak is not None]
        if len(peaks) == len(window):
            figures["mfu"] = sum(peaks) / seconds / self._devices
            recomputed = sum(cost.recomputed for cost in window)
            if recomputed:
                figures["hfu"] = figures["mfu"] * (flops + recomputed) / flops
        return figures

    def _counted(self, model: torch.nn.Module, inputs: Any, kwargs: Any, method: str) -> Cost:
        info = training(
            model, inputs, kwargs=kwargs, method=method, precision=self.precision, optimizer="sgd", verbose=False
        )
        self.latest = info
        if not info.exact:
            named = ", ".join(sorted({operator.op for operator in info.uncounted}))
            warnings.warn(f"thoplw: FLOPs are a lower bound, as no rule counts {named}", stacklevel=2)
        recomputed = info.recompute or 0
        return Cost(2 * (info.macs - recomputed), 2 * recomputed, self._at_peak(info))

    def _at_peak(self, info: LayerInfo) -> float | None:
        if self.device is None:
            return None
        try:
            timing = info.on(self.device, self.dtype, step_seconds=1.0).timing
        except Error as error:
            warnings.warn(f"thoplw: no MFU: {error}", stacklevel=2)
            self.device = None
            return None
        return timing.mfu if timing else None


def shapes_of(value: Any) -> Hashable:
    """What of a batch decides what it costs: the shapes and types of its tensors, and its plain values."""
    import torch

    if isinstance(value, torch.Tensor):
        return tuple(value.shape), value.dtype
    if isinstance(value, Mapping):
        return tuple((key, shapes_of(value[key])) for key in value)
    if isinstance(value, (list, tuple)):
        return tuple(shapes_of(item) for item in value)
    if value is None or isinstance(value, (int, str)):
        return value
    return type(value).__qualname__


def trained(model: torch.nn.Module) -> Hashable:
    """Which parameters get a gradient, as a number: layers may be frozen and unfrozen on the way."""
    return hash(tuple(parameter.requires_grad for parameter in model.parameters()))


def as_they_are(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: as_is(value) for name, value in values.items()}

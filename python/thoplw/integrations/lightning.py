"""A callback for Lightning: what a training step costs when training begins, and FLOPs and MFU of the steps."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from thoplw._inputs import as_is
from thoplw._native import LayerInfo
from thoplw.integrations._step_meter import StepMeter, shapes_of, trained

if TYPE_CHECKING:
    from lightning.pytorch import Callback, LightningModule, Trainer
else:

    def _lightning() -> Any:
        """It is published under two names: the one that the program has imported, or what is installed."""
        names = sorted(["lightning.pytorch", "pytorch_lightning"], key=lambda name: name not in sys.modules)
        try:
            return importlib.import_module(names[0])
        except ImportError:
            return importlib.import_module(names[1])

    Callback = _lightning().Callback

_PRECISIONS = {"bf16-mixed": "amp-bf16", "16-mixed": "amp-fp16"}  # in others the model has that type itself


class CostMonitor(Callback):  # type: ignore[misc]
    """Prints what a training step costs, and logs what the steps compute and what share of the device's peak that is.

    The first batch is counted as ``training_step`` takes it, and so is each that has other shapes. Every
    ``log_every_n_steps`` it logs, of this process, ``flops_per_step``, ``flops_per_second`` and ``total_flops``; a
    multiply-add is two, and products are counted, as for MFU in papers. ``mfu`` is between 0 and 1, and missing if
    the device is not known. ``hfu``, with what checkpoints compute again, is there if they do.

    Args:
        device: a name of ``thoplw.devices()``, or the path of a TOML file (docs/devices.md); None: the GPU that the
            model is on.
        dtype: the type whose peak counts, such as "bf16"; None: that of the Trainer's precision.
        summary: the depth of the table that is printed at the first batch; None: print none.

    Raises:
        Error: there is no such device.
    """

    def __init__(self, device: str | None = None, dtype: str | None = None, summary: int | None = 1) -> None:
        self.meter = StepMeter(device, dtype)
        self.summary = summary

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.meter.begin(pl_module, _PRECISIONS.get(str(trainer.precision)))

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        if batch_idx == 0:
            self.meter.resume()  # workers of the data loader were started

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        first = self.meter.latest is None
        with _without_logging(pl_module):
            inputs = [as_is(value) for value in ((batch, 0) if _takes_index(pl_module) else (batch,))]
            self.meter.add((shapes_of(batch), trained(pl_module)), pl_module, inputs, None, "training_step")
        if first and self.meter.latest is not None and self.summary is not None and trainer.is_global_zero:
            print(_work_of(self.meter.latest, self.summary))
        self.meter.step()
        logged = (trainer.fit_loop.total_batch_idx + 1) % trainer.log_every_n_steps == 0
        figures = self.meter.read() if logged else {}
        for logger in trainer.loggers if figures else ():
            logger.log_metrics(figures, step=trainer.global_step)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.meter.resume()


def _work_of(step: LayerInfo, depth: int) -> str:
    """The table and the first line below, without memory: how much an optimizer needs is not asked here."""
    columns = ["name", "class", "output", "forward", "backward"]
    table, below = step.summary("text", "clever", depth=depth, columns=columns).split("\n\n")
    return table + "\n\n" + below.splitlines()[0]


def _takes_index(module: LightningModule) -> bool:
    return len(inspect.signature(module.training_step).parameters) > 1


@contextlib.contextmanager
def _without_logging(module: LightningModule) -> Iterator[None]:
    """While it is counted, its losses are no numbers."""
    vars(module).update(log=_nothing, log_dict=_nothing)
    try:
        yield
    finally:
        del module.log, module.log_dict


def _nothing(*args: Any, **kwargs: Any) -> None:
    pass

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

    The first batch is counted as ``training_step`` takes it, and so is each that has other shapes or no loss.
    Where Lightning logs a step, of the optimizer, it gets ``flops_per_step``, ``flops_per_second`` and ``total_flops``
    of this process; a multiply-add is two, and products are counted, as for MFU in papers. ``mfu`` is between 0 and 1,
    and missing if the device is not known. ``hfu``, with what checkpoints compute again, is there if they do.

    Args:
        device: a name of ``thoplw.devices()``, or the path of a TOML file (docs/devices.md); None: the GPU that the
            model is on.
        dtype: the type whose peak counts, such as "bf16"; None: that of the Trainer's precision.
        summary: the depth of the table that is printed at the first batch with a loss; None: print none.

    Raises:
        Error: there is no such device.
    """

    def __init__(self, device: str | None = None, dtype: str | None = None, summary: int | None = 1) -> None:
        self.meter = StepMeter(device, dtype)
        self.summary = summary
        self._printed = False

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.meter.begin(pl_module, _PRECISIONS.get(str(trainer.precision)))
        self._printed = False

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        if batch_idx == 0:
            self.meter.resume()  # workers of the data loader were started

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        without_loss = pl_module.automatic_optimization and not outputs
        with _without_logging(pl_module):
            inputs = [as_is(value) for value in ((batch, batch_idx) if _takes_index(pl_module) else (batch,))]
            key = shapes_of(batch), trained(pl_module), batch_idx if without_loss else None  # those each for itself
            self.meter.add(key, pl_module, inputs, None, "training_step")
        if not without_loss and trainer.is_global_zero:
            self._print_once()
        if trainer.fit_loop._should_accumulate():
            return
        self.meter.step()
        if trainer._logger_connector.should_update_logs:
            self._log(trainer)

    def _print_once(self) -> None:
        if self.meter.latest is not None and self.summary is not None and not self._printed:
            self._printed = True
            print(_work_of(self.meter.latest, self.summary))

    def _log(self, trainer: Trainer) -> None:
        """As Lightning's own callbacks do, where it logs the loss: ``trainer.global_step`` is after the optimizers."""
        figures = self.meter.read()
        for logger in trainer.loggers if figures else ():
            logger.log_metrics(figures, step=trainer.fit_loop.epoch_loop._batches_that_stepped)

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
    own = vars(module)
    before = {name: own[name] for name in ("log", "log_dict") if name in own}
    own.update(log=_nothing, log_dict=_nothing)
    try:
        yield
    finally:
        del own["log"], own["log_dict"]
        own.update(before)


def _nothing(*args: Any, **kwargs: Any) -> None:
    pass

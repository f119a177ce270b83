"""A callback for the Trainer of transformers: training FLOPs and MFU in its log."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.trainer_callback import DefaultFlowCallback

from thoplw.integrations._step_meter import StepMeter, as_they_are, shapes_of, trained

if TYPE_CHECKING:
    import torch
    from transformers import Trainer

_OF_THE_LOSS = "num_items_in_batch"  # how many tokens the loss is divided by: another number for each step


class CostCallback(TrainerCallback):  # type: ignore[misc]
    """Adds to each log what the steps since the last one computed, and what share of the device's peak that is.

    ``flops_per_step``, ``flops_per_second`` and ``total_flops`` are of this process; a multiply-add is two, and
    products are counted, as for MFU in papers. ``mfu`` is between 0 and 1, and missing if the device is not known.
    ``hfu``, with what checkpoints compute again, is there if they do.

    Args:
        device: a name of ``thoplw.devices()``, or the path of a TOML file (docs/devices.md); None: the GPU that the
            model is on.
        dtype: the type whose peak counts, such as "bf16"; None: that of the Trainer's precision.

    Raises:
        Error: there is no such device.
    """

    def __init__(self, device: str | None = None, dtype: str | None = None) -> None:
        self.meter = StepMeter(device, dtype)
        self._batches: list[tuple[Hashable, tuple[Any, ...], dict[str, Any]]] = []
        self._hook: Any = None

    def add_to(self, trainer: Trainer) -> None:
        """Adds the callback before those that write to TensorBoard, W&B and the like, so that they see the figures.

        ``Trainer(callbacks=[...])`` puts it after them: then the console and ``state.log_history`` have the figures.
        """
        callbacks = trainer.callback_handler.callbacks
        decides = [isinstance(callback, DefaultFlowCallback) for callback in callbacks]  # when to log
        callbacks.insert(decides.index(True) + 1 if any(decides) else 0, self)

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        model = kwargs["model"]
        self._forget()  # a training that an exception has ended
        self._hook = model.register_forward_pre_hook(self._before_forward, with_kwargs=True)
        precision = "amp-bf16" if args.bf16 else "amp-fp16" if args.fp16 else None
        self.meter.begin(model, precision, max(args.n_gpu, 1))

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        for key, positional, keyword in list(self._batches):  # counting runs the model, and so the hook
            self.meter.add(key, kwargs["model"], list(positional), as_they_are(keyword))
        self._batches.clear()
        self.meter.step()

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **kwargs: Any,
    ) -> None:
        if logs is not None and "loss" in logs:  # others are of an evaluation, or of all of the training
            figures = self.meter.read()
            logs.update(figures)
            state.log_history[-1].update(figures)

    def on_evaluate(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        self.meter.resume()

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        self.meter.resume()

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        self._forget()

    def _forget(self) -> None:
        self._batches.clear()
        if self._hook is not None:
            self._hook.remove()
            self._hook = None

    def _before_forward(self, model: torch.nn.Module, positional: tuple[Any, ...], keyword: dict[str, Any]) -> None:
        import torch

        if not model.training or not torch.is_grad_enabled():
            return
        keyword = {name: value for name, value in keyword.items() if name != _OF_THE_LOSS}
        key = (shapes_of(positional), shapes_of(keyword), trained(model))
        self._batches.append((key, (), {}) if self.meter.knows(key) else (key, positional, keyword))

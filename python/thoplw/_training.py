"""training(): what a step of training computes and what memory it needs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from types import MethodType
from typing import TYPE_CHECKING, Any

from thoplw import _native
from thoplw._inputs import arguments
from thoplw._native import Error, LayerInfo
from thoplw._precision import capture_pass
from thoplw._profile import check_model, initialised, told

if TYPE_CHECKING:
    import torch


def training(
    model: torch.nn.Module,
    inputs: Any,
    *,
    kwargs: Mapping[str, Any] | None = None,
    optimizer: str = "adamw",
    precision: str | None = None,
    freeze: str | Sequence[str] = (),
    checkpoint: str | Sequence[str] = (),
    reentrant: bool = False,
    lora: Mapping[str, Any] | None = None,
    processor: str = "cpu",
    attention: str = "automatic",
    accumulate: int = 1,
    loss: str | int | Sequence[int] | None = None,
    round_to: int = 1,
    convention: str = "exact",
    method: str = "forward",
    verbose: bool = True,
) -> LayerInfo:
    """Counts what one step of training computes and holds: a forward, a backward from the loss, an optimizer's step.

    The model runs once, in training mode, without computing anything, and is left as it was found. If it is in training
    mode already, each module keeps its own flag; else all of it is set to training for that time.

    Args:
        model: the model, an instance of ``torch.nn.Module``.
        inputs: what goes into ``model.forward``, as :func:`profile` takes it.
        kwargs: further inputs, passed by keyword.
        optimizer: "sgd", "momentum", "adamw", ...; see ``thoplw train --help``.
        precision: the types that it computes in, such as "bf16" or "amp-bf16" (autocast); None: those of the model.
        freeze: globs of parameters, or of modules with all theirs, that are not trained: ``"encoder.*"``.
        checkpoint: globs of modules that keep nothing and run again in backward: ``"layers.*"``. Checkpoints of the
            model's own are seen in any case.
        reentrant: those checkpoints are of torch's older kind, which runs all of a module again.
        lora: adapters of low rank, as peft makes them: ``{"r": 8, "targets": ["q_proj", "v_proj"], "dropout": 0.0}``.
        processor: "cpu" or "cuda": whose kernels it runs by. What "cuda" says is read from torch's sources and was not
            measured.
        attention: the kernel of scaled_dot_product_attention: "automatic", "math", "flash", "efficient", "cudnn".
        accumulate: how many passes add up their gradients before the optimizer's step.
        loss: which of the tensors that the model gives the loss reads: a place, several, or "all"; None: the first that
            has a gradient.
        round_to: bytes of each piece of memory are rounded up to a multiple of it; 512 as on CUDA.
        convention: what work is worth; one that prices work by its kind, such as "exact" or "flops".
        method: which method of the model takes the inputs and returns the loss, such as "training_step".
        verbose: say on stderr what is worth knowing.

    Returns:
        The table of layers. Of the step: ``.macs``, which is ``.forward + .input_gradient + .weight_gradient +
        .recompute``, in the convention's unit; ``.parameters``, ``.gradients``, ``.states``, ``.saved`` (kept for
        backward), ``.peak`` and ``.peak_first_step``, in bytes. Each row has the same but for the peaks.
        ``.training`` has more: what is alive at the peak, memory over time.

    Raises:
        Error: as :func:`profile` does, and where a glob matches nothing or a name is not known.
    """
    check_model(model, method)
    cuda = isinstance(processor, str) and processor == "cuda"
    with initialised(model), _as_forward(model, method):
        positional, keyword = arguments(model, inputs, kwargs)
        trace = capture_pass(model, positional, keyword, "" if precision is None else precision, cuda, training=True)
    plan: dict[str, Any] = {
        "optimizer": optimizer,
        "freeze": freeze,
        "checkpoint": checkpoint,
        "reentrant": reentrant,
        "processor": processor,
        "attention": attention,
        "accumulate": accumulate,
        "round": round_to,
    }
    if precision is not None:
        plan |= {"precision": precision, "captured_so": True}
    plan |= _adapters(lora) | _outputs(loss)
    return told(_native.count_training(trace, convention, plan), False, verbose)


@contextlib.contextmanager
def _as_forward(model: torch.nn.Module, method: str) -> Iterator[None]:
    """While the method is the model's forward, what it returns is what the loss is made of; it may call the forward."""
    if method == "forward":
        yield
        return
    if not hasattr(model, method):
        raise Error(f"{type(model).__name__} has no method {_native.shown(method)}")
    before, inside = vars(model).get("forward"), False

    def step(self: torch.nn.Module, *args: Any, **kwargs: Any) -> Any:
        nonlocal inside
        if inside:
            return before(*args, **kwargs) if before else type(self).forward(self, *args, **kwargs)
        inside = True
        try:
            return getattr(self, method)(*args, **kwargs)
        finally:
            inside = False

    vars(model)["forward"] = MethodType(step, model)  # which a copy of the model binds to itself
    try:
        yield
    finally:
        del vars(model)["forward"]
        if before:
            vars(model)["forward"] = before


def _adapters(lora: Mapping[str, Any] | None) -> dict[str, Any]:
    if lora is None:
        return {}
    if not isinstance(lora, Mapping):
        raise Error(
            f"lora must be a dict such as {{'r': 8, 'targets': ['q_proj']}}, or None, not {_native.shown(lora)}"
        )
    known = {"r": "lora_rank", "targets": "lora_targets", "dropout": "lora_dropout"}
    if unknown := [name for name in lora if name not in known]:
        raise Error(f"lora has no setting {_native.shown(unknown[0])}; known: {' '.join(known)}")
    if "targets" not in lora:
        raise Error("lora names no targets: say which linear layers, such as ['q_proj', 'v_proj']")
    return {known[name]: value for name, value in lora.items()}


def _outputs(loss: str | int | Sequence[int] | None) -> dict[str, Any]:
    if loss is None:
        return {}
    if isinstance(loss, str) and loss == "all":
        return {"all_outputs": True}
    places = list(loss) if isinstance(loss, (list, tuple, range)) else [loss]
    if not places or not all(type(place) is int and 0 <= place < 2**31 for place in places):
        raise Error(f"loss must be a place of an output from 0 on, several, or 'all', not {_native.shown(loss)}")
    return {"outputs": places}

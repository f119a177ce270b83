"""memory(): what memory a forward needs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from thoplw import _native
from thoplw._inputs import arguments
from thoplw._load import checked_sizes
from thoplw._native import Error, MemoryInfo
from thoplw._precision import capture_pass
from thoplw._profile import check_model, initialised, told

if TYPE_CHECKING:
    import torch


def memory(
    model: torch.nn.Module | str | bytes | os.PathLike[str],
    inputs: Any = None,
    *,
    kwargs: Mapping[str, Any] | None = None,
    dims: Mapping[str, int] | None = None,
    method: str = "forward",
    lifetimes: str | None = None,
    precision: str | None = None,
    processor: str = "cpu",
    attention: str = "automatic",
    round_to: int = 1,
    convention: str = "thoplw",
    verbose: bool = True,
) -> MemoryInfo:
    """Works out what memory a forward without gradients needs: at its peak, from moment to moment, layer by layer.

    The model runs once, in eval mode, without computing anything, and is left as it was found. How long each tensor
    lives is observed while it does. Of a file, memory is taken to be freed after its last use.

    Args:
        model: the model, an instance of ``torch.nn.Module``; or the path of a model file, as :func:`load` takes it.
        inputs: what goes into ``model.forward``, as :func:`profile` takes it; a file has its inputs in it.
        kwargs: further inputs, passed by keyword.
        dims: sizes of symbolic dimensions of a file, as :func:`load` takes them.
        method: which method of the model takes the inputs, such as "generate".
        lifetimes: "observed": memory is freed when Python lets go of it; "last-use": right after its last use, as a
            runtime of graphs does. None: as observed where it was.
        precision: the types that it computes in, such as "bf16" or "amp-bf16" (autocast); None: those of the model.
        processor: "cpu" or "cuda": whose kernels it runs by. What "cuda" says is read from torch's sources and was not
            measured.
        attention: the kernel of scaled_dot_product_attention: "automatic", "math", "flash", "efficient", "cudnn".
        round_to: bytes of each piece of memory are rounded up to a multiple of it; 512 as on CUDA.
        convention: how work is counted, which the table has too.
        verbose: say on stderr what is worth knowing.

    Returns:
        The table of layers, a ``MemoryInfo``. In bytes: ``.peak``, which is ``.weights + .buffers + .inputs +
        .activations_peak``; ``.outputs`` and ``.retained``, what the pass made that stays after it: what the model
        gives, and all else, such as a KV cache. Each row has ``.bytes`` of weights and buffers, ``.activations``,
        ``.alive`` at the peak, and ``.retained``. ``.at_peak`` lists what is alive at the peak, ``.outlive`` what is
        retained, ``.timeline`` is a picture of it.

    Raises:
        Error: as :func:`profile` does, and where a name is not known.
    """
    options: dict[str, Any] = {"processor": processor, "attention": attention, "round": round_to}
    if lifetimes is not None:
        options["lifetimes"] = lifetimes
    if precision is not None:
        options["precision"] = precision
    if isinstance(model, (str, bytes, os.PathLike)):
        if inputs is not None or kwargs is not None:
            raise Error(f"{os.fsdecode(model)}: a file has its inputs in it; leave inputs and kwargs out")
        trace = _native.load(model, checked_sizes(dims or {}))
        return _told(_native.count_memory(trace, convention, options), verbose)
    if dims is not None:
        raise Error("dims is for model files; the sizes of other models come from their inputs")
    check_model(model, method)
    cuda = isinstance(processor, str) and processor == "cuda"
    with initialised(model):
        positional, keyword = arguments(model, inputs, kwargs)
        trace = capture_pass(
            model, positional, keyword, "" if precision is None else precision, cuda, training=False, method=method
        )
    options["captured_so"] = True
    return _told(_native.count_memory(trace, convention, options), verbose)


def _told(info: MemoryInfo, verbose: bool) -> MemoryInfo:
    told(info, False, verbose)
    return info

"""llm(): what a language model needs to read a prompt and to add a token, on devices of which it need not be on any."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from thoplw import _native
from thoplw._native import Llm

if TYPE_CHECKING:
    from thoplw._language_models import Passes


def llm(
    model: Any,
    *,
    context: int = 2048,
    batch: int = 1,
    dtype: str | None = None,
    kv_dtype: str | None = None,
    device: str | None = None,
    memory: str | int | None = None,
    count: int | None = None,
    tensor_parallel: int = 1,
    pipeline: int = 1,
    expert_parallel: int = 1,
    prompts: int | None = None,
    link: str | int | None = None,
    source: int | None = None,
    images: int = 0,
    image_size: tuple[int, int] | None = None,
    inputs: Callable[[int, int], Mapping[str, Any]] | None = None,
    settings: Mapping[str, Any] = {},
    largest: bool = True,
) -> Llm:
    """Says what a language model of transformers needs: parameters, cache, work and traffic of a prompt and of a token.

    The model's own forward runs twice on the meta device, with the cache that it makes itself: on a prompt of `context`
    tokens, and on one token more. Nothing is downloaded and nothing is computed.

    Args:
        model: a config of transformers; a class of it, such as ``LlamaForCausalLM``; the path of a ``config.json`` or
            of a folder that has one; what ``thoplw llm`` takes as MODEL; or a module, with weights on any device.
        context: tokens of each prompt, which are then in the cache.
        batch: how many sequences there are.
        dtype: what weights are stored in: "bf16", "fp8", "int4", ...; None: "bf16", or what a module has.
        kv_dtype: what keys and values are stored in; None: what the model keeps them in.
        device: what it runs on: "h100", another row of ``thoplw devices``, or a TOML file with your own.
        memory: how much a device has, in bytes or such as "80GiB", where that is not what the table says.
        count: how many devices there are; None: as many as share the model once. More are further replicas.
        tensor_parallel: how many devices share each layer, by the plan that transformers has for the model.
        pipeline: how many groups of devices there are, one after the other, each with some of the layers.
        expert_parallel: how many devices share the experts.
        prompts: how many prompts are read at once, as servers do; None: those of all sequences.
        link: how many bytes a device can send to others in a second, or such as "450G", where that is not what the
            table says.
        source: of a model with an encoder, how many tokens that reads; None: `context`.
        images: how many images are in each prompt.
        image_size: their height and width; None: as the config says.
        inputs: a function of batch and context that gives further inputs of the prompts by name, or others in place of
            token ids: images, and the tokens that stand for them. Inside it a tuple of ints is a shape.
        settings: fields of the config to change: ``{"num_hidden_layers": 4}``.
        largest: look for the largest batch and context that fit, where the memory is known.

    Returns:
        An ``Llm``: ``.all`` and ``.device`` have the figures by name, in all and of the device with the most;
        ``.cache`` the bytes of each tensor of the cache; ``.notes`` what limits it. ``print()`` shows it as a table.

    Raises:
        Error: there is no such model, it gives no cache, its forward raised, or devices cannot share it so.
    """
    plan = {
        "context": context,
        "batch": batch,
        "dtype": dtype,
        "kv_dtype": kv_dtype,
        "device": device,
        "memory": memory if memory is None else str(memory),
        "count": count,
        "tensor_parallel": tensor_parallel,
        "pipeline": pipeline,
        "expert_parallel": expert_parallel,
        "largest": largest,
        "prompts": prompts,
        "link": link if link is None else str(link),
    }
    from thoplw._language_models import passes_of  # here, as it imports what takes longer than all of thoplw

    passes = passes_of(model, settings, dtype, source, (images, image_size), inputs)
    return _native.count_llm(passes, {key: value for key, value in plan.items() if value is not None})


def open_llm(
    name: str, settings: list[tuple[str, str]], dtype: str, source: int, images: int, image_size: list[int]
) -> Passes:
    """What ``thoplw llm`` runs: as ``open_model``, of a language model."""
    from thoplw._language_models import passes_of
    from thoplw._models import literal

    fields = {key: literal(value) for key, value in settings}
    size = (image_size[0], image_size[1]) if image_size else None
    with contextlib.redirect_stdout(sys.stderr):
        return passes_of(name, fields, dtype or None, source or None, (images, size))

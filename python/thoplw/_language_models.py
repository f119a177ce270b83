"""Language models of transformers without weights, and their two passes: a prompt, and one token with its cache."""

from __future__ import annotations

import contextlib
import inspect
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from thoplw import _native
from thoplw._image_prompts import ImagePrompts, Images
from thoplw._inputs import arguments
from thoplw._models import build, import_torchvision, maker
from thoplw._native import Error, Trace
from thoplw._transformers import config_named, image_of, language_model_class, with_fields

if TYPE_CHECKING:
    import torch

MoreInputs = Callable[[int, int], Mapping[str, Any]]

# How forwards of transformers call the cache that they take and give.
_CACHES = ("cache", "past_key_values", "cache_params", "state")

# What models with weights of these types are made in. Weights of few bits are widened to compute with them.
_MADE_IN = {"fp64": "float64", "fp32": "float32", "tf32": "float32", "fp16": "float16"}

# What is in the cache, by name, before a token and after it: a pass leaves what modules and inputs hold as it was, and
# would empty lists there.
_names: ContextVar[tuple[list[str], list[str]]] = ContextVar("names")


def passes_of(
    model: Any,
    settings: Mapping[str, Any],
    dtype: str | None,
    source: int | None,
    images: Images = (0, None),
    inputs: MoreInputs | None = None,
) -> Passes:
    """The passes of what a user calls a language model.

    Args:
        model: a module, a config or a class of transformers, or a text that names one.
        settings: fields of the config to change.
        dtype: what weights are stored in; None: bf16, or what a module has.
        source: how many tokens an encoder reads; None: as many as the decoder.
        images: how many images are in each prompt, and their height and width if the config does not say them.
        inputs: further inputs of prompts, by batch and context.
    """
    try:
        import torch
    except ImportError as missing:
        raise Error("llm() needs PyTorch: pip install torch") from missing
    if isinstance(model, torch.nn.Module):
        if settings:
            raise Error(
                "settings are fields of a config, and the model is made already: change its config, or give that"
            )
        return Passes(model, source, images, inputs)
    with contextlib.suppress(Error):
        import_torchvision()  # transformers imports it where it is there
    with _quiet():
        made = _made(model, settings, getattr(torch, _MADE_IN.get(dtype or "", "bfloat16")))
        if dtype is None and (stored := getattr(getattr(made, "config", None), "quantization_config", None)):
            raise Error(
                f"the config has quantized weights ({_method(stored)}), and the model is made without: say what they "
                "are stored in, such as --dtype fp8 or dtype='int4', or bf16 for what they stand for"
            )
        return Passes(made, source, images, inputs)


def _made(model: Any, settings: Mapping[str, Any], dtype: torch.dtype) -> torch.nn.Module:
    if isinstance(model, str):
        kind, colon, attribute = model.rpartition(":")
        if colon and kind != "transformers":
            return build(model, maker(kind, attribute)[0], dict(settings))
        name, (config_class, model_class, fields) = model, config_named(attribute)
        config = config_class.from_dict(with_fields(config_class, fields, settings))
    else:
        name, model_class, config = _given(model)
        config = type(config).from_dict(with_fields(type(config), config.to_dict(), settings))
    cls = model_class or language_model_class(config)
    return build(name, lambda: cls._from_config(config, dtype=dtype), {})


def _method(stored: Any) -> str:
    fields = stored if isinstance(stored, Mapping) else vars(stored)
    return str(getattr(fields.get("quant_method"), "value", fields.get("quant_method", "of some kind")))


def _given(model: Any) -> tuple[str, Any, Any]:
    """The name, the class (None: the config's own) and the config of what is no text."""
    import transformers

    if isinstance(model, transformers.PretrainedConfig):
        return type(model).__name__, None, model
    if isinstance(model, type) and issubclass(model, transformers.PretrainedConfig):
        return model.__name__, None, model()
    if isinstance(model, type) and issubclass(model, transformers.PreTrainedModel):
        return model.__name__, model, getattr(model, "config_class")()  # noqa: B009
    raise Error(f"model must be a module, a config or a class of transformers, or a path, not {_native.shown(model)}")


class Passes:
    """Runs a model on a prompt and on one token more, at any batch and context."""

    def __init__(
        self, model: torch.nn.Module, source: int | None, images: Images = (0, None), inputs: MoreInputs | None = None
    ) -> None:
        parameters = inspect.signature(model.forward).parameters
        if not any(name in parameters for name in (*_CACHES, "use_cache")):
            raise Error(f"{type(model).__name__} takes no cache, so that nothing can be said of one token more")
        self.model = model
        self.source = source
        if images[0] and inputs is not None:
            raise Error("images and inputs both say what is in a prompt: leave one of them out")
        self.inputs = ImagePrompts(model, *images) if images[0] else inputs

    def __call__(
        self, batch: int, context: int
    ) -> tuple[Trace, list[str], list[str], dict[str, str], dict[str, str], int, int]:
        """The trace, the cache's names before a token and after it, plans for tensors and experts, positions, heads."""
        names: tuple[list[str], list[str]] = ([], [])
        token = _names.set(names)
        try:
            with _quiet(), _one_thread():
                prompt, one = _inputs(self.model, batch, context, self.source)
                if self.inputs is not None:
                    prompt |= arguments(self.model, dict(self.inputs(batch, context)), None)[1]
                trace = _native.capture(_both_passes(self.model), (prompt, one), {}, {}, cuda=True, memory=True)
        finally:
            _names.reset(token)
        plans = _plan(self.model, "_tp_plan"), _plan(self.model, "_ep_plan")
        positions, heads = _size(self.model, "max_position_embeddings"), _size(self.model, "num_attention_heads")
        return trace, *names, *plans, positions, heads


def _size(model: Any, name: str) -> int:
    """A field of the config of text; 0: it does not say."""
    config: Any = getattr(model, "config", None)
    text = config.get_text_config() if hasattr(config, "get_text_config") else config
    size = getattr(text, name, None)
    return size if isinstance(size, int) and size > 0 else 0


def _plan(model: Any, name: str) -> dict[str, str]:
    plan = getattr(model, name, None) or {}
    return {path: style for path, style in plan.items() if isinstance(style, str)}


def _inputs(model: Any, batch: int, context: int, source: int | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """Of the prompt, and of the token after it."""
    parameters = inspect.signature(model.forward).parameters
    asks = {"use_cache": True} if "use_cache" in parameters else {}
    prompt: dict[str, Any] = {**asks}
    one: dict[str, Any] = {**asks}
    if getattr(getattr(model, "config", None), "is_encoder_decoder", False):
        prompt |= _source_of(model, batch, source, context) | {"decoder_input_ids": _ids(batch, context)}
        one |= {"decoder_input_ids": _ids(batch, 1), "encoder_outputs": None}  # which the prompt gives
    else:
        prompt["input_ids"] = _ids(batch, context)
        one["input_ids"] = _ids(batch, 1)
    if "logits_to_keep" in parameters:
        prompt["logits_to_keep"] = 1  # as generate() asks for
    return prompt, one


def _source_of(model: Any, batch: int, source: int | None, context: int) -> dict[str, Any]:
    """What an encoder reads: as many tokens as the decoder, or what its config says of sound or images."""
    import torch

    main, config = model.main_input_name, model.config
    if main == "input_ids":
        return {main: _ids(batch, source or context)}
    shape: tuple[int, ...] | None = None
    longest: Any = getattr(config, "max_source_positions", None)
    if main == "input_features" and hasattr(config, "num_mel_bins"):
        shape = (config.num_mel_bins, source or 2 * longest)  # an encoder halves it
    elif main == "input_features" and hasattr(config, "input_feat_per_channel"):
        shape = (source or longest, config.input_feat_per_channel)
    elif main == "input_values" and source:
        shape = (source,)
    elif main == "pixel_values" and (image := image_of(getattr(config, "encoder", config))):
        shape = image[0][1:]
    if shape is None:
        raise Error(
            f"{type(model).__name__} reads {main}, and its config does not say of what size: "
            "give source=, or --source, if that is a length"
        )
    return {main: torch.empty((batch, *shape), dtype=next(model.parameters()).dtype, device="meta")}


def _ids(batch: int, length: int) -> torch.Tensor:
    import torch

    return torch.zeros((1, 1), dtype=torch.int64).expand(batch, length)  # real, and without memory


def _both_passes(model: torch.nn.Module) -> torch.nn.Module:
    import torch

    class BothPasses(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, prompt: dict[str, Any], one: dict[str, Any]) -> None:
            before, after = _names.get()
            before.clear()  # a pass may be run a second time
            after.clear()
            result = self.model(**prompt)
            cache = _cache_of(model, result)
            if "encoder_outputs" in one:
                from transformers.modeling_outputs import BaseModelOutput, MoeModelOutputWithPast

                # A model with experts in its decoder asks for what routers of its encoder gave.
                kind = MoeModelOutputWithPast if hasattr(result, "encoder_router_logits") else BaseModelOutput
                encoded = kind(last_hidden_state=result.encoder_last_hidden_state)
                one = one | {"encoder_outputs": encoded}
            del result
            _mark(cache, before)
            parameters = inspect.signature(model.forward).parameters
            takes = next((name for name in _CACHES if name in parameters), _CACHES[0])
            self.model(**one, **{takes: cache})
            _mark(cache, after)

    both = BothPasses()
    both.training = model.training  # of this module alone, whatever those inside say
    return both


def _cache_of(model: Any, result: Any) -> Any:
    for name in _CACHES:
        if (cache := getattr(result, name, None)) is not None:
            return cache
    raise Error(f"{type(model).__name__} gives no cache, so that nothing can be said of one token more")


def _mark(cache: Any, names: list[str]) -> None:
    """Has the trace say which tensors are in the cache."""
    import torch

    for name, tensor in _tensors(cache, "", set()):
        names.append(name)
        torch.ops.aten.alias.default(tensor)


def _tensors(value: Any, path: str, seen: set[int]) -> Iterator[tuple[str, torch.Tensor]]:
    """Tensors of a cache that are more than a number, wherever it keeps them."""
    import torch

    if id(value) in seen:
        return
    inside: Any = ()
    if isinstance(value, torch.Tensor):
        if value.dim() and value.numel():
            seen.add(id(value))
            yield path, value
    elif isinstance(value, (list, tuple)):
        inside = enumerate(value)
    elif isinstance(value, Mapping):
        inside = value.items()
    elif type(value).__module__.partition(".")[0] == "transformers" and not isinstance(value, torch.nn.Module):
        seen.add(id(value))
        inside = getattr(value, "__dict__", {}).items()
    for name, item in inside:
        yield from _tensors(item, f"{path}.{name}" if path else str(name), seen)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without what transformers says of names that it will drop."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        yield


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """What little a pass computes, such as positions, is done before threads have met."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)

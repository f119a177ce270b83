"""Models of the transformers library without weights, by the name of a class or by a config file."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from thoplw._native import Error
from thoplw._suggest import unknown

if TYPE_CHECKING:
    from thoplw._models import Inputs

_TOKENS = 128  # of a text that nobody gave
_IDS = "i64"


def from_transformers(_source: str, name: str) -> tuple[Callable[..., Any], Callable[[Any], Inputs | None]]:
    """What makes the model `name`, and what input it gets if none is given.

    Args:
        name: a config file, a folder with a ``config.json``, or a class of transformers: a model, or a config, which
            stands for the plain model of its kind.
    """
    config_class, model_class, fields = config_named(name)

    def make(**settings: Any) -> Any:
        config = config_class.from_dict(with_fields(config_class, fields, settings))
        if model_class is None:
            return _library().AutoModel.from_config(config)
        return model_class._from_config(config)

    return make, _default_inputs


def _library() -> Any:
    try:
        return importlib.import_module("transformers")
    except ModuleNotFoundError as missing:
        raise Error("transformers is not installed: pip install transformers") from missing


def config_named(name: str) -> tuple[Any, Any, dict[str, Any]]:
    """The config class, the model class (None: the plain one of its kind) and the fields of what `name` names."""
    transformers = _library()
    if name.endswith(".json") or "/" in name or Path(name).is_dir():
        fields = _read(Path(name))
        return *_classes_of(transformers, name, fields), fields
    return *_classes_named(transformers, name), {}


def language_model_class(config: Any) -> Any:
    """The class that writes text, of a config that names none."""
    transformers = _library()
    tasks: tuple[str, ...] = ("IMAGE_TEXT_TO_TEXT", "CAUSAL_LM")
    if getattr(config, "is_encoder_decoder", False):  # some can be had as a decoder alone too
        tasks = ("SEQ_TO_SEQ_CAUSAL_LM", "SPEECH_SEQ_2_SEQ", *tasks)
    for task in tasks:
        classes = getattr(transformers, f"MODEL_FOR_{task}_MAPPING", {})
        if type(config) in classes:
            return classes[type(config)]
    raise Error(f"transformers has no language model for {type(config).__name__}")


def _read(path: Path) -> dict[str, Any]:
    path = path / "config.json" if path.is_dir() else path
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as missing:
        raise Error(f"{path}: no such file; configs are read from local files, nothing is downloaded") from missing
    except (OSError, ValueError) as failure:
        raise Error(f"{path}: {failure}") from failure
    if not isinstance(fields, dict) or not isinstance(fields.get("model_type"), str):
        raise Error(f"{path}: has no field 'model_type', as the configs of transformers have")
    return fields


def _classes_of(transformers: Any, name: str, fields: Mapping[str, Any]) -> tuple[Any, Any]:
    """The config class of the fields of a file, and the model class that the file names, if there is one."""
    kind = fields["model_type"]
    known = importlib.import_module("transformers.models.auto.configuration_auto").CONFIG_MAPPING
    if kind not in known:
        raise Error(f"{name}: transformers {transformers.__version__} has no model type {unknown(kind, known)}")
    for architecture in fields.get("architectures") or []:
        with contextlib.suppress(AttributeError):
            return known[kind], getattr(transformers, architecture)
    return known[kind], None


def _classes_named(transformers: Any, name: str) -> tuple[Any, Any]:
    found = getattr(transformers, name, None)
    if not isinstance(found, type):
        public = [n for n in dir(transformers) if n.endswith(("Config", "Model")) or "For" in n or "With" in n]
        raise Error(f"transformers has no model or config {unknown(name, public)}")
    if issubclass(found, transformers.PretrainedConfig):
        return found, None
    config_class = getattr(found, "config_class", None)
    if issubclass(found, transformers.PreTrainedModel) and config_class is not None:
        return config_class, found
    raise Error(f"transformers.{name} is neither a model nor a config of one")


def with_fields(config_class: Any, fields: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a config with some set; "text_config.hidden_size" is a field of the config inside.

    They go in before the config is made, as others may follow from them.
    """
    result = json.loads(json.dumps(dict(fields)))
    config = config_class.from_dict(result) if settings else None
    for key, value in settings.items():
        *outer, field = key.split(".")
        inner, place = config, result
        for part in outer:
            _check_field(inner, part)
            inner, place = getattr(inner, part), place.setdefault(part, {})
        _check_field(inner, field)
        place[getattr(inner, "attribute_map", {}).get(field, field)] = value
    return dict(result)


def _check_field(config: Any, field: str) -> None:
    known = {*vars(config), *getattr(config, "attribute_map", {}), *inspect.signature(type(config).__init__).parameters}
    if field not in known:
        public = [name for name in known if not name.startswith("_")]
        raise Error(f"{type(config).__name__} has no field {unknown(field, public)}")


def _default_inputs(model: Any) -> Inputs | None:
    """A text, an image, or one of each for models that compare them; nothing where it would be a guess."""
    config = model.config
    arguments = inspect.signature(model.forward).parameters
    main = getattr(model, "main_input_name", "")
    if main == "pixel_values":
        image = image_of(config)
        return {main: image} if image else None
    if main != "input_ids":
        return None
    text = getattr(config, "text_config", config)
    length = min(_TOKENS, getattr(text, "max_position_embeddings", None) or _TOKENS)
    inputs: dict[str, tuple[tuple[int, ...], str]] = {main: ((1, length), _IDS)}
    if "decoder_input_ids" in arguments and getattr(config, "is_encoder_decoder", False):
        inputs["decoder_input_ids"] = inputs[main]
    if "pixel_values" in arguments and not model.can_generate() and (image := image_of(config)):
        inputs["pixel_values"] = image
    return inputs


def image_of(config: Any) -> tuple[tuple[int, ...], str] | None:
    config = getattr(config, "vision_config", config)
    size = getattr(config, "image_size", None)
    height, width = size if isinstance(size, (tuple, list)) and len(size) == 2 else (size, size)
    if not isinstance(height, int) or not isinstance(width, int):
        return None
    return (1, getattr(config, "num_channels", 3), height, width), ""

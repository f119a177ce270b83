"""Opens what the command line names as a model: builds it without weights, gives it inputs, captures its trace."""

from __future__ import annotations

import ast
import contextlib
import fnmatch
import functools
import glob
import importlib
import importlib.util
import inspect
import re
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from thoplw import _native
from thoplw._initialisation import skipped_on_meta
from thoplw._inputs import arguments
from thoplw._native import Error, Trace
from thoplw._precision import capture_pass
from thoplw._sizes import Input, Shape, Sizes, resized
from thoplw._suggest import unknown
from thoplw._transformers import from_transformers

if TYPE_CHECKING:
    import torch

Inputs = list[Input] | Mapping[str, Input]  # by position or by keyword

# Element types as the command line writes them, in torch's words.
_DTYPES = {
    "f32": "float32", "f64": "float64", "f16": "float16", "bf16": "bfloat16", "bool": "bool", "u8": "uint8",
    "i8": "int8", "i16": "int16", "i32": "int32", "i64": "int64", "c64": "complex64", "c128": "complex128",
}  # fmt: skip

# What the engine says of a forward that asks for values which are not known. Those of buffers are, such as the paddings
# of an audio codec, if only the weights are on meta.
LOOKS = "the model looks at values"

# A Library takes its operators with it when it goes, so these stay for the life of the process.
_torchvision_operators: list[torch.library.Library] = []


def open_model(
    name: str,
    inputs: list[Input],
    settings: list[tuple[str, str]],
    sizes: Sizes = (0, 0, 0),
    question: str = "cost",
    precision: str = "",
    cuda: bool = False,
) -> Trace:
    """Builds the model `name` on the meta device and captures what it does.

    Args:
        name: ``torchvision:NAME``, ``timm:NAME``, ``transformers:CLASS``, ``transformers:path/to/config.json``,
            ``package.module:callable`` or ``path/to/file.py:callable``.
        inputs: shape and element type ("f32", "i64", ...; "" for that of the weights) of each positional input;
            none for the input that the model's own library gives for it.
        settings: keyword arguments of the callable, or fields of the config; values are Python literals, or else
            strings.
        sizes: what the inputs get in place of what they say, 0 being as they say: the batch, which is the first size of
            each; the length of sequences; the side of images.
        question: "training": capture it in training mode, with what backward needs and where values lie; "memory":
            with where values lie.
        precision: the types that it then computes in, by name; "": as it is.
        cuda: autocast makes the casts that it makes on CUDA.

    Raises:
        Error: there is no such model, it cannot be built, it has no input of its own, or its forward raised.
    """
    source, colon, attribute = name.rpartition(":")
    if not colon or not source or not attribute:
        raise Error(f"model {name!r} does not say where it comes from: {_where_from(name)}")
    try:
        import torch  # noqa: F401
    except ImportError as missing:
        raise Error(f"{name} needs PyTorch: pip install torch") from missing

    def captured(wholly_on_meta: bool) -> Trace:
        model, positional, keyword = _built(name, source, attribute, inputs, settings, sizes, wholly_on_meta)
        if question != "cost":
            return capture_pass(model, positional, keyword, precision, cuda, training=question == "training")
        return _native.capture(model, positional, keyword, {})

    with contextlib.redirect_stdout(sys.stderr):  # what models print is not what the command prints
        try:
            return captured(wholly_on_meta=True)
        except Error as failure:
            if LOOKS in str(failure):
                with contextlib.suppress(Error):
                    return captured(wholly_on_meta=False)
            raise


def maker(source: str, attribute: str) -> tuple[Maker, DefaultInputs]:
    """What makes the model that ``source:attribute`` names, and what input it then gets."""
    return _SOURCES.get(source, _from_callable)(source, attribute)


def _built(
    name: str,
    source: str,
    attribute: str,
    inputs: list[Input],
    settings: list[tuple[str, str]],
    sizes: Sizes,
    wholly_on_meta: bool,
) -> tuple[torch.nn.Module, tuple[Any, ...], dict[str, Any]]:
    make, default_inputs = maker(source, attribute)
    options = {key: literal(value) for key, value in settings}
    if source in _SOURCES:
        _refuse_downloads(name, options)
    model = build(name, make, options, wholly_on_meta)
    wanted = inputs or default_inputs(model)
    if wanted is None:
        raise Error(f"{name} does not say which input it takes: give --input, such as --input 1x3x224x224")
    positional, keyword = arguments(model, values_of(name, wanted, sizes), None)
    return model, positional, keyword


def _refuse_downloads(name: str, options: Mapping[str, Any]) -> None:
    """Costs are those of the architecture: no trained weights are needed, and none may be fetched without a word."""
    for key in ("pretrained", "weights", "pretrained_backbone", "weights_backbone"):
        if options.get(key):
            raise Error(
                f"{name}: --set {key}={options[key]} would download weights, which no count needs; leave it out"
            )


def values_of(name: str, inputs: Inputs, sizes: Sizes = (0, 0, 0)) -> list[Any] | dict[str, Any]:
    """What goes into the model: a tensor for each input, or its shape where that says all."""
    if isinstance(inputs, list):
        return [_input(*one) for one in resized(name, inputs, sizes)]
    given = resized(name, list(inputs.values()), sizes)
    return {key: _input(*one) for key, one in zip(inputs, given, strict=True)}


def matching(pattern: str) -> list[str]:
    """The models that a pattern such as ``torchvision:resnet*`` stands for, numbers in order; none if none match."""
    source, _, wanted = pattern.rpartition(":")
    names: list[str] = []
    with contextlib.suppress(Error, ImportError):
        if source == "torchvision":
            names = import_torchvision().models.list_models()
        elif source == "timm":
            names = import_timm().list_models()
    found = fnmatch.filter(names, wanted)
    return [f"{source}:{name}" for name in sorted(found, key=_with_numbers)]


def _where_from(name: str) -> str:
    """The libraries that have a model of that name, or what there is to write."""
    found = [model for source in ("torchvision", "timm") for model in matching(f"{source}:{glob.escape(name)}")]
    if found:
        return "did you mean " + " or ".join(found) + "?"
    known = ", ".join(f"{kind}:NAME" for kind in _SOURCES)
    return f"write {known}, package.module:callable or path/to/file.py:callable"


def _with_numbers(name: str) -> list[tuple[str, int]]:
    """Sorts resnet50 before resnet101."""
    return [(text, int(digits or 0)) for text, digits in re.findall(r"(\D*)(\d*)", name)]


def import_timm() -> ModuleType:
    with contextlib.suppress(Error):
        import_torchvision()  # timm imports it too, and would fail as it does
    try:
        return importlib.import_module("timm")
    except ModuleNotFoundError as missing:
        raise Error("timm is not installed: pip install timm") from missing


def import_torchvision() -> ModuleType:
    """torchvision, also where its compiled operators do not load, as is so with a CPU build of torch from elsewhere.

    Its import then fails once, for want of the schemas of two operators that no classification model runs.
    """
    try:
        return importlib.import_module("torchvision")
    except ModuleNotFoundError as missing:
        raise Error("torchvision is not installed: pip install torchvision") from missing
    except RuntimeError as failure:
        if "torchvision::nms does not exist" not in str(failure):
            raise
    import torch

    for module in [m for m in sys.modules if m == "torchvision" or m.startswith("torchvision.")]:
        del sys.modules[module]
    library = torch.library.Library("torchvision", "DEF")
    for operator in ("nms", "qnms"):
        library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _torchvision_operators.append(library)
    return importlib.import_module("torchvision")


Maker = Callable[..., Any]
DefaultInputs = Callable[[Any], Inputs | None]


def _from_torchvision(_source: str, name: str) -> tuple[Maker, DefaultInputs]:
    models = import_torchvision().models
    known = models.list_models()
    if name not in known:
        raise Error(f"torchvision has no model {unknown(name, known)}")

    def default_inputs(_model: Any) -> Inputs | None:
        # The smallest crop is what the architecture was made for; larger ones belong to weights tuned further.
        crops = [getattr(w.transforms, "keywords", {}).get("crop_size") for w in models.get_model_weights(name)]
        sizes = [crop for crop in crops if isinstance(crop, int)]
        return [((1, 3, min(sizes), min(sizes)), "")] if sizes else None

    builder = models.get_model_builder(name)
    if "weights_backbone" in inspect.signature(builder).parameters:
        builder = functools.partial(builder, weights_backbone=None)  # it would be downloaded
    return builder, default_inputs


def _from_timm(_source: str, name: str) -> tuple[Maker, DefaultInputs]:
    timm = import_timm()
    if not timm.is_model(name):
        raise Error(f"timm has no model {unknown(name, timm.list_models())}")

    def default_inputs(model: Any) -> Inputs | None:
        size = getattr(model, "default_cfg", {}).get("input_size")
        return [((1, *size), "")] if size else None

    return lambda **options: timm.create_model(name, **options), default_inputs


def _from_transformers(source: str, name: str) -> tuple[Maker, DefaultInputs]:
    with contextlib.suppress(Error):
        import_torchvision()  # as timm does, transformers imports it where it is there
    return from_transformers(source, name)


def _from_callable(source: str, attribute: str) -> tuple[Maker, DefaultInputs]:
    module = _import_file(Path(source)) if source.endswith(".py") else _import_module(source)
    found: Any = module
    for part in attribute.split("."):
        if not hasattr(found, part):
            public = [n for n in vars(found) if not n.startswith("_") and callable(getattr(found, n))]
            raise Error(f"{source} has no {unknown(part, public)}")
        found = getattr(found, part)
    if not isinstance(found, type) and hasattr(found, "forward"):
        return (lambda: found), lambda _model: None
    if not callable(found):
        raise Error(
            f"{source}:{attribute} is of type {type(found).__name__}; it must be a class or function that makes a model"
        )
    return found, lambda _model: None


_SOURCES: Mapping[str, Callable[[str, str], tuple[Maker, DefaultInputs]]] = {
    "torchvision": _from_torchvision,
    "timm": _from_timm,
    "transformers": _from_transformers,
}


def _import_module(name: str) -> ModuleType:
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as missing:
        if missing.name is None or not (name + ".").startswith(missing.name + "."):
            raise Error(f"{name} needs the module {missing.name!r}, which is not installed") from missing
        sources = ", ".join(_SOURCES)
        raise Error(f"no module named {missing.name!r}; known sources: {sources}, a module, a .py file") from missing


def _import_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise Error(f"{path}: no such file")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise Error(f"{path}: cannot be imported as Python")
    sys.path.insert(0, str(path.resolve().parent))
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    try:
        # Not by its loader, which would leave compiled code behind, and take it for that of a file changed at once.
        exec(compile(path.read_bytes(), str(path), "exec"), vars(module))
    except Exception as failure:
        raise Error(f"{path}: {type(failure).__name__}: {failure}") from failure
    return module


def build(name: str, make: Maker, options: dict[str, Any], wholly_on_meta: bool = True) -> torch.nn.Module:
    import torch

    # Constructors that compute with values do not run wholly on meta; those that read their weights, not even so.
    places = (_on_meta(), _weights_on_meta(), contextlib.nullcontext())
    failure: Exception = Error(f"{name} was not built")
    for place in places if wholly_on_meta else places[1:2]:
        try:
            with warnings.catch_warnings(), place:
                warnings.simplefilter("ignore", FutureWarning)  # of weight initialisation, which nobody wants here
                model = make(**options)
        except Error:
            raise
        except (NotImplementedError, RuntimeError) as reason:
            failure = reason
            continue
        except Exception as reason:
            raise Error(f"{name} cannot be built: {type(reason).__name__}: {reason}") from reason
        if not isinstance(model, torch.nn.Module):
            raise Error(f"{name} made a {type(model).__name__}, not a torch.nn.Module")
        return model
    raise Error(f"{name} cannot be built: {type(failure).__name__}: {failure}") from failure


@contextlib.contextmanager
def _on_meta() -> Iterator[None]:
    with _native.on_meta_device(), skipped_on_meta():
        yield


@contextlib.contextmanager
def _weights_on_meta() -> Iterator[None]:
    """Each parameter moves to the meta device when its module gets it: before it is initialised, which then is free."""
    import torch

    register = torch.nn.Module.register_parameter
    moved: dict[Any, Any] = {}  # so that tied ones stay tied

    def register_on_meta(module: torch.nn.Module, name: str, param: Any) -> None:
        if type(param) is torch.nn.Parameter and not param.is_meta:
            if param not in moved:
                moved[param] = torch.nn.Parameter(param.detach().to("meta"), param.requires_grad)
            param = moved[param]
        register(module, name, param)

    torch.nn.Module.register_parameter = register_on_meta
    try:
        yield
    finally:
        torch.nn.Module.register_parameter = register


def _input(shape: Shape, dtype: str) -> Any:
    import torch

    if not dtype:
        return shape
    if dtype not in _DTYPES:
        raise Error(f"unknown element type {unknown(dtype, _DTYPES)}; known: {' '.join(sorted(_DTYPES))}")
    kind = getattr(torch, _DTYPES[dtype])
    if kind.is_floating_point or kind.is_complex:
        return torch.empty(shape, dtype=kind, device="meta")
    return torch.zeros(shape, dtype=kind)  # real: models look at token ids and masks


def literal(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text

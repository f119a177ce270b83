"""Parameters outlive onnxruntime's optimizer and quantizers: their number, and the layer that they belong to."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

onnx = pytest.importorskip("onnx")
runtime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnxscript")

from onnx import TensorProto, helper  # noqa: E402
from onnxruntime import quantization  # noqa: E402

import thoplw  # noqa: E402
from onnx_files import quiet, seeded, traced  # noqa: E402
from test_onnx import transformer, vision  # noqa: E402

Args = tuple[torch.Tensor, ...]


class Tagger(nn.Module):
    """An embedding, an LSTM, a linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(20, 16)
        self.rnn = nn.LSTM(16, 8, batch_first=True, bidirectional=True)
        self.head = nn.Linear(16, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.rnn(self.embed(x))[0])


class First(nn.Module):
    """The first result of a model of transformers."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.model(x)[0]


def tokens() -> Args:
    return (torch.arange(24).reshape(2, 12) % 7 + 3,)


def images(size: int) -> Args:
    return (torch.rand(2, 3, size, size),)


# The batch stays open, and the length of texts: with fixed sizes optimizers fold tables that are looked up in.
OPEN = {"bert": ("batch", "length"), "gpt2": ("batch", "length"), "lstm": ("batch",), "resnet18": (), "vit": ("batch",)}
MODELS: dict[str, Callable[[], tuple[nn.Module, Args]]] = {
    "bert": lambda: (
        First(transformer("BertForMaskedLM", num_hidden_layers=2, hidden_size=16, num_attention_heads=2,
                          intermediate_size=24, vocab_size=40)),
        tokens(),
    ),
    "gpt2": lambda: (
        First(transformer("GPT2LMHeadModel", n_layer=2, n_embd=16, n_head=2, vocab_size=40, use_cache=False)),
        tokens(),
    ),
    "lstm": lambda: (Tagger(), tokens()),
    "resnet18": lambda: (vision("resnet18"), images(32)),
    "vit": lambda: (
        vision("VisionTransformer", image_size=32, patch_size=8, num_layers=2, num_heads=2, hidden_dim=16, mlp_dim=24),
        images(32),
    ),
}  # fmt: skip
TRACED = ["bert", "lstm", "vit"]  # the older exporter cannot write gpt2; of resnet18 one is enough


@pytest.fixture(scope="module")
def file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Args]:
    """The float file of a model, by the exporter of today or by the one that traces."""
    name, way = request.param.split("-")
    path = tmp_path_factory.mktemp(request.param) / "float.onnx"
    model, args = MODELS[name]()
    seeded(model)
    sizes = dict(enumerate(OPEN[name]))
    if way == "traced":
        traced(model, args, path, input_names=["x"], dynamic_axes={"x": sizes})
        return path, args
    dims = {place: torch.export.Dim(size, min=2, max=64) for place, size in sizes.items()}
    with quiet(), torch.no_grad():
        shapes = (dims,) if dims else None
        torch.onnx.export(
            model, args, str(path), dynamo=True, verbose=False, external_data=False, dynamic_shapes=shapes
        )
    return path, args


class Calibration(quantization.CalibrationDataReader):  # type: ignore[misc]
    """One batch."""

    def __init__(self, path: Path, args: Args) -> None:
        names = [given.name for given in runtime.InferenceSession(str(path)).get_inputs()]
        self.batches: Iterator[Any] = iter([{name: arg.numpy() for name, arg in zip(names, args, strict=True)}])

    def get_next(self) -> Any:
        return next(self.batches, None)


def optimized(level: str) -> Callable[[Path, Path, Args], None]:
    def run(path: Path, result: Path, args: Args) -> None:
        options = runtime.SessionOptions()
        options.log_severity_level = 4
        options.graph_optimization_level = getattr(runtime.GraphOptimizationLevel, f"ORT_ENABLE_{level}")
        options.optimized_model_filepath = str(result)
        runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    return run


def dynamic(path: Path, result: Path, args: Args) -> None:
    quantization.quantize_dynamic(str(path), str(result))


def static(form: str, **settings: Any) -> Callable[[Path, Path, Args], None]:
    def run(path: Path, result: Path, args: Args) -> None:
        quantization.quantize_static(
            str(path),
            str(result),
            Calibration(path, args),
            quant_format=getattr(quantization.QuantFormat, form),
            **settings,
        )

    return run


def four_bits(path: Path, result: Path, args: Args) -> None:
    from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

    quantizer = MatMulNBitsQuantizer(onnx.load(path), block_size=16, is_symmetric=True)
    quantizer.process()
    onnx.save(quantizer.model.model, str(result))


WAYS: dict[str, Callable[[Path, Path, Args], None]] = {
    "basic": optimized("BASIC"),
    "extended": optimized("EXTENDED"),
    "all": optimized("ALL"),
    "dynamic": dynamic,
    "QDQ": static("QDQ"),
    "QDQ per channel": static("QDQ", per_channel=True),
    "QDQ of float weights": static("QDQ", extra_options={"AddQDQPairToWeight": True}),
    "QOperator": static("QOperator"),
    "4 bits": four_bits,
}
FILES = [*(f"{name}-exported" for name in MODELS), *(f"{name}-traced" for name in TRACED)]


def made(way: str, file: tuple[Path, Args]) -> Path:
    path, args = file
    result = path.with_name(f"{way}.onnx")
    with quiet():
        WAYS[way](path, result, args)
    return result


def dims_of(path: Path) -> dict[str, int]:
    text = onnx.load(path, load_external_data=False).graph.input[0].type.tensor_type.shape.dim
    return {dim.dim_param: 2 * place + 2 for place, dim in enumerate(text) if dim.dim_param}


def opened(path: Path) -> thoplw.LayerInfo:
    return thoplw.load(path, dims=dims_of(path), convention="exact", verbose=False)


def layers(info: thoplw.LayerInfo) -> dict[str, tuple[int, int]]:
    return {row.name: (row.params, row.macs) for row in info if row.params or row.macs}


# What quantizers write in place of a layer of torch's exporter has none of its metadata; a bias would tell whose it is.
UNTOLD = {("gpt2-exported", way): {"model.lm_head", ""} for way in ("dynamic", "QOperator", "4 bits")}
OPTIMIZED = ("basic", "extended", "all")  # of the exporter's metadata nothing is left


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("file", FILES, indirect=True)
def test_no_parameter_is_lost_or_made(file: tuple[Path, Args], way: str, request: pytest.FixtureRequest) -> None:
    before, after = opened(file[0]), opened(made(way, file))
    assert after.params == before.params
    if way in OPTIMIZED:
        return
    assert after.macs == before.macs
    untold = UNTOLD.get((request.node.callspec.params["file"], way), set())
    assert {k: v for k, v in layers(after).items() if k not in untold} == {
        k: v for k, v in layers(before).items() if k not in untold
    }


# The exporter of today writes a tied weight again where it is read transposed.
TWICE = {"bert": 40 * 16, "gpt2": 40 * 16}


@pytest.mark.parametrize("file", FILES, indirect=True)
def test_the_float_file_has_those_of_the_model(file: tuple[Path, Args], request: pytest.FixtureRequest) -> None:
    name = request.node.callspec.params["file"].split("-")[0]
    model, _ = MODELS[name]()
    # A batch norm that is folded leaves the convolution a bias, where it had a weight and a bias of its own.
    folded = sum(norm.num_features for norm in model.modules() if isinstance(norm, nn.BatchNorm2d))
    held = sum(param.numel() for param in model.parameters())
    assert opened(file[0]).params == held - folded + TWICE.get(name, 0)


# Names of inputs that hold what was learnt, as onnxruntime's schemas call them, and of those that only look so.
LEARNT = re.compile(
    r"(^|_)(weights?|bias|gamma|beta)$|^(scale|W|R|P|QW|MW|AW|V|bias_table|a_log|dt_bias|eco_a)$|^lora_[AB]$|_B$"
    r"|(^|_)(norm_weight|norm_scale|decay_scale|experts_weights|experts_bias|quant|embedding)$"
)
NOT_LEARNT = re.compile(r"^(router_weights|scale_.*)$|^beta$|attention_bias|rel_pos")
SETTINGS = re.compile(r"(_scale|_zero_point|scales|zero_points|absmax)$")
DOMAINS = ("com.microsoft", "com.microsoft.nchwc", "com.ms.internal.nhwc")


def schemas() -> dict[tuple[str, str], Any]:
    """The newest schema of each operator of onnxruntime's own domains."""
    newest: dict[tuple[str, str], Any] = {}
    for schema in runtime.capi.onnxruntime_pybind11_state.get_all_operator_schema():
        key = schema.domain, schema.name
        if schema.domain in DOMAINS and (key not in newest or newest[key].since_version < schema.since_version):
            newest[key] = schema
    return newest


def params_with(schema: Any, place: int, path: Path) -> int:
    """Parameters of a file with one such node, of which that input is a tensor of 3 x 4 elements in the file."""
    inputs = [f"x{i}" for i in range(len(schema.inputs))]
    node = helper.make_node(schema.name, inputs, [f"y{i}" for i in range(len(schema.outputs))], domain=schema.domain)
    given = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in inputs]
    tensor = helper.make_tensor(given.pop(place).name, TensorProto.FLOAT, [3, 4], [1.0, 2.0] * 6)
    result = [helper.make_tensor_value_info("y0", TensorProto.FLOAT, None)]
    graph = helper.make_graph([node], "one node", given, result, [tensor])
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid(schema.domain, 1)]
    path.write_bytes(helper.make_model(graph, opset_imports=opsets).SerializeToString())
    return thoplw.load(path, convention="exact", verbose=False).params


def test_every_input_that_a_schema_calls_a_weight_is_one(tmp_path: Path) -> None:
    wrong, checked = [], 0
    for (_, operator), schema in schemas().items():
        for place, given in enumerate(schema.inputs):
            setting = SETTINGS.search(given.name) and not LEARNT.search(given.name)
            learnt = LEARNT.search(given.name) and not NOT_LEARNT.search(given.name)
            if (not setting and not learnt) or (operator == "EngramGate" and setting):
                continue
            checked += 1
            if params_with(schema, place, tmp_path / "one.onnx") != (12 if learnt else 0):
                wrong.append((operator, given.name))
    assert not wrong
    assert checked > 200

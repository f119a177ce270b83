"""ONNX operators: types and sizes against the onnx package's node tests, work against arithmetic and onnx-tool."""

from __future__ import annotations

import contextlib
import functools
import io
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import thoplw
from in_process import in_process
from peers import onnx_tool
from thoplw import _native
from unequal import CANNOT_NODES

onnx = pytest.importorskip("onnx")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402

# What the reference lists, where the rows of the table are to be found.
ROW = re.compile(r"^\| (\S+) \| `(\w+)` \| (.*) \|$", re.MULTILINE)

# Operators that have no row, and why.
WITHOUT_ROW = {
    ("ai.onnx", "If"): "its graphs are followed",
    ("ai.onnx", "Loop"): "its graph is followed",
    ("ai.onnx", "Scan"): "its graph is followed",
    ("ai.onnx", "SequenceMap"): "its graph is followed",
}

# Operators and tests whose sizes may stay unknown, and why. A test says that each is needed.
UNKNOWN = {
    "Adagrad": "training: no row",
    "Adam": "training: no row",
    "Momentum": "training: no row",
    "ImageDecoder": "the size of the image is in its data",
    "NonMaxSuppression": "how many boxes stay hangs on the data",
    "NonZero": "how many elements there are hangs on the data",
    "Unique": "how many elements there are hangs on the data",
    "StringSplit": "the parts hang on the text",
    "StringNormalizer": "words are left out",
    "OptionalGetElement": "the type of an optional input is not read",
    "Range": "elements of half precision are not followed",
    "test_range_bfloat16_type_positive_delta_expanded": "elements of half precision are not followed",
    "test_range_float16_type_positive_delta_expanded": "elements of half precision are not followed",
    "test_scan_sum": "a Scan of version 8, with lengths of sequences",
}

NAMES = {
    TensorProto.FLOAT: "f32",
    TensorProto.DOUBLE: "f64",
    TensorProto.FLOAT16: "f16",
    TensorProto.BFLOAT16: "bf16",
    TensorProto.BOOL: "bool",
    TensorProto.COMPLEX64: "c64",
    TensorProto.COMPLEX128: "c128",
    TensorProto.STRING: "other",
    TensorProto.FLOAT8E4M3FN: "f8e4m3",
    TensorProto.FLOAT8E4M3FNUZ: "f8e4m3fnuz",
    TensorProto.FLOAT8E5M2: "f8e5m2",
    TensorProto.FLOAT8E5M2FNUZ: "f8e5m2fnuz",
    TensorProto.FLOAT8E8M0: "f8e8m0",
    TensorProto.FLOAT4E2M1: "f4",
    TensorProto.UINT2: "u2",
    TensorProto.UINT4: "u4",
    TensorProto.UINT8: "u8",
    TensorProto.UINT16: "u16",
    TensorProto.UINT32: "u32",
    TensorProto.UINT64: "u64",
    TensorProto.INT2: "i2",
    TensorProto.INT4: "i4",
    TensorProto.INT8: "i8",
    TensorProto.INT16: "i16",
    TensorProto.INT32: "i32",
    TensorProto.INT64: "i64",
}


def dtype_name(data_type: int) -> str:
    return NAMES.get(data_type, "other")


@functools.cache
def cases() -> list[Any]:
    from onnx.backend.test.case import node

    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        found: list[Any] = node.collect_testcases(None)
    return found


def shown(model: Any, inputs: list[Any]) -> Any:
    """The model with small inputs as constants, and each result turned into one that is made from a new input.

    So sizes that are given as tensors are known, and what is known of a result is written into the trace even where
    that follows from constants alone: `Expand` has its sizes, `CastLike` its type. `Abs` is work, so it has no rule
    where they are not known.
    """
    model = type(model).FromString(model.SerializeToString())
    graph = model.graph
    for value, data in zip(list(graph.input), inputs, strict=False):
        constant = isinstance(data, np.ndarray | np.generic) and np.ndim(data) <= 1 and np.size(data) <= 16
        if constant and data.dtype.kind in "iufb":
            tensor = numpy_helper.from_array(np.asarray(data), value.name)
            if tensor.data_type == value.type.tensor_type.elem_type:
                graph.initializer.append(tensor)
                graph.input.remove(value)
    graph.input.append(helper.make_tensor_value_info("any", TensorProto.FLOAT, []))
    results = [value.name for value in graph.output if value.type.HasField("tensor_type")]
    del graph.output[:]
    del graph.value_info[:]
    for name in results:
        graph.node.append(helper.make_node("Shape", [name], [f"{name}/sizes"]))
        graph.node.append(helper.make_node("Expand", ["any", f"{name}/sizes"], [f"{name}/expanded"]))
        graph.node.append(helper.make_node("CastLike", [f"{name}/expanded", name], [f"{name}/like"]))
        graph.node.append(helper.make_node("Abs", [f"{name}/like"], [f"{name}/shown"]))
        graph.output.append(helper.make_tensor_value_info(f"{name}/shown", TensorProto.UNDEFINED, None))
    return model


def inferred(path: Path, model: Any, inputs: list[Any]) -> list[str]:
    """The results as "f32[2,3]", and "?" where their sizes are not known."""
    path.write_bytes(shown(model, inputs).SerializeToString())
    text = _native.load(str(path), {}).text()
    found = re.findall(r"^ *(aten::abs|onnx::Abs)\(.*-> %\d+:(\S+?)(?: \{.*\})?$", text, re.MULTILINE)
    count = sum(value.type.HasField("tensor_type") for value in model.graph.output)
    return [result if name == "aten::abs" else "?" for name, result in found[len(found) - count :]]


def expected(model: Any, results: list[Any]) -> Iterator[str]:
    for value, data in zip(model.graph.output, results, strict=False):
        if value.type.HasField("tensor_type"):
            sizes = data.dims if isinstance(data, TensorProto) else np.shape(data)
            yield f"{dtype_name(value.type.tensor_type.elem_type)}[{','.join(map(str, sizes))}]"


def test_types_and_sizes_are_those_of_the_node_tests(tmp_path: Path) -> None:
    wrong, excused, checked = [], set(), 0
    for case in cases():
        inputs, results = case.data_sets[0]
        reasons = UNKNOWN.keys() & {case.name, *(node.op_type for node in case.model.graph.node)}
        want = list(expected(case.model, results))
        found = inferred(tmp_path / "node.onnx", case.model, inputs)
        if "?" in found and reasons:
            excused |= reasons
            want = [w if f != "?" else "?" for w, f in zip(want, found, strict=False)]
        checked += len(want)
        if found != want:
            wrong.append((case.name, found, want))
    assert not wrong
    assert checked > 1800
    assert excused == UNKNOWN.keys()


def test_every_operator_has_a_row() -> None:
    rows = {(domain, name) for domain, name, _ in ROW.findall(in_process("reference", "operators")[1])}
    schemas = {(schema.domain or "ai.onnx", schema.name) for schema in onnx.defs.get_all_schemas()}
    without = {pair for pair in schemas - rows if not pair[0].startswith("ai.onnx.preview.training")}
    assert without == WITHOUT_ROW.keys()


def model_of(node: Any, inputs: dict[str, Any], weights: dict[str, Any], result: list[int], opset: int = 20) -> Any:
    graph = helper.make_graph(
        [node],
        "one node",
        [helper.make_tensor_value_info(name, *what) for name, what in inputs.items()],
        [helper.make_tensor_value_info(node.output[0], TensorProto.FLOAT, result)],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])


def floats(*sizes: int) -> np.ndarray[Any, Any]:
    return np.ones(sizes, np.float32)


def size(*sizes: int) -> tuple[int, list[int]]:
    return TensorProto.FLOAT, list(sizes)


def quantized(*sizes: int) -> tuple[int, list[int]]:
    return TensorProto.UINT8, list(sizes)


ZERO, ONE = np.uint8(0) * np.ones((), np.uint8), np.float32(1) * np.ones((), np.float32)
SCALES = {"xs": ONE, "xz": ZERO, "ws": ONE, "wz": ZERO, "ys": ONE, "yz": ZERO}

# node, inputs, weights, sizes of the result, multiply-adds, does onnx-tool count as many?
MODELS: dict[str, tuple[Any, dict[str, Any], dict[str, Any], list[int], int, bool]] = {
    "Gemm": (
        helper.make_node("Gemm", ["x", "w", "b"], ["y"], transB=1),
        {"x": size(3, 4)}, {"w": floats(5, 4), "b": floats(5)}, [3, 5], 3 * 4 * 5, False,
    ),
    "Gemm, neither transposed": (
        helper.make_node("Gemm", ["x", "w"], ["y"]),
        {"x": size(3, 4)}, {"w": floats(4, 5)}, [3, 5], 3 * 4 * 5, True,
    ),
    "Gemm, both transposed": (
        helper.make_node("Gemm", ["x", "w"], ["y"], transA=1, transB=1),
        {"x": size(4, 3)}, {"w": floats(5, 4)}, [3, 5], 3 * 4 * 5, False,
    ),
    "MatMul of batches": (
        helper.make_node("MatMul", ["x", "w"], ["y"]),
        {"x": size(2, 7, 3, 4), "w": size(7, 4, 5)}, {}, [2, 7, 3, 5], 2 * 7 * 3 * 4 * 5, True,
    ),
    "MatMul of a vector": (
        helper.make_node("MatMul", ["x", "w"], ["y"]),
        {"x": size(4), "w": size(7, 4, 5)}, {}, [7, 5], 7 * 4 * 5, False,
    ),
    "Conv, grouped": (
        helper.make_node("Conv", ["x", "w"], ["y"], group=2, pads=[1, 1, 1, 1], strides=[2, 2]),
        {"x": size(2, 4, 9, 9)}, {"w": floats(6, 2, 3, 3)}, [2, 6, 5, 5], 2 * 25 * 6 * 2 * 9, True,
    ),
    "ConvTranspose": (
        helper.make_node("ConvTranspose", ["x", "w"], ["y"], strides=[2, 2], group=2),
        {"x": size(2, 4, 5, 5)}, {"w": floats(4, 3, 3, 3)}, [2, 6, 11, 11], 2 * 25 * 4 * 3 * 9, False,
    ),
    "LSTM, both directions": (
        helper.make_node("LSTM", ["x", "w", "r", "b"], ["y"], hidden_size=8, direction="bidirectional"),
        {"x": size(7, 2, 3)}, {"w": floats(2, 32, 3), "r": floats(2, 32, 8), "b": floats(2, 64)}, [7, 2, 2, 8],
        7 * 2 * 2 * (32 * 3 + 32 * 8), False,
    ),
    "GRU": (
        helper.make_node("GRU", ["x", "w", "r"], ["y"], hidden_size=8),
        {"x": size(7, 2, 3)}, {"w": floats(1, 24, 3), "r": floats(1, 24, 8)}, [7, 1, 2, 8],
        7 * 2 * (24 * 3 + 24 * 8), False,
    ),
    "Attention": (
        helper.make_node("Attention", ["q", "k", "v"], ["y"]),
        {"q": size(2, 8, 5, 16), "k": size(2, 8, 7, 16), "v": size(2, 8, 7, 12)}, {}, [2, 8, 5, 12],
        2 * 8 * 5 * 7 * (16 + 12), False,
    ),
    "Attention, heads in the last dimension, keys shared": (
        helper.make_node("Attention", ["q", "k", "v"], ["y"], q_num_heads=8, kv_num_heads=2),
        {"q": size(2, 5, 128), "k": size(2, 7, 32), "v": size(2, 7, 24)}, {}, [2, 5, 96],
        2 * 8 * 5 * 7 * (16 + 12), False,
    ),
    "QLinearConv": (
        helper.make_node("QLinearConv", ["x", "xs", "xz", "w", "ws", "wz", "ys", "yz"], ["y"]),
        {"x": quantized(1, 3, 8, 8)}, {"w": np.ones((4, 3, 3, 3), np.uint8), **SCALES}, [1, 4, 6, 6],
        36 * 4 * 3 * 9, False,
    ),
    "MatMulInteger": (
        helper.make_node("MatMulInteger", ["x", "w"], ["y"]),
        {"x": quantized(3, 4)}, {"w": np.ones((4, 5), np.uint8)}, [3, 5], 3 * 4 * 5, False,
    ),
    "Einsum": (
        helper.make_node("Einsum", ["a", "b"], ["y"], equation="...ij,...jk->...ik"),
        {"a": size(2, 7, 3, 4), "b": size(2, 7, 4, 5)}, {}, [2, 7, 3, 5], 2 * 7 * 3 * 4 * 5, False,
    ),
    "Resize": (
        helper.make_node("Resize", ["x", "", "scales"], ["y"], mode="linear"),
        {"x": size(1, 3, 4, 5)}, {"scales": np.array([1, 1, 2, 2], np.float32)}, [1, 3, 8, 10], 0, False,
    ),
}  # fmt: skip


def saved(path: Path, name: str) -> Path:
    node, inputs, weights, result, _, _ = MODELS[name]
    onnx.save(model_of(node, inputs, weights, result, 24 if node.op_type == "Attention" else 20), path)
    return path


@pytest.mark.parametrize("name", MODELS)
def test_work_is_what_a_hand_calculation_gives(name: str, tmp_path: Path) -> None:
    info = thoplw.load(saved(tmp_path / "one.onnx", name), convention="exact")
    assert info.macs == MODELS[name][4]
    assert info.exact


@pytest.mark.parametrize("name", [name for name, row in MODELS.items() if row[-1]])
def test_work_is_what_onnx_tool_counts(name: str, tmp_path: Path) -> None:
    onnx_tool = pytest.importorskip("onnx_tool")
    model = onnx_tool.Model(str(saved(tmp_path / "one.onnx", name)), {"verbose": False})
    graph = model.graph
    graph.shape_infer(None)
    graph.profile()
    assert graph.macs[0] == MODELS[name][4]


def resized() -> Any:
    """What exporters wrote for `interpolate(x, scale_factor=0.7)`: sizes by way of real numbers."""
    constant: dict[str, Any] = {
        "scale": np.array([0.7, 0.7], np.float32),
        "start": np.array([2], np.int64), "end": np.array([4], np.int64), "begin": np.array([0], np.int64),
    }  # fmt: skip
    nodes = [
        helper.make_node("Shape", ["x"], ["sizes"]),
        helper.make_node("Slice", ["sizes", "start", "end"], ["space"]),
        helper.make_node("Cast", ["space"], ["real"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["real", "scale"], ["scaled"]),
        helper.make_node("Floor", ["scaled"], ["whole"]),
        helper.make_node("Cast", ["whole"], ["wanted"], to=TensorProto.INT64),
        helper.make_node("Slice", ["sizes", "begin", "start"], ["kept"]),
        helper.make_node("Concat", ["kept", "wanted"], ["all"], axis=0),
        helper.make_node("Resize", ["x", "", "", "all"], ["y"], mode="nearest"),
    ]
    graph = helper.make_graph(
        nodes,
        "resized",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 10, 13])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(array, name) for name, array in constant.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])


def test_sizes_are_followed_through_real_numbers(tmp_path: Path) -> None:
    runtime = pytest.importorskip("onnxruntime")
    path = tmp_path / "resized.onnx"
    path.write_bytes(resized().SerializeToString())
    (result,) = runtime.InferenceSession(str(path)).run(None, {"x": floats(1, 3, 10, 13)})
    assert f"f32[{','.join(map(str, result.shape))}]" in _native.load(str(path), {}).text()


def with_weights(case: Any) -> Any:
    """The model of a node test as files have them: what goes into its operator beside the first input is a weight."""
    model = type(case.model).FromString(case.model.SerializeToString())
    pairs = re.match(
        r"test_(add|sub|mul|div|sum|max_|min_|mean|matmul|where|and|or|xor|equal|greater|less|mod|pow)", case.name
    )
    for value, data in list(zip(list(model.graph.input), case.data_sets[0][0], strict=False))[1:]:
        if pairs or not isinstance(data, np.ndarray) or data.dtype.kind not in "iufb":
            continue
        tensor = numpy_helper.from_array(data, value.name)
        if value.type.HasField("tensor_type") and tensor.data_type == value.type.tensor_type.elem_type:
            model.graph.initializer.append(tensor)
            model.graph.input.remove(value)
    for i, node in enumerate(model.graph.node):
        node.name = node.name or f"node_{i}"
    return model


def test_onnx_tool_counts_as_many_in_the_node_tests(tmp_path: Path) -> None:
    pytest.importorskip("onnx_tool")
    path, unequal, checked = tmp_path / "node.onnx", {}, 0
    for case in cases():
        if not case.data_sets:
            continue
        path.write_bytes(with_weights(case).SerializeToString())
        try:
            with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                printed = onnx_tool(path)
        except Exception:  # it opens only half of them
            continue
        info = thoplw.load(path, convention="onnx-tool", verbose=False)
        checked += 1
        if (info.macs, info.params) != (printed.cost, printed.params):
            unequal[case.name] = (info.macs, info.params, printed)
    assert unequal.keys() == CANNOT_NODES.keys(), unequal
    assert checked > 900

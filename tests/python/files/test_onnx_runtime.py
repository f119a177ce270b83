"""What onnxruntime computes is what thoplw says of it: sizes of its own operators, and how often loops turn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import thoplw

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from onnx_files import own_shapes  # noqa: E402

onnxruntime.set_default_logger_severity(4)
DOMAIN = "com.microsoft"


def computed(model: Any, inputs: dict[str, Any]) -> list[Any]:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return list(session.run(None, inputs))


# --- operators of onnxruntime's own

RANDOM = np.random.default_rng(0)


def f(*sizes: int) -> Any:
    return RANDOM.standard_normal(sizes).astype(np.float32)


def u8(*sizes: int) -> Any:
    return RANDOM.integers(0, 255, sizes).astype(np.uint8)


def i8(*sizes: int) -> Any:
    return RANDOM.integers(-100, 100, sizes).astype(np.int8)


def i32(*values: Any) -> Any:
    return np.array(values, np.int32)


SCALE, ZERO = np.array(0.1, np.float32), np.array(3, np.uint8)
QUANTIZED = [np.array([0.1], np.float32), np.array([0], np.int8)]
# Blocks of a mask for two layouts: where the row of each block begins, and its columns.
SPARSE = [i32([0, 1, 3], [0, 1, 2]), i32([0, 0, 1], [0, 1, 0]), np.array(4, np.int32), i32(4, 4)]
ATTENTION, SHARED, BUFFER = {"num_heads": 4}, {"num_heads": 4, "kv_num_heads": 2}, {"past_present_share_buffer": 1}

# Operator, inputs, how many outputs, attributes. The first input is one of the model, others are weights.
OPERATORS: list[tuple[str, list[Any], int, dict[str, Any]]] = [
    ("Attention", [f(2, 5, 16), f(16, 48), f(48), None, f(2, 2, 4, 3, 4)], 2, ATTENTION),
    ("Attention", [f(2, 5, 16), f(16, 40), f(40)], 1, {"num_heads": 4, "qkv_hidden_sizes": [16, 16, 8]}),
    ("Attention", [f(2, 5, 16), f(16, 48), f(48), i32(5, 3)], 1, ATTENTION),
    ("QAttention", [u8(2, 5, 16), i8(16, 48), f(48), f(), f(), None, ZERO, i8(), f(2, 2, 4, 3, 4)], 2, ATTENTION),
    ("MultiHeadAttention", [f(2, 5, 16), f(2, 7, 16), f(2, 7, 24)], 3, ATTENTION),
    ("MultiHeadAttention", [f(2, 5, 16), f(2, 7, 16), f(2, 7, 16), f(48)], 1, ATTENTION),
    ("MultiHeadAttention", [f(2, 5, 16), f(2, 4, 9, 4), f(2, 4, 9, 4)], 1, ATTENTION),
    (
        "MultiHeadAttention",
        [f(2, 5, 16), f(2, 5, 16), f(2, 5, 16), None, None, None, f(2, 4, 3, 4), f(2, 4, 3, 4)],
        3,
        ATTENTION,
    ),
    ("GroupQueryAttention", [f(2, 5, 32), f(2, 5, 16), f(2, 5, 16), None, None, i32(4, 4), i32(5)], 3, SHARED),
    (
        "GroupQueryAttention",
        [f(2, 1, 32), f(2, 1, 16), f(2, 1, 16), f(2, 2, 6, 8), f(2, 2, 6, 8), i32(6, 6), i32(7)],
        3,
        SHARED,
    ),
    ("GroupQueryAttention", [f(2, 5, 64), None, None, None, None, i32(4, 4), i32(5)], 3, SHARED),
    (
        "DecoderMaskedMultiHeadAttention",
        [f(2, 1, 16), f(2, 1, 16), f(2, 1, 16), None, None, f(2, 4, 6, 4), f(2, 4, 6, 4), i32(3)],
        3,
        ATTENTION | BUFFER,
    ),
    ("DecoderMaskedMultiHeadAttention", [f(2, 1, 16), f(2, 4, 9, 4), f(2, 4, 9, 4)], 1, ATTENTION),
    ("MoE", [f(6, 8), f(6, 4), f(4, 16, 8), f(4, 16), f(4, 8, 16), f(4, 8)], 1, {"k": 2, "activation_type": "silu"}),
    (
        "MoE",
        [f(2, 3, 8), f(6, 4), f(4, 32, 8), None, f(4, 8, 16)],
        1,
        {"k": 2, "activation_type": "swiglu", "swiglu_fusion": 1},
    ),
    ("QMoE", [f(6, 32), f(6, 4), u8(4, 64, 16), f(4, 64), None, u8(4, 32, 32), f(4, 32)], 1, {"k": 2}),
    (
        "QMoE",
        [f(6, 32), f(6, 4), u8(4, 128, 32), f(4, 128), None, u8(4, 32, 64), f(4, 32)],
        1,
        {"k": 2, "expert_weight_bits": 8, "activation_type": "swiglu", "swiglu_fusion": 1},
    ),
    (
        "GatedDeltaNet",
        [f(10, 4, 8), f(10, 4, 8), f(10, 8, 12), None, f(10, 8), f(10, 8), f(2, 8, 12, 8)],
        2,
        {},
    ),
    ("CausalConvWithState", [f(2, 6, 10), f(6, 1, 4), f(6)], 2, {}),
    ("MatMulNBits", [f(2, 3, 64), u8(48, 2, 16), f(96)], 1, {"K": 64, "N": 48, "bits": 4, "block_size": 32}),
    ("MatMulBnb4", [f(2, 64), u8(1536), f(96)], 1, {"K": 64, "N": 48, "block_size": 32, "quant_type": 1}),
    ("MatMulIntegerToFloat", [u8(2, 5), u8(5, 6), f(), f(6), ZERO, ZERO, f(6)], 1, {}),
    ("DynamicQuantizeMatMul", [f(2, 5), u8(5, 6), f(6), None, f(6)], 1, {}),
    (
        "DynamicQuantizeLSTM",
        [f(5, 2, 8), i8(1, 8, 16), i8(1, 4, 16), f(1, 32), None, None, None, None, *QUANTIZED, *QUANTIZED],
        3,
        {"hidden_size": 4},
    ),
    ("QGemm", [u8(2, 5), SCALE, ZERO, u8(5, 6), SCALE, ZERO, np.zeros(6, np.int32)], 1, {}),
    ("FusedMatMul", [f(6, 4, 3), f(4, 6, 5)], 1, {"transA": 1, "transBatchA": 1}),
    ("SkipLayerNormalization", [f(2, 5, 16), f(2, 5, 16), f(16), f(16), f(16)], 4, {}),
    ("SkipSimplifiedLayerNormalization", [f(2, 5, 16), f(2, 5, 16), f(16)], 4, {}),
    ("EmbedLayerNormalization", [i32([1, 2], [3, 4]), None, f(9, 16), f(9, 16), None, f(16), f(16)], 2, {}),
    ("NhwcMaxPool", [u8(1, 8, 8, 3)], 1, {"kernel_shape": [2, 2], "strides": [2, 2]}),
    ("MaxpoolWithMask", [f(1, 2, 8, 8), np.zeros((1, 2, 8, 8), np.int32)], 1, {"kernel_shape": [2, 2]}),
    ("CropAndResize", [f(1, 2, 8, 8), f(3, 4), i32(0, 0, 0), i32(4, 5)], 1, {}),
    ("Inverse", [f(2, 3, 3)], 1, {}),
]


@pytest.mark.parametrize("row", range(len(OPERATORS)), ids=[f"{row[0]}-{i}" for i, row in enumerate(OPERATORS)])
def test_sizes_are_those_of_what_onnxruntime_computes(row: int, tmp_path: Path) -> None:
    op, inputs, count, attributes = OPERATORS[row]
    given = {f"i{i}": value for i, value in enumerate(inputs) if value is not None}
    names = [f"i{i}" if value is not None else "" for i, value in enumerate(inputs)]
    outputs = [f"o{i}" for i in range(count)]
    first = helper.make_tensor_value_info("i0", helper.np_dtype_to_tensor_dtype(inputs[0].dtype), inputs[0].shape)
    graph = helper.make_graph(
        [helper.make_node(op, names, outputs, domain=DOMAIN, **attributes)],
        op,
        [first],
        [helper.make_value_info(name, onnx.TypeProto()) for name in outputs],
        [numpy_helper.from_array(value, name) for name, value in given.items() if name != "i0"],
    )
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid(DOMAIN, 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
    shapes = {name: result.shape for name, result in zip(outputs, computed(model, {"i0": inputs[0]}), strict=True)}
    assert own_shapes(model, tmp_path / "bare.onnx") == shapes
    (tmp_path / "one.onnx").write_bytes(model.SerializeToString())
    assert thoplw.load(tmp_path / "one.onnx", convention="exact").exact


# --- loops as tf2onnx writes tf.while_loop: the condition before the loop, and again at the end of its body

Node = helper.make_node
Nodes = Callable[[str, str], list[Any]]


def below(limit: str) -> Nodes:
    return lambda i, out: [Node("Less", [i, limit], [out])]


def and_below(limit: str, most: str) -> Nodes:
    return lambda i, out: [
        Node("Less", [i, limit], [f"{out}_a"]),
        Node("Less", [i, most], [f"{out}_b"]),
        Node("And", [f"{out}_a", f"{out}_b"], [out]),
    ]


def above(limit: str) -> Nodes:
    return lambda i, out: [Node("LessOrEqual", [i, limit], [f"{out}_n"]), Node("Not", [f"{out}_n"], [out])]


WIDTH = [
    Node("Shape", ["x"], ["sizes"]),
    Node("Gather", ["sizes", "one"], ["size"]),
    Node("Cast", ["size"], ["limit"], to=TensorProto.INT32),
]
# Condition, where the counter starts, its step, nodes before the loop, constants, the most turns.
LOOPS: dict[str, tuple[Nodes, Any, Any, list[Any], dict[str, Any], str]] = {
    "a counter": (below("limit"), i32(0)[0], 1, [], {"limit": 7}, ""),
    "by threes": (below("limit"), i32(1)[0], 3, [], {"limit": 20}, ""),
    "downwards": (above("limit"), i32(9)[0], -2, [], {"limit": 0}, ""),
    "of reals": (below("limit"), np.float32(0), 0.5, [], {"limit": 4}, ""),
    "at most": (and_below("limit", "few"), i32(0)[0], 1, [], {"limit": 7, "few": 5}, ""),
    "as wide as x": (below("limit"), i32(0)[0], 1, WIDTH, {}, ""),
    "a limit in the loop": (below("limit"), i32(0)[0], 1, [], {"limit": 7}, "three"),
    "none in the loop": (below("limit"), i32(0)[0], 1, [], {"limit": 7}, "endless"),
    "never": (below("limit"), i32(9)[0], 1, [], {"limit": 7}, ""),
}


def while_loop(name: str) -> Any:
    condition, start, step, before, constants, most = LOOPS[name]
    kind = helper.np_dtype_to_tensor_dtype(start.dtype)
    value = helper.make_tensor_value_info
    body = helper.make_graph(
        [
            Node("Add", ["i", "step"], ["next"]),
            Node("MatMul", ["h", "u"], ["made"]),
            Node("Identity", ["u"], ["same"]),
            *condition("next", "again"),
        ],
        "body",
        [
            value("turn", TensorProto.INT64, []),
            value("c", TensorProto.BOOL, []),
            value("i", kind, []),
            value("h", TensorProto.FLOAT, [2, 4]),
            value("u", TensorProto.FLOAT, [4, 4]),
        ],
        [
            value("again", TensorProto.BOOL, []),
            value("next", kind, []),
            value("made", TensorProto.FLOAT, [2, 4]),
            value("same", TensorProto.FLOAT, [4, 4]),
        ],
    )
    loop = Node("Loop", [most, "go", "start", "x", "w"], ["n", "y", "w_after"], name="loop", body=body)
    weights: dict[str, Any] = {name: np.array(number, start.dtype) for name, number in constants.items()}
    weights |= {"start": start, "step": np.array(step, start.dtype), "w": np.eye(4, dtype=np.float32) / 2}
    weights |= {"one": np.array(1), "three": np.array(3), "endless": np.array(2**63 - 1)}
    graph = helper.make_graph(
        [*before, *condition("start", "go"), loop],
        "g",
        [value("x", TensorProto.FLOAT, [2, 4])],
        [value("n", kind, []), value("y", TensorProto.FLOAT, [2, 4])],
        [numpy_helper.from_array(np.asarray(array), name) for name, array in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def turns_of(results: Sequence[Any], start: Any, step: Any) -> int:
    """The counter tells, and x, which each turn halves."""
    turns = round((results[0] - start) / step)
    assert (results[1] == 0.5**turns).all()
    return turns


@pytest.mark.parametrize("name", LOOPS)
def test_loops_turn_as_often_as_onnxruntime_turns_them(name: str, tmp_path: Path) -> None:
    model = while_loop(name)
    turns = turns_of(computed(model, {"x": np.ones((2, 4), np.float32)}), *LOOPS[name][1:3])
    (tmp_path / "loop.onnx").write_bytes(model.SerializeToString())
    info = thoplw.load(tmp_path / "loop.onnx", convention="exact")
    assert info.macs == turns * 2 * 4 * 4
    assert info.exact
    assert info.params == 4 * 4
    assert turns > 0 or name == "never"

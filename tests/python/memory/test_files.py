"""Memory of model files: freed after the last use, as a runtime of graphs does."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import onnx
import pytest
import torch
from onnx import TensorProto, helper
from torch import nn

import thoplw
from live import Live
from thoplw import _native
from thoplw._models import import_torchvision

RECENT = torch.__version__.startswith("2.13.")
MODELS = ["resnet18", "mobilenet_v3_small", "squeezenet1_0", "densenet121", "attention"]


class Attention(nn.Module):
    """Views, turned matrices, and copies that are made of them."""

    def __init__(self) -> None:
        super().__init__()
        self.norm, self.qkv, self.out = nn.LayerNorm(16), nn.Linear(16, 48), nn.Linear(16, 16)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q, k, v = self.qkv(self.norm(x)).reshape(2, 9, 3, 4, 4).permute(2, 0, 3, 1, 4).unbind(0)
        scores = ((q * 0.5) @ k.transpose(-2, -1)).softmax(-1)
        mixed: torch.Tensor = self.out((scores @ v).transpose(1, 2).reshape(2, 9, 16))
        return x + mixed


def build(name: str) -> tuple[nn.Module, tuple[torch.Tensor, ...]]:
    torch.manual_seed(0)
    if name == "attention":
        return Attention().eval(), (torch.rand(2, 9, 16),)
    return import_torchvision().models.get_model(name).eval(), (torch.rand(2, 3, 64, 64),)


def freed_after_last_use(program: Any, inputs: tuple[torch.Tensor, ...]) -> int:
    """The most that is alive while torch's own interpreter runs the graph: it drops each value after its last use."""
    module = program.module()
    gc.collect()
    gc.disable()
    try:
        with torch.no_grad(), Live([*module.parameters(), *module.buffers(), *inputs]) as live:
            torch.fx.Interpreter(module, garbage_collect_values=True).run(*inputs)
    finally:
        gc.enable()
    return live.peak


@pytest.mark.skipif(not RECENT, reason="what operators make inside changes between releases of torch")
@pytest.mark.parametrize("name", MODELS)
def test_a_pt2_file_is_as_torch_interprets_it(name: str, tmp_path: Path) -> None:
    model, inputs = build(name)
    program = torch.export.export(model, inputs)
    torch.export.save(program, tmp_path / "model.pt2")
    info = thoplw.memory(tmp_path / "model.pt2", verbose=False)
    assert info.lifetimes == "last-use"
    assert info.activations_peak == freed_after_last_use(program, inputs)
    assert info.inputs == sum(x.nbytes for x in inputs)


VIEWS = """thoplw trace 1
model "M"
source ""
class M
module "" M
call "" (%0:f32[2,4]) -> (%2:f32[2,4]) {{
  {op}(%0:f32[2,4]) -> %1:f32[2,4]
  aten::exp(%1:f32[2,4]) -> %2:f32[2,4]
}}
"""


def is_view(op: str) -> bool:
    """As the memory of a trace has it: a view of the input takes none."""
    try:
        info = _native.count_memory(_native.Trace.parse(VIEWS.format(op=op)), "exact", {})
    except thoplw.Error:  # its formula wants more tensors: it computes
        return False
    return info.activations_peak == 32


def schemas() -> dict[str, bool]:
    """By operator of torch: does its schema say that the first result is a view of the first tensor?"""
    views: dict[str, bool] = {}
    for schema in torch._C._jit_get_all_schemas():
        if not schema.name.startswith("aten::") or schema.name.endswith("_") or not schema.returns:
            continue
        if not schema.arguments or "Tensor" not in str(schema.arguments[0].type):
            continue
        alias = schema.returns[0].alias_info
        views[schema.name] = views.get(schema.name, False) or (alias is not None and not alias.is_write)
    return views


# Their results share memory though the schema does not say so, or do in eval mode, or where the type is the same.
SHARED = {
    *("aten::_unsafe_view", "aten::unsafe_chunk", "aten::unsafe_split", "aten::unsafe_split_with_sizes"),
    *("aten::dropout", "aten::feature_dropout", "aten::type_as"),
}
# Of sparse tensors, lists and dictionaries; and what only autograd or autocast calls inside starts with "_".
OTHERS = {
    *("as_tensor", "ccol_indices", "coalesce", "col_indices", "crow_indices", "get", "indices", "keys", "pin_memory"),
    *("pop", "row_indices", "setdefault", "slice_inverse", "values"),
}


@pytest.mark.skipif(not RECENT, reason="operators come and go")
def test_views_are_those_of_torchs_schemas() -> None:
    of_torch = schemas()
    assert {name for name, view in of_torch.items() if is_view(name) and not view} == SHARED
    missed = {name.removeprefix("aten::") for name, view in of_torch.items() if view and not is_view(name)}
    assert {name for name in missed if name[0] != "_"} == OTHERS


def onnx_file(path: Path) -> Path:
    """x: 2 x 4; a weight of 4 x 3 in 4 bits; and shapes of two numbers."""
    shape = helper.make_tensor("shape", TensorProto.INT64, [2], [4, 2])
    weight = helper.make_tensor("w", TensorProto.INT4, [4, 3], [1] * 12)
    scale = helper.make_tensor("scale", TensorProto.FLOAT, [], [0.5])
    nodes = [
        helper.make_node("Relu", ["x"], ["a"]),  # 2 x 4
        helper.make_node("Reshape", ["a", "shape"], ["b"]),  # in the memory of a
        helper.make_node("Transpose", ["b"], ["c"]),  # 2 x 4, copied
        helper.make_node("DequantizeLinear", ["w", "scale"], ["d"]),  # 4 x 3
        helper.make_node("MatMul", ["c", "d"], ["y"]),  # 2 x 3
    ]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [2, 4])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [2, 3])
    graph = helper.make_graph(nodes, "g", [x], [y], [shape, weight, scale])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)]), path)
    return path


def test_an_onnx_file_by_hand(tmp_path: Path) -> None:
    info = thoplw.memory(onnx_file(tmp_path / "net.onnx"), verbose=False)
    # Relu; no more for the reshape; transposed; a is gone: c and d; these and y
    assert [moment.activations for moment in info.moments] == [32, 32, 32 + 32, 32 + 48, 32 + 48 + 24]
    assert info.outputs == 24
    assert info.weights_by_type["i4"] == 12 // 2
    assert thoplw.load(tmp_path / "net.onnx", verbose=False).bytes == info.weights + info.buffers


def test_a_file_takes_no_inputs(tmp_path: Path) -> None:
    path = onnx_file(tmp_path / "net.onnx")
    with pytest.raises(thoplw.Error, match="has its inputs in it"):
        thoplw.memory(path, (2, 4))
    with pytest.raises(thoplw.Error, match="was not observed"):
        thoplw.memory(path, lifetimes="observed")
    with pytest.raises(thoplw.Error, match="dims is for model files"):
        thoplw.memory(nn.Linear(4, 4), (2, 4), dims={"batch": 2})


def test_weights_alone(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    save_file({"w": torch.zeros(3, 5, dtype=torch.bfloat16)}, tmp_path / "w.safetensors")
    info = thoplw.memory(tmp_path / "w.safetensors", verbose=False)
    assert (info.weights, info.weights_by_type) == (30, {"bf16": 30})
    assert (info.peak, info.inputs, info.activations_peak, info.retained) == (None, None, None, None)
    assert "no operators" in " ".join(info.notes)

"""Makes ONNX files for the tests: exported without weights where the exporter can, and probed for every shape."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import onnx
import onnx_ir
import torch

from thoplw import _native

Shape = tuple[int, ...]


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """The exporters talk a lot."""
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)


def seeded(model: torch.nn.Module) -> torch.nn.Module:
    """No two tensors are alike: exporters merge those that are, fresh norms among them."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for tensor in [*model.parameters(), *(b for b in model.buffers() if b.is_floating_point())]:
            tensor.uniform_(0.1, 1, generator=generator)
    return model.eval()


def without_weights(program: Any) -> onnx.ModelProto:
    """The exported model, its weights said to be in a file that is not there; those on meta are nowhere at all."""
    for name, value in program.model.graph.initializers.items():
        raw = getattr(value.const_value, "raw", None)
        on_meta = isinstance(raw, torch.Tensor) and raw.device.type == "meta"
        if not value.dtype.is_floating_point() and not on_meta:
            continue
        shape = onnx_ir.Shape(value.shape)
        value.const_value = onnx_ir.ExternalTensor("absent.bin", 0, 0, value.dtype, shape=shape, name=name)
    return onnx_ir.to_proto(program.model)


def exported(model: torch.nn.Module, args: tuple[Any, ...], path: Path, **settings: Any) -> Path:
    """A file of torch's current exporter."""
    settings = {"optimize": False, "verbose": False} | settings
    with quiet(), torch.no_grad():
        program = torch.onnx.export(model, args, dynamo=True, **settings)
    path.write_bytes(without_weights(program).SerializeToString())
    return path


def traced(model: torch.nn.Module, args: tuple[Any, ...], path: Path, **settings: Any) -> Path:
    """A file of the older exporter, which has no shapes and no classes."""
    fused = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)  # it has no words for attention as one operator
    try:
        with quiet(), torch.no_grad():
            torch.onnx.export(model, args, str(path), dynamo=False, **settings)
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)
    return path


AS_IT_IS = {"training": torch.onnx.TrainingMode.PRESERVE, "do_constant_folding": False}
"""Settings of the older exporter under which no batch norm is folded and no weight renamed."""


def probed(model: onnx.ModelProto) -> tuple[onnx.ModelProto, list[str]]:
    """The model without any shape in it but those of its inputs, and a node of an unknown operator for each value."""
    bare = onnx.ModelProto()
    bare.CopyFrom(model)
    del bare.graph.value_info[:]
    for output in bare.graph.output:
        output.type.Clear()
    names = [name for node in model.graph.node for name in node.output if name]
    for i, name in enumerate(names):
        bare.graph.node.append(onnx.helper.make_node(f"Probe{i}", [name], [f"probe_{i}"], domain="probe"))
    return bare, names


def own_shapes(model: onnx.ModelProto, path: Path) -> dict[str, Shape]:
    """What thoplw works out for each value of the main graph; values that it does not know are left out."""
    bare, names = probed(model)
    path.write_bytes(bare.SerializeToString())
    shapes = {}
    for line in _native.load(str(path), {}).text().splitlines():
        operator, _, rest = line.strip().partition("(")
        if "probe::Probe" not in operator:
            continue
        tensor = rest[: rest.index(")")]
        index = int(operator[operator.index("probe::Probe") + len("probe::Probe") :])
        shapes[names[index]] = tensor
    return {name: shape_of(tensor) for name, tensor in shapes.items()}


def shape_of(tensor: str) -> Shape:
    sizes = tensor[tensor.index("[") + 1 : tensor.index("]")]
    return tuple(int(size) for size in sizes.split(",") if size)

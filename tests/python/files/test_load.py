"""thoplw.load and the command on files: what a user of Python meets, whatever the format."""

from __future__ import annotations

import pickle
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import huggingface_hub
import numpy as np
import onnx
import onnxruntime
import pytest
import safetensors.torch
import torch
from onnx import helper

import thoplw
from thoplw import _models, _native

DATA = Path(__file__).parents[2] / "data"
WEIGHTS = DATA / "net.safetensors"


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A file with an open batch, and its model: 3 x 4 multiply-adds and 4 biases a row."""
    path = tmp_path_factory.mktemp("load") / "small.pt2"
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU()).eval()
    batch = torch.export.Dim("batch", max=64)
    torch.export.save(torch.export.export(model, (torch.ones(2, 3),), dynamic_shapes=({0: batch},)), path)
    return path


def test_load_is_the_table_of_the_file(small):
    info = thoplw.load(small)
    assert (info.macs, info.params) == (2 * (3 * 4 + 4), 3 * 4 + 4)
    assert [(row.name, row.cls, row.macs) for row in info] == [("0", "Linear", 32), ("1", "ReLU", 0)]
    assert thoplw.load(str(small), convention="exact").macs == 2 * 3 * 4
    assert thoplw.load(small, dims={"input.0": 5}).macs == 5 * 16


def test_load_imports_no_torch(small):
    code = f"import sys, thoplw; thoplw.load({str(small)!r}); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0


def test_the_command_opens_files_without_torch(small):
    code = f"""
import sys
sys.argv = ["thoplw", {str(small)!r}, "--dim", "input.0=5", "-k", "csv"]
from thoplw.__main__ import main
try:
    main()
finally:
    print("torch" in sys.modules)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines()[1].startswith("0,Linear,")
    assert run.stdout.splitlines()[-1] == "False"


def test_a_trace_of_a_file_is_a_file_again(small, tmp_path):
    trace = tmp_path / "small.trace"
    command = [sys.executable, "-m", "thoplw"]
    first = subprocess.run([*command, small, "--save-trace", trace], capture_output=True, text=True, timeout=60)
    again = subprocess.run([*command, trace], capture_output=True, text=True, timeout=60)
    assert first.returncode == again.returncode == 0, first.stderr + again.stderr
    assert first.stdout == again.stdout
    assert thoplw.load(trace).macs == 32


def test_large_archives_have_another_directory(small, tmp_path, monkeypatch):
    """ZIP64, as from 4 GiB on; Python writes it where its limit is passed."""
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 100)
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 1)
    path = tmp_path / "small.pt2"
    with zipfile.ZipFile(small) as source, zipfile.ZipFile(path, "w") as target:
        for entry in source.infolist():
            target.writestr(entry.filename, source.read(entry))
    assert b"PK\x06\x06" in path.read_bytes()  # the end of a ZIP64 directory
    assert thoplw.load(path).macs == 32


def test_weights_have_parameters_and_an_open_cost(capsys):
    info = thoplw.load(WEIGHTS)
    assert (info.params, info.buffers, info.exact) == (5 * 8 + 8 + 8, 8 + 8 + 1, False)
    assert "weights only" in capsys.readouterr().err
    with pytest.raises(thoplw.Error, match="lower bound"):
        thoplw.load(WEIGHTS, strict=True)


def test_an_index_is_the_table_of_its_shards(tmp_path):
    """As huggingface_hub splits a state dict in which the head is the embedding: 5 x 8, and 2 layers of 8 x 8 + 8."""
    model = torch.nn.Sequential(torch.nn.Embedding(5, 8), *(torch.nn.Linear(8, 8) for _ in range(2)))
    model.append(torch.nn.Linear(8, 5, bias=False))
    model[3].weight = model[0].weight
    huggingface_hub.save_torch_state_dict(model.state_dict(), tmp_path, max_shard_size=300)
    index = tmp_path / "model.safetensors.index.json"
    assert len(list(tmp_path.glob("*.safetensors"))) > 1
    info = thoplw.load(index, verbose=False)
    assert info.params == 5 * 8 + 2 * (8 * 8 + 8)
    (tmp_path / "whole").mkdir()
    huggingface_hub.save_torch_state_dict(model.state_dict(), tmp_path / "whole", max_shard_size="1GB")
    whole = thoplw.load(tmp_path / "whole" / "model.safetensors", verbose=False)
    assert sorted((row.name, row.cls, row.params) for row in info) == sorted(
        (row.name, row.cls, row.params) for row in whole
    )
    run = subprocess.run(
        [sys.executable, "-m", "thoplw", index, "-k", "csv"], capture_output=True, text=True, timeout=60
    )
    assert run.stdout.splitlines()[-1].startswith("Total"), run.stderr
    variant = index.with_name("model.safetensors.index.fp16.json")
    variant.write_bytes(index.read_bytes())
    assert thoplw.load(variant, verbose=False).params == info.params
    missing = min(tmp_path.glob("*.safetensors"))
    missing.unlink()
    with pytest.raises(thoplw.Error, match=f"index.json: shard '{missing.name}' is missing; put all files"):
        thoplw.load(index)


def gptq(out, size, bits, group):
    """A layer as AutoGPTQ packs it: along the inputs, its zero points along the outputs."""
    tensors = {"qweight": (size * bits // 32, out), "qzeros": (size // group, out * bits // 32), "g_idx": (size,)}
    packed = {name: torch.zeros(shape, dtype=torch.int32) for name, shape in tensors.items()}
    return packed | {"scales": torch.ones(size // group, out, dtype=torch.float16)}


def awq(out, size, bits, group):
    """As AutoAWQ packs it: along the outputs."""
    tensors = {"qweight": (size, out * bits // 32), "qzeros": (size // group, out * bits // 32)}
    packed = {name: torch.zeros(shape, dtype=torch.int32) for name, shape in tensors.items()}
    return packed | {"scales": torch.ones(size // group, out, dtype=torch.float16)}


def nf4(out, size):
    """As bitsandbytes 0.50 stores a Linear4bit with nested scales."""
    count = out * size
    beside = {"absmax": torch.zeros(count // 64, dtype=torch.uint8), "quant_map": torch.zeros(16)}
    beside |= {"nested_absmax": torch.zeros(1), "nested_quant_map": torch.zeros(256)}
    beside["quant_state.bitsandbytes__nf4"] = torch.zeros(166, dtype=torch.uint8)
    packed = {f"weight.{name}": tensor for name, tensor in beside.items()}
    return packed | {"weight": torch.zeros(count // 2, 1, dtype=torch.uint8)}


def int8(out, size):
    """As bitsandbytes stores a Linear8bitLt."""
    weight = torch.zeros(out, size, dtype=torch.int8)
    return {"weight": weight, "SCB": torch.ones(out), "weight_format": torch.tensor(0, dtype=torch.uint8)}


@pytest.mark.parametrize(
    "layer", [gptq(96, 64, 4, 32), gptq(96, 64, 3, 64), awq(96, 64, 4, 16), nf4(96, 64), int8(96, 64)]
)
def test_packed_weights_count_as_in_the_float_model(layer, tmp_path, capsys):
    path = tmp_path / "model.safetensors"
    tensors = {f"layers.0.q_proj.{name}": tensor for name, tensor in layer.items()}
    safetensors.torch.save_file(
        tensors | {"layers.0.q_proj.bias": torch.zeros(96), "norm.weight": torch.ones(64)}, path
    )
    assert thoplw.load(path).params == 96 * 64 + 96 + 64
    assert "1 tensors are quantized: counted are the weights" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("dims", "message"),
    [
        ({"input.0": 65}, "64"),
        ({"batch": 2}, r"input\.0"),  # the file does not keep the name; the places are listed
        ({"input.1": 4}, "input.1"),
        ({"input.0": 0}, "1 or more"),
        ({"input.0": "2"}, "a whole number"),
        ([2], "a dict"),
    ],
)
def test_wrong_dims_are_named(small, dims, message):
    with pytest.raises(thoplw.Error, match=message):
        thoplw.load(small, dims=dims)


def test_wrong_files_are_named(tmp_path):
    plain = tmp_path / "model.pt2"
    for content in (b"", b"PK\x03\x04", b"no archive at all", b"\0" * 1000):
        plain.write_bytes(content)
        with pytest.raises(thoplw.Error, match=re.escape(str(plain))):
            thoplw.load(plain)
    with pytest.raises(thoplw.Error, match="No such file"):
        thoplw.load(tmp_path / "missing.onnx")
    weights = tmp_path / "weights.pt2"
    torch.save(torch.nn.Linear(2, 2).state_dict(), weights)
    with pytest.raises(thoplw.Error, match=r"torch\.export"):
        thoplw.load(weights)
    scripted = tmp_path / "scripted.pt2"
    torch.jit.script(torch.nn.Linear(2, 2)).save(str(scripted))
    with pytest.raises(thoplw.Error, match="TorchScript"):
        thoplw.load(scripted)


def save_ort(path):
    source = path.with_suffix(".onnx")
    nodes = [helper.make_node("Relu", ["x"], ["y"])]
    values = [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [2, 3]) for name in "xy"]
    model = helper.make_model(helper.make_graph(nodes, "g", values[:1], values[1:]), ir_version=8)
    onnx.save(model, source)
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(path)
    options.add_session_config_entry("session.save_model_format", "ORT")
    onnxruntime.InferenceSession(str(source), options, providers=["CPUExecutionProvider"])


LAYER = torch.nn.Linear(2, 2)
OTHERS = [
    ("net.pt", lambda path: torch.jit.script(LAYER).save(str(path)), "TorchScript"),
    ("net.pth", lambda path: torch.save(LAYER, path), "saved by torch.save"),
    ("net.bin", lambda path: torch.save(LAYER.state_dict(), path), "saved by torch.save"),
    ("old.pth", lambda path: torch.save(LAYER, path, _use_new_zipfile_serialization=False), "what torch.save wrote"),
    ("net.npz", lambda path: np.savez(path, w=np.ones(3)), "NumPy"),
    ("net.npy", lambda path: np.save(path, np.ones(3)), "NumPy"),
    ("net.ort", save_ort, "ONNX Runtime's own format"),
    ("net.pkl", lambda path: path.write_bytes(pickle.dumps({"a": 1})), "pickle"),
    ("net.py", lambda path: path.write_text("import torch\n"), r"path/to/file\.py:callable"),
    ("notes.txt", lambda path: path.write_text("hello"), "known are"),
]


@pytest.mark.parametrize(("name", "save", "what"), OTHERS)
def test_other_files_are_told_what_they_are(tmp_path, capsys, name, save, what):
    save(tmp_path / name)
    with pytest.raises(thoplw.Error, match=what):
        thoplw.load(tmp_path / name)
    code = _native.run_command_line([str(tmp_path / name)], _models.open_model, sys.stdout, sys.stderr)
    assert code == 2
    assert re.search(what, capsys.readouterr().err)


@pytest.mark.parametrize("cut", [1, 7, 50, 200, 1000])
def test_a_file_that_is_cut_short_is_an_error(small, tmp_path, cut):
    path = tmp_path / "cut.pt2"
    path.write_bytes(small.read_bytes()[:-cut])
    with pytest.raises(thoplw.Error, match=r"cut\.pt2"):
        thoplw.load(path)

"""Measures of real models: what is trained, takes bytes, and what operators cost, in every table and the command."""

import csv
import io
import json
from pathlib import Path

import pytest
import torch
from torch import nn

import thoplw
from in_process import in_process
from thoplw import _native
from thoplw._models import import_torchvision


def model(name: str) -> nn.Module:
    return import_torchvision().models.get_model(name, weights=None).eval()


@pytest.fixture(scope="module")
def half_frozen() -> tuple[nn.Module, thoplw.LayerInfo]:
    """ResNet-18 of which the head alone is trained, and half of which is in half precision."""
    net = model("resnet18").requires_grad_(False)
    net.fc.requires_grad_(True)
    net.layer4.half()
    trace = thoplw.profile(net, (1, 3, 64, 64))[2]
    return net, trace


def test_trainable_parameters_and_bytes_are_what_torch_says(half_frozen) -> None:
    net, info = half_frozen
    tensors = [*net.parameters(), *net.buffers()]
    assert info.trainable == sum(p.numel() for p in net.parameters() if p.requires_grad) == 512 * 1000 + 1000
    assert info.bytes == sum(t.numel() * t.element_size() for t in tensors)
    rows = {row.name: row for row in info}
    assert (rows["fc"].trainable, rows["conv1"].trainable) == (513000, 0)
    assert rows["layer4.0.conv1"].bytes == 512 * 256 * 3 * 3 * 2
    assert rows["bn1"].bytes == 4 * 64 * 4 + 8  # weight, bias, mean, variance; the number of batches as i64


def test_tied_weights_take_their_bytes_once() -> None:
    net = nn.Sequential(nn.Linear(8, 8, bias=False), nn.Linear(8, 8, bias=False))
    net[1].weight = net[0].weight
    info = thoplw.profile(net, (1, 8))[2]
    assert [(row.trainable, row.bytes) for row in info] == [(64, 256), (0, 0)]
    assert (info.trainable, info.bytes) == (64, 256)


@pytest.mark.parametrize("convention", [name for name, _ in _native.conventions()])
@pytest.mark.parametrize("name", ["resnet18", "vit_b_16", "densenet121"])
def test_operators_add_up_to_the_total_of_every_convention(name: str, convention: str) -> None:
    info = thoplw.profile(model(name), (2, 3, 224, 224))[2].under(convention)
    operators = info.by_operator()
    assert sum(op.macs for op in operators) == info.macs
    assert all(op.calls > 0 for op in operators)


def test_products_of_attention_are_those_of_its_operator() -> None:
    tokens = torch.zeros(1, 4, 8)
    info = thoplw.profile(nn.MultiheadAttention(8, 2, batch_first=True), (tokens, tokens, tokens))[2]
    macs = {op.name: op.macs for op in info.by_operator()}
    assert macs["aten::bmm"] == 2 * 4 * 4 * 8  # queries by keys, scores by values
    assert info.macs == sum(macs.values())


def test_every_measure_has_its_places() -> None:
    counted = thoplw.profile(nn.Linear(4, 5), (1, 4))[2]
    step = thoplw.training(nn.Linear(4, 5), (1, 4))
    compared = thoplw.compare(nn.Linear(4, 5), (1, 4))
    timed = counted.on("h100")
    memory = thoplw.memory(nn.Linear(4, 5), (1, 4))
    for measure in _native.measures():
        name = measure.name
        info = next(info for info in (counted, timed, step, memory) if getattr(info, name) is not None)
        changes = thoplw.diff(info, info)
        for owner in (info, info[0], changes, changes.rows[0], *([compared] if info is counted else [])):
            assert getattr(owner, name) is not None
        assert info.summary("csv", columns=["name", name]).endswith(f"Total,{getattr(info, name)}")
        assert f"--max-{name} {'TIME' if info is timed else 'COUNT'}" in in_process("check", "--help")[1]
        assert f"    {name}: " in Path(thoplw.__file__).with_name("_native.pyi").read_text()


def test_columns_choose_what_a_table_has(half_frozen) -> None:
    _, info = half_frozen
    rows = list(csv.DictReader(io.StringIO(info.summary("csv", columns=["name", "trainable", "trainable-share"]))))
    assert rows[-1] == {"Name": "Total", "Trainable": "513000", "Trainable share": "100.00 %"}
    assert sum(int(row["Trainable"]) for row in rows[:-1]) == 513000
    with pytest.raises(thoplw.Error, match="unknown column 'byte'; did you mean 'bytes'"):
        info.summary(columns=["byte"])
    with pytest.raises(thoplw.Error, match="unknown grouping 'layer'"):
        info.summary(by="layer")


@pytest.mark.parametrize("kind", ["text", "csv", "md", "tree", "html", "json", "svg", "dot", "mermaid", "folded"])
@pytest.mark.parametrize("by", ["class", "operator"])
def test_groups_are_shown_in_every_format(half_frozen, kind: str, by: str) -> None:
    _, info = half_frozen
    text = info.summary(kind, by=by)
    assert ("Conv2d" if by == "class" else "aten::conv") in text
    if kind == "json":
        rows = json.loads(text)["rows"]
        assert sum(row["macs"] for row in rows) == info.macs


def test_a_tensor_of_one_dimension_has_no_batch() -> None:
    info = thoplw.profile(nn.Linear(7, 3), (7,))[2]
    assert (info[0].input_shape, info[0].output_shape) == ((7,), (3,))
    assert "| 7 " in info.summary()


def test_limits_hold_any_measure(tmp_path, half_frozen) -> None:
    _, info = half_frozen
    info.save(tmp_path / "r.json")
    assert (
        in_process("check", str(tmp_path / "r.json"), "--max-bytes", str(info.bytes), "--max-trainable", "513000")[0]
        == 0
    )
    code, out, _ = in_process("check", str(tmp_path / "r.json"), "--max-bytes", str(info.bytes - 1))
    assert code == 1
    assert "bytes" in out
    assert in_process("check", str(tmp_path / "r.json"), "--max-trainable", "1K")[0] == 1

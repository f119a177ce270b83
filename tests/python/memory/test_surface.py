"""What `thoplw memory`, `fit`, `check` and `memory()` say and refuse."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import thoplw
from in_process import in_process

SOURCED = 'title = "Board"\nsource = "its sheet"\nread = "2026-11-30"\n'
NETS = """
from torch import nn

def net():
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(1), nn.LazyLinear(5))

def pooled():
    return nn.Sequential(nn.Conv2d(3, 4, 3, stride=2, padding=1), nn.AdaptiveAvgPool2d(1), nn.Flatten())

def tokens():
    return nn.Embedding(10, 4)
"""


@pytest.fixture(scope="module")
def nets(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("nets")
    (folder / "nets.py").write_text(NETS)
    return f"{folder}/nets.py"


def net() -> nn.Module:
    space: dict[str, Any] = {}
    exec(NETS, space)
    return space["net"]()  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def info() -> thoplw.MemoryInfo:
    return thoplw.memory(net(), (2, 3, 8, 8), verbose=False)


def test_the_parts_add_up(info: thoplw.MemoryInfo) -> None:
    assert info.peak == info.weights + info.buffers + (info.inputs or 0) + (info.activations_peak or 0)
    assert sum(piece.bytes for piece in info.at_peak) == info.peak
    assert max(moment.activations for moment in info.moments) == info.activations_peak
    assert info.weights == sum(info.weights_by_type.values()) == (4 * 27 + 4 + 8 + 5 * 144 + 5) * 4
    assert info.buffers_by_type == {"f32": 8 * 4, "i64": 8}
    assert info.inputs == 2 * 3 * 8 * 8 * 4
    assert info.outputs == 2 * 5 * 4
    assert info.alive == info.activations_peak
    assert info.bytes == info.weights + info.buffers


def test_rows_tell_what_each_layer_adds(info: thoplw.MemoryInfo) -> None:
    of_conv = 2 * 4 * 6 * 6 * 4
    assert [(row.name, row.activations) for row in info] == [
        ("0", of_conv), ("1", of_conv), ("2", of_conv), ("3", 0), ("4", 2 * 5 * 4)
    ]  # fmt: skip


@pytest.mark.parametrize("kind", ["text", "csv", "md", "tree", "json", "html", "svg", "dot", "mermaid", "folded"])
def test_every_kind_of_output_shows_it(info: thoplw.MemoryInfo, kind: str) -> None:
    assert info.summary(kind)
    if kind in ("text", "md", "csv", "html"):
        assert "ctivations" in info.summary(kind)
    if kind == "html":
        assert "<title>Memory of a forward of Sequential</title>" in info.summary(kind)


def test_it_travels(info: thoplw.MemoryInfo, tmp_path: Path) -> None:
    info.save(tmp_path / "memory.json")
    for other in (thoplw.load(tmp_path / "memory.json"), pickle.loads(pickle.dumps(info)), info.without_trace()):
        assert type(other) is thoplw.MemoryInfo
        assert other == info
        assert other.weights_by_type == info.weights_by_type
        assert [piece.bytes for piece in other.at_peak] == [piece.bytes for piece in info.at_peak]
        assert other.timeline() == info.timeline()
    assert info.under("flops").peak == info.peak
    assert thoplw.diff(info, info).bytes == 0
    with pytest.raises(thoplw.Error, match="the memory of a forward, the second of a forward"):
        thoplw.diff(info, thoplw.profile(net(), (2, 3, 8, 8), verbose=False)[2])


def test_damage_in_a_saved_report_is_told(info: thoplw.MemoryInfo, tmp_path: Path) -> None:
    info.save(tmp_path / "memory.json")
    report = json.loads((tmp_path / "memory.json").read_text())
    for field, value in (("lifetimes", "never"), ("weights_by_type", [{"dtype": "f33", "bytes": 1}]), ("outputs", -1)):
        damaged = {**report, "inference": {**report["inference"], field: value}}
        (tmp_path / "damaged.json").write_text(json.dumps(damaged))
        with pytest.raises(thoplw.Error, match=rf"damaged\.json: inference.{field}"):
            thoplw.load(tmp_path / "damaged.json")


def test_policies_are_named(info: thoplw.MemoryInfo) -> None:
    assert info.lifetimes == "observed"
    last_use = thoplw.memory(net(), (2, 3, 8, 8), lifetimes="last-use", verbose=False)
    assert last_use.lifetimes == "last-use"
    assert (last_use.activations_peak or 0) <= (info.activations_peak or 0)
    with pytest.raises(thoplw.Error, match="known: observed last-use"):
        thoplw.memory(net(), (2, 3, 8, 8), lifetimes="never")


def test_a_type_halves_it() -> None:
    model = nn.Linear(8, 4, bias=False)
    whole = thoplw.memory(model, (2, 8), verbose=False)
    half = thoplw.memory(model, (2, 8), precision="bf16", verbose=False)
    assert whole.peak == (8 * 4 + 2 * 8 + 2 * 4) * 4
    assert half.peak == (8 * 4 + 2 * 8 + 2 * 4) * 2
    assert half.weights_by_type == {"bf16": 64}


def test_a_model_is_left_as_it_was() -> None:
    model = net().train()
    thoplw.memory(model, (2, 3, 8, 8), verbose=False)
    assert all(module.training for module in model.modules())


def test_the_picture_is_svg_or_png_and_nothing_else(nets: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = ("memory", f"{nets}:net", "-i", "2x3x8x8", "--timeline")
    assert in_process(*command, f"{tmp_path}/m.svg")[0] == 0
    assert (tmp_path / "m.svg").read_text().startswith("<svg")
    code, _, error = in_process(*command, f"{tmp_path}/m.gif")
    assert code == 2
    assert "drawn as .svg or .png" in error
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setitem(__import__("sys").modules, "cairosvg", None)
    code, _, error = in_process(*command, f"{tmp_path}/m.png")
    assert code == 2
    assert "nothing here draws PNG: pip install cairosvg" in error
    assert not (tmp_path / "m.png").exists()


def test_a_program_draws_png(nets: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "rsvg-convert"
    program.write_text('#!/bin/sh\ngrep -q "<svg" "$1" && printf PNG > "$3"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    monkeypatch.setitem(__import__("sys").modules, "cairosvg", None)
    assert in_process("memory", f"{nets}:net", "-i", "2x3x8x8", "--timeline", f"{tmp_path}/m.png")[0] == 0
    assert (tmp_path / "m.png").read_text() == "PNG"


@pytest.mark.parametrize(
    ("vary", "model", "given", "one", "at"),
    [
        ("batch", "net", "1x3x8x8", "a batch of", lambda n: (n, 3, 8, 8)),
        ("image", "pooled", "1x3x8x8", "an image of", lambda n: (1, 3, n, n)),
        ("seq", "tokens", "1x6:i64", "a sequence of", lambda n: torch.zeros(1, n, dtype=torch.int64)),
    ],
)
def test_the_largest_that_fits_does_and_the_next_does_not(
    nets: str, vary: str, model: str, given: str, one: str, at: Any
) -> None:
    space: dict[str, Any] = {}
    exec(NETS, space)
    room = 200_000
    args = ("fit", f"{nets}:{model}", "-i", given, "--memory", str(room), "--vary", vary)
    code, text, _ = in_process(*args)
    assert code == 0
    assert text.startswith(one)
    answer = json.loads(in_process(*args, "--kind", "json")[1])
    fits = answer[vary]
    step = 2 if vary == "image" else 1  # the convolution halves an image of 8
    peaks = [thoplw.memory(space[model](), at(n), verbose=False).peak for n in (fits, fits + step)]
    assert [answer["peak"], answer["peak_of_next"]] == peaks
    assert peaks[0] <= room < peaks[1]


def test_where_nothing_fits_the_exit_code_says_so(nets: str) -> None:
    code, text, _ = in_process("fit", f"{nets}:net", "-i", "1x3x8x8", "--memory", "3K")
    assert code == 1
    assert "the weights and buffers alone need 3.42 KB" in text  # 845 floats and an integer of 8 bytes
    assert in_process("fit", f"{nets}:net", "-i", "2x3x8x8", "--memory", "3K", "--train")[0] == 1


def test_a_microcontroller(nets: str, tmp_path: Path) -> None:
    args = ("fit", f"{nets}:pooled", "-i", "1x3x8x8")
    assert in_process(*args, "--flash", "1K", "--ram", "2K")[0] == 0
    assert in_process(*args, "--flash", "1K", "--ram", "1K")[0] == 1
    (tmp_path / "mine.toml").write_text(f'[board]\nflash = "1K"\nmemory = "2K"\n{SOURCED}')
    code, text, _ = in_process(*args, "--device", f"{tmp_path}/mine.toml")
    assert code == 0
    assert text.startswith("it fits: 448 B of 1.00 KB of flash for weights and buffers; ")  # (4 * 27 + 4) * 4


def test_a_size_that_no_input_has(nets: str) -> None:
    for vary, what in (("seq", "no input is a sequence"), ("image", "no input is an image")):
        model, given = ("net", "1x3x8x8") if vary == "seq" else ("tokens", "1x6:i64")
        code, _, error = in_process("fit", f"{nets}:{model}", "-i", given, "--memory", "1M", "--vary", vary)
        assert code == 2
        assert what in error


def test_limits_of_memory(nets: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    args = ("check", f"{nets}:net", "-i", "2x3x8x8")
    peak = thoplw.memory(net(), (2, 3, 8, 8), verbose=False).peak or 0
    assert in_process(*args, "--max-inference-memory", str(peak))[0] == 0
    code, text, _ = in_process(*args, "--max-inference-memory", str(peak - 1))
    assert code == 1
    assert "bytes of memory in a forward" in text
    assert "bytes alive at the peak" in text
    code, text, _ = in_process(*args, "--max-memory", "1K")
    assert "bytes of memory in a step of training" in text
    assert "bytes saved for backward, " in text
    assert in_process(*args, "--max-retained", "0")[0] == 0
    (tmp_path / "pyproject.toml").write_text(
        f'[[tool.thoplw.check]]\nmodel = "{nets}:net"\ninput = "2x3x8x8"\nmax-inference-memory = {peak}\nbatch = 2\n'
    )
    monkeypatch.chdir(tmp_path)
    assert in_process("check")[0] == 0


def test_a_trace_that_was_saved_knows_its_memory(nets: str, tmp_path: Path) -> None:
    trace = f"{tmp_path}/net.trace"
    code, first, _ = in_process("memory", f"{nets}:net", "-i", "2x3x8x8", "--save-trace", trace)
    assert code == 0
    assert in_process("memory", trace)[1] == first
    code, _, error = in_process("train", trace)
    assert "not captured for training" in error  # it tells when memory is freed, but nothing of backward


def test_a_saved_report_is_of_its_own_question(nets: str, tmp_path: Path) -> None:
    report = f"{tmp_path}/memory.json"
    assert in_process("memory", f"{nets}:net", "-i", "2x3x8x8", "-o", report)[0] == 0
    assert in_process("memory", report)[0] == 0
    assert "not of a step of training" in in_process("train", report)[2]
    assert "no other can be tried" in in_process("fit", report, "--memory", "1G")[2]

"""Devices in Python and on the command line: the table, files of users, times of a model, and what is said of them."""

from __future__ import annotations

import csv
import io
import json
import pickle
from pathlib import Path

import pytest
import torch
from torch import nn

import thoplw
from in_process import in_process
from thoplw import _measure
from thoplw._models import import_torchvision

SLOW = """
[slow]
title = "A slow one"
bandwidth = "1G"
memory = "2G"
peak = { fp32 = "2G", bf16 = "16G" }
"""  # a byte takes 1 ns, a multiply-add of fp32 too


@pytest.fixture
def slow(tmp_path: Path) -> str:
    path = tmp_path / "slow.toml"
    path.write_text(SLOW)
    return str(path)


class Net(nn.Module):
    """Models of the command line, for the tests, and its input: fc 3 x 4 by 4 x 5, then relu."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 5, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.fc(x))


def test_devices_are_listed_with_their_figures_and_sources() -> None:
    devices = {device.name: device for device in thoplw.devices()}
    assert len(devices) > 80
    h100 = devices["h100-sxm"]
    assert (h100.title, h100.kind, h100.memory) == ("NVIDIA H100 SXM", "data centre", 80 * 10**9)
    assert h100.peak["bf16"] == 989.5e12
    assert h100.bandwidth == 3350 * 10**9
    assert h100.flash is None
    board = devices["nrf52840"]
    assert (board.memory, board.flash, board.peak, board.bandwidth) == (256 * 1024, 1024 * 1024, {}, None)
    for device in devices.values():
        assert "https://" in device.source
        assert device.read.startswith("20")


def test_a_model_on_a_device_of_ones_own(slow: str) -> None:
    """Worked out by hand: fc moves 48 + 80 + 60 bytes and multiplies 60 times, relu moves 60 + 60 bytes."""
    info = thoplw.profile(Net(), (3, 4), device=slow, verbose=False)[2]
    rows = {row.name: row for row in info}
    assert (rows["fc"].traffic, rows["fc"].arithmetic_time, rows["fc"].memory_time) == (188, 60_000, 188_000)
    assert (rows["fc"].time, info.time) == (188_000, 308_000)  # picoseconds
    timing = info.timing
    assert (timing.device, timing.title, timing.dtype, timing.exact) == ("slow", "A slow one", "", True)
    assert timing.least == pytest.approx(188e-9)
    assert timing.arithmetic == pytest.approx(60e-9)
    assert timing.estimate == pytest.approx(308e-9)
    assert timing.bytes == 188
    half = info.on(slow, "bf16")
    assert half.timing.arithmetic == pytest.approx(60e-9 / 8)
    assert half.timing.bytes == 94
    assert half.macs == info.macs


def test_without_a_device_there_are_no_times() -> None:
    info = thoplw.profile(Net(), (3, 4), verbose=False)[2]
    assert info.traffic == 308
    assert (info.time, info.timing, info[0].time) == (None, None, None)


def test_times_travel_and_keep_to_their_device_under_another_convention(slow: str) -> None:
    info = thoplw.profile(Net(), (3, 4), device=slow, verbose=False)[2]
    assert pickle.loads(pickle.dumps(info)) == info
    other = info.under("flops")
    assert other.timing == info.timing or other.timing.least == info.timing.least
    assert other.time == info.time


@pytest.mark.parametrize(
    ("device", "dtype", "message"),
    [
        ("h10", None, "unknown device 'h10'; did you mean 'h100'?"),
        ("h100", "bf61", "unknown type 'bf61'"),
        ("t4", "fp8", "NVIDIA T4 has no public figure for fp8; it has for: fp32 fp16 int8 int4"),
        ("nrf52840", None, "nothing public says how fast Nordic nRF52840 is"),
        (None, "bf16", "dtype is the type that a device computes in"),
        (7, None, "device must be a str, not 7"),
        ("none.toml", None, "none.toml"),
    ],
)
def test_what_is_wrong_is_said(device, dtype, message) -> None:
    with pytest.raises(thoplw.Error) as error:
        thoplw.profile(Net(), (3, 4), device=device, dtype=dtype, verbose=False)
    assert message in str(error.value)


def test_a_table_without_its_trace_cannot_be_timed() -> None:
    info = thoplw.profile(Net(), (3, 4), verbose=False)[2].without_trace()
    with pytest.raises(thoplw.Error, match="profile or load the model itself"):
        info.on("h100")


def test_shares_of_the_peak_in_training() -> None:
    """A linear layer that is trained: its forward and the gradient of its weight, 10^9 multiply-adds each."""
    net, x = nn.Linear(1000, 1000, bias=False).to("meta"), torch.empty(1000, 1000, device="meta")
    step = thoplw.training(net, x, verbose=False)
    assert step.macs == 2 * 10**9
    timing = step.on("a100", "bf16", step_seconds=0.001).timing
    assert timing.mfu == pytest.approx(4e9 / 312e12 / 0.001, rel=1e-6)
    assert timing.hfu == timing.mfu
    assert step.on("a100").timing.mfu is None
    assert step.on("a100").timing.arithmetic == pytest.approx(
        4e9 / 156e12, rel=1e-6
    )  # fp32, at the faster rate of TF32
    with pytest.raises(thoplw.Error, match="step_seconds"):
        thoplw.profile(Net(), (3, 4), verbose=False)[2].on("a100", step_seconds=1)


def test_checkpoints_count_in_hfu_alone() -> None:
    model = import_torchvision().models.vit_b_16(weights=None)
    x = torch.empty(1, 3, 224, 224, device="meta")
    step = thoplw.training(model, x, checkpoint="encoder.layers.*", verbose=False)
    timing = step.on("a100", "bf16", step_seconds=0.01).timing
    assert step.recompute > 0
    assert timing.hfu / timing.mfu == pytest.approx(step.macs / (step.macs - step.recompute))


MODEL = __file__ + ":Net"


def run(*args: str) -> str:
    code, out, err = in_process(*args)
    assert code == 0, err
    return out


def test_the_command_lists_devices_in_every_form() -> None:
    assert "h100-sxm" in run("devices")
    rows = list(csv.DictReader(io.StringIO(run("devices", "-k", "csv"))))
    listed = json.loads(run("devices", "-k", "json"))
    assert len(rows) == len(listed) == len(thoplw.devices())
    assert rows[0]["bf16"] == str(listed[0]["peak"]["bf16"]) == "989500000000000"
    assert run("devices", "-k", "md").startswith("| Name")
    code, _, err = in_process("devices", "-k", "svg")
    assert (code, "text, md, csv or json" in err) == (2, True)


def test_one_device_in_full_is_a_file_that_can_be_given(tmp_path: Path) -> None:
    path = tmp_path / "h100.toml"
    path.write_text(run("devices", "h100") + "\n")
    assert run("devices", str(path)) == run("devices", "h100")
    mine, theirs = (thoplw.profile(Net(), (3, 4), device=d, verbose=False)[2] for d in (str(path), "h100"))
    assert [row.time for row in mine] == [row.time for row in theirs]


def test_the_command_says_times_in_every_form(slow: str) -> None:
    model = [MODEL, "-i", "3x4", "--device", slow]
    text = run(*model)
    assert "| 188 ns" in text
    assert "on A slow one nothing takes less than 188 ns" in text
    assert "308 ns" in run(*model, "-k", "tree")
    rows = list(csv.DictReader(io.StringIO(run(*model, "-k", "csv"))))
    assert [(row["Time"], row["Bound"]) for row in rows] == [
        ("120000", "memory"), ("188000", "memory"), ("308000", "memory")
    ]  # fmt: skip
    assert json.loads(run(*model, "-k", "json"))["timing"]["least"] == 188_000
    by_operator = list(csv.DictReader(io.StringIO(run(*model, "-k", "csv", "--by", "operator"))))
    assert [row["Operator"] for row in by_operator] == ["aten::linear", "aten::relu", "Total"]
    for kind in ("html", "md", "svg", "mermaid", "dot", "folded"):
        assert run(*model, "-k", kind)


def test_a_limit_of_time_is_held(slow: str) -> None:
    model = ["check", MODEL, "-i", "3x4", "--device", slow]
    assert in_process(*model, "--max-time", "308ns")[0] == 0
    code, out, _ = in_process(*model, "--max-time", "300ns")
    assert code == 1
    assert "308 ns of 300 ns" in out
    code, _, err = in_process(*model, "--max-time", "soon")
    assert (code, "'soon' is not a time; write one such as 2ms, 40us or 1.5s" in err) == (2, True)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--dtype", "bf16"], "--dtype needs --device NAME"),
        (["--device", "nano"], "unknown device 'nano'"),
        (["--columns", "time"], "name a device, as in --device h100"),
    ],
)
def test_the_command_says_what_is_wrong(args: list[str], message: str) -> None:
    code, _, err = in_process(MODEL, "-i", "3x4", *args)
    assert (code, message in err) == (2, True), err


def test_this_machine_can_be_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A short run of small sizes: what is measured is no matter, but what is printed can be given."""
    monkeypatch.setattr(_measure, "_SECONDS", 0.01)
    monkeypatch.setattr(_measure, "_SIZES", {"cpu": (64,), "cuda": (64,)})
    monkeypatch.setattr(_measure, "_CONVOLVED", {"cpu": ((1, 8, 8),), "cuda": ((1, 8, 8),)})
    monkeypatch.setattr(_measure, "_COPIED", {"cpu": 2**20, "cuda": 2**20})
    path = tmp_path / "this.toml"
    path.write_text(_measure.this_machine())
    (device,) = thoplw.devices(str(path))
    assert device.bandwidth > 0
    assert device.peak["fp32"] > 0
    assert thoplw.profile(Net(), (3, 4), device=str(path), verbose=False)[2].timing.least > 0

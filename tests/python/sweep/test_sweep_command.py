"""thoplw sweep: as it is used on the command line, and what comes out: tables, a page, pictures."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

import thoplw
from in_process import in_process
from processes import descendants_of, wait_until
from thoplw._sweep_command import values_of

pytest.importorskip("joblib")

NET = """
import time
from torch import nn

def net(width=4, act="relu", seconds=0):
    time.sleep(seconds)
    if act == "none":
        raise ValueError("no activation")
    return nn.Sequential(nn.Linear(3, width, bias=False), {"relu": nn.ReLU, "gelu": nn.GELU}[act]())
"""


@pytest.fixture
def net(tmp_path: Path) -> str:
    (tmp_path / "net.py").write_text(NET)
    return f"{tmp_path}/net.py:net"


def sweep(*args: str) -> str:
    code, out, err = in_process("sweep", *args)
    assert (code, err) == (0, "")
    return out


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("16", [16]),
        ("16,32", [16, 32]),
        ("2..5", [2, 3, 4, 5]),
        ("32..128:32,7", [32, 64, 96, 128, 7]),
        ("relu,gelu", ["relu", "gelu"]),
        ("0.5,1e-3,True,None", [0.5, 0.001, True, None]),
        ("(1,2),[3,4]", [(1, 2), [3, 4]]),
        ("'a,b',c", ["a,b", "c"]),
        ("a..b", ["a..b"]),
    ],
)
def test_values_of_a_setting(text: str, values: list[object]) -> None:
    assert values_of("name", text) == values


def test_a_sweep_and_its_results(net: str, tmp_path: Path) -> None:
    for name in ("results.csv", "results.sqlite"):
        file = str(tmp_path / name)
        flags = (net, "--set", "width=2..4", "--set", "act=relu,gelu", "--input", "1x3", "--jobs", "1")
        out = sweep(*flags, "-o", file, "--kind", "csv", "--convention", "exact")
        assert out.splitlines() == [
            "model,width,act,macs,params,exact,error",
            *[f"{net},{width},{act},{3 * width},{3 * width},True," for width in (2, 3, 4) for act in ("relu", "gelu")],
        ]
        assert sweep(*flags, "-o", file, "--kind", "csv", "--convention", "exact") == out
        assert sweep(file, "--kind", "csv") == out
        best = json.loads(sweep(file, "--best", "params", "--under", "macs=8", "--kind", "json"))
        assert [(row["width"], row["macs"]) for row in best] == [(2, 6)]
        assert sweep(file, "--sort", "macs", "--top", "1", "--kind", "csv").splitlines()[1].startswith(f"{net},4,relu")
        sweep(file, "--under", "macs=0.006K", "-o", str(tmp_path / f"few-{name}.csv"))
        assert len(thoplw.Sweep.read(tmp_path / f"few-{name}.csv")) == 2


def test_passes_are_what_flags_say(net: str) -> None:
    """Net is a linear layer of 3 x 4 weights, and what flags say of a pass goes to training() and memory()."""

    def row(measures: str, *flags: str) -> dict[str, object]:
        given = ("--set", "act=relu", "--input", "1x3", "--jobs", "1", "--kind", "json", "--measures", measures)
        rows = json.loads(sweep(net, *given, *flags))
        assert rows[0]["error"] is None
        return dict(rows[0])

    weights = 3 * 4 * 4  # bytes
    assert row("states", "--optimizer", "momentum")["states"] == weights
    assert row("states")["states"] > row("states", "--optimizer", "sgd")["states"] == 0
    assert row("parameters", "--precision", "bf16")["parameters"] == weights // 2
    assert row("gradients", "--freeze", "*")["gradients"] == 0
    assert row("peak", "--train")["peak"] > row("peak")["peak"] == row("peak", "--lifetimes", "observed")["peak"]
    assert row("peak", "--precision", "bf16")["peak"] < row("peak")["peak"]


def test_the_table(net: str) -> None:
    out = sweep(net, "--set", "act=relu,none", "--input", "1x3", "--jobs", "1", "--measures", "params,bytes")
    assert re.search(r"\| relu \| 12 +\| 48 +\|", out)  # 3 x 4 weights of 4 bytes
    assert "ValueError: no activation" in out
    assert "1 of 2 candidates have an error" in out


def test_models_and_files(tmp_path: Path) -> None:
    pytest.importorskip("torchvision")
    out = sweep("torchvision:resnet18", "torchvision:alexn*t", "--jobs", "1", "--kind", "md", "--fmt", "clever")
    assert [line.split("|")[1].strip() for line in out.splitlines()[2:4]] == [
        "torchvision:resnet18",
        "torchvision:alexnet",
    ]
    assert "11.70 M" in out
    (tmp_path / "a.trace").write_text("thoplw-trace 1\n")
    assert "1 of 1 candidates have an error" in sweep(str(tmp_path), "--jobs", "1")


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--pareto", "params", "--kind", "json"], "--pareto params: name two measures, such as params,macs"),
        (["--pareto", "params,mac"], "unknown column 'mac'; did you mean 'macs'"),
        (["--measures", "mac"], "unknown measure 'mac'; did you mean 'macs'"),
        (["--kind", "tree"], "results of a sweep cannot be shown as tree; known: text md csv json html svg png"),
        (["-o", "front.docx"], "results of a sweep cannot be shown as docx"),
        (["--backend", "slurm"], "unknown backend 'slurm'; known: loky ray dask"),
        (["--address", "tcp://1"], "--address is of a cluster: give --backend ray or --backend dask, too"),
        (["--under", "params"], "under 'params' is not such as params=5M"),
        (["--timeout", "x"], "timeout 'x' is not a number of seconds"),
        (["--set", "width=9..2"], "--set width=9..2: there is nothing from 9 to 2"),
    ],
)
def test_what_is_wrong(net: str, flags: list[str], message: str) -> None:
    code, out, err = in_process("sweep", net, "--input", "1x3", "--jobs", "1", *flags)
    assert (code, out) == (2, "")
    assert message in err


def test_flags_of_a_run_do_not_go_with_results(net: str, tmp_path: Path) -> None:
    file = str(tmp_path / "results.csv")
    sweep(net, "--input", "1x3", "--jobs", "1", "-o", file)
    for flags in (["--set", "width=3"], ["--input", "1x3"], ["--timeout", "3"], ["--jobs", "2"]):
        code, _, err = in_process("sweep", file, *flags)
        assert code == 2
        assert "these results are there already" in err
    assert "works only with `thoplw sweep`" in in_process(net, "--pareto", "a,b")[2]


def test_pictures(net: str, tmp_path: Path) -> None:
    file = str(tmp_path / "results.csv")
    sweep(net, "--input", "1x3", "--jobs", "1", "--set", "width=2..9", "--set", "act=relu,none", "-o", file)
    sweep(file, "--pareto", "params,macs", "-o", str(tmp_path / "front.svg"))
    root = ElementTree.parse(tmp_path / "front.svg").getroot()
    space = "{http://www.w3.org/2000/svg}"
    assert [title.text for title in root.iter(f"{space}title")] == [
        "Multiply-adds (MACs) against Parameters of 8 candidates",
        f"{net} width=2 act=relu",  # each has more of both than the one before
    ]
    axes = pytest.importorskip("matplotlib.axes")
    plotted = thoplw.plot(thoplw.Sweep.read(file), x="width")
    assert isinstance(plotted, axes.Axes)
    assert plotted.get_xlabel() == "width"
    assert [len(line.get_xdata()) for line in plotted.lines] == [8, 1]


def test_ctrl_c_is_silent_and_keeps_what_was_counted(net: str, tmp_path: Path) -> None:
    file, mark = tmp_path / "results.csv", f"{os.getpid()}-command"
    flags = ["--set", "width=1..300", "--set", "seconds=0.05", "--input", "1x3", "--jobs", "2", "-o", str(file)]
    run = subprocess.Popen(
        [sys.executable, "-m", "thoplw", "sweep", net, *flags],
        env={**os.environ, "THOPLW_TEST_RUN": mark},
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    wait_until(lambda: file.exists() and len(thoplw.Sweep.read(file)) > 0)
    os.killpg(run.pid, signal.SIGINT)
    out, err = run.communicate(timeout=30)
    assert (run.returncode, out, err) == (-signal.SIGINT, b"", b"")
    wait_until(lambda: not descendants_of(mark), 10)
    assert 0 < len(thoplw.Sweep.read(file)) < 300

"""The command on many models: tables, pictures, patterns, worker processes and what becomes of them."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from processes import descendants_of, wait_until

pytest.importorskip("torchvision")

MODELS = ["alexnet", "resnet18", "mobilenet_v2", "squeezenet1_0", "vgg11", "shufflenet_v2_x0_5"]

NETS = '''
"""Models that are hard on the process that opens them."""
import os, time
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self, width=4):
        super().__init__()
        print("made")
        self.fc = nn.Linear(3, width)
    def forward(self, x):
        return self.fc(x)

class Dies(Net):
    def __init__(self):
        super().__init__()
        os._exit(9)

class Sleeps(Net):
    def __init__(self):
        super().__init__()
        open(os.environ["THOPLW_TEST_BEGUN"] + str(os.getpid()), "w").close()
        time.sleep(60)

class Raises(Net):
    def forward(self, x):
        raise RuntimeError("no way")
'''


def thoplw(*args: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "thoplw", *args], capture_output=True, text=True, cwd=cwd, timeout=300)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models")
    (path / "nets.py").write_text(NETS)
    (path / "strange.py").write_text("import nets\nglobals().update({n: nets.Net for n in ('<a>&', 'q\"\\'', '層')})\n")
    return path


# --- what is printed


def test_jobs_do_not_change_what_is_printed(folder):
    models = [f"torchvision:{name}" for name in MODELS]
    models.insert(2, "torchvision:alexnt")
    models.insert(5, f"{folder}/nets.py:Raises")
    flags = ("--input", "1x3x224x224", "--kind")
    for kind in ("text", "json"):
        alone, two = (thoplw(*models, *flags, kind, "--jobs", jobs) for jobs in ("1", "2"))
        assert alone.returncode == two.returncode == 2
        assert alone.stdout == two.stdout
        assert alone.stderr.replace("made\n", "") == two.stderr.replace("made\n", "")
        assert "did you mean 'alexnet'" in two.stderr
        assert "no way" in two.stderr
    assert [report["title"] for report in json.loads(two.stdout)] == [f"torchvision:{name}" for name in MODELS]


def test_a_table_has_a_row_per_model():
    run = thoplw("torchvision:resnet18", "torchvision:alexnet", "--kind", "csv", "--sort", "params")
    assert (run.returncode, run.stderr) == (0, "")
    rows = list(csv.DictReader(io.StringIO(run.stdout)))
    assert [(row["Model"], row["Class"], row["Params"]) for row in rows] == [
        ("torchvision:alexnet", "AlexNet", "61100840"),
        ("torchvision:resnet18", "ResNet", "11699112"),
    ]
    assert rows[1]["MACs"] == "1824010216"


def test_patterns_stand_for_models_in_order_of_their_numbers():
    for jobs in ("1", "2"):
        run = thoplw("torchvision:resnet*", "torchvision:alexn*t", "--kind", "csv", "--jobs", jobs)
        assert (run.returncode, run.stderr) == (0, "")
        names = [line.split(",")[0].partition(":")[2] for line in run.stdout.splitlines()[1:]]
        assert names == ["resnet18", "resnet34", "resnet50", "resnet101", "resnet152", "alexnet"]
    run = thoplw("torchvision:resnt*")
    assert run.returncode == 2
    assert "torchvision has no model 'resnt*'" in run.stderr


def test_the_picture_is_well_formed_and_takes_any_name(folder, tmp_path):
    names = [f"{folder}/strange.py:{name}" for name in ("<a>&", "q\"'", "層")]
    run = thoplw(*names, f"{folder}/nets.py:Net", "--input", "1x3", "-o", str(tmp_path / "models.svg"))
    assert run.returncode == 0, run.stderr
    root = ElementTree.parse(tmp_path / "models.svg").getroot()
    titles = [title.text or "" for title in root.iter("{http://www.w3.org/2000/svg}title")]
    assert len(titles) == 1 + 4
    for name in names:
        assert any(title.startswith(f"{name}: ") for title in titles)


def test_what_models_print_is_not_in_the_output(folder):
    for models in (1, 5):
        run = thoplw(*[f"{folder}/nets.py:Net"] * models, "--input", "1x3", "--kind", "json")
        assert json.loads(run.stdout)
        assert "made" in run.stderr


# --- worker processes


@pytest.mark.parametrize("how", ["terminal", "alone", "killed"])
def test_an_interrupt_leaves_no_process(folder, tmp_path, how):
    mark = f"{os.getpid()}-{how}"
    environment = {**os.environ, "THOPLW_TEST_RUN": mark, "THOPLW_TEST_BEGUN": str(tmp_path / "begun")}
    run = subprocess.Popen(
        [sys.executable, "-m", "thoplw", *[f"{folder}/nets.py:Sleeps"] * 4, "--jobs", "2", "--input", "1x3"],
        env=environment,
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    wait_until(lambda: len(list(tmp_path.iterdir())) == 2)
    assert len(descendants_of(mark)) == 5  # the command, the one that forks, two workers, and Python's resource tracker
    if how == "terminal":
        os.killpg(run.pid, signal.SIGINT)
    else:
        run.send_signal(signal.SIGINT if how == "alone" else signal.SIGKILL)
    out, err = run.communicate(timeout=30)
    assert run.returncode == -(signal.SIGKILL if how == "killed" else signal.SIGINT)
    assert out == b""
    assert b"Traceback" not in err
    wait_until(lambda: not descendants_of(mark), 10)


@pytest.mark.parametrize("delay", [0.0, 0.02, 0.05, 0.1, 0.2])
def test_an_interrupt_while_workers_start_is_silent(folder, delay):
    """Whatever Python was at when it came: the process that forks into workers imports for some time."""
    mark = f"{os.getpid()}-starts-{delay}"
    run = subprocess.Popen(
        [sys.executable, "-m", "thoplw", *[f"{folder}/nets.py:Net"] * 4, "--jobs", "2", "--input", "1x3"],
        env={**os.environ, "THOPLW_TEST_RUN": mark},
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    wait_until(lambda: len(descendants_of(mark)) >= 2)
    time.sleep(delay)
    os.killpg(run.pid, signal.SIGINT)
    out, err = run.communicate(timeout=30)
    assert (run.returncode, out, err) == (-signal.SIGINT, b"", b"")
    wait_until(lambda: not descendants_of(mark), 10)


def test_a_worker_that_dies_fails_its_model_only(folder):
    models = [f"{folder}/nets.py:{name}" for name in ("Net", "Dies", "Net", "Dies", "Net", "Net")]
    run = thoplw(*models, "--input", "1x3", "--jobs", "2", "--kind", "csv")
    assert run.returncode == 2
    assert run.stdout.count("nets.py:Net,Net,3,16,16") == 4
    assert run.stderr.count("nets.py:Dies: the process that opened it was killed") == 2


def test_progress_on_a_terminal():
    here, there = pty.openpty()
    models = [f"torchvision:{name}" for name in MODELS]
    run = subprocess.Popen(
        [sys.executable, "-m", "thoplw", *models, "--kind", "csv", "--jobs", "2"],
        stdout=subprocess.PIPE,
        stderr=there,
        env={**os.environ, "COLUMNS": "60"},
    )
    os.close(there)
    shown = b""
    while select.select([here], [], [], 60)[0]:
        try:
            shown += os.read(here, 4096)
        except OSError:  # the other side is closed
            break
    assert run.stdout is not None
    table = run.stdout.read().decode()
    assert run.wait() == 0
    os.close(here)
    assert len(table.splitlines()) == 1 + len(MODELS)
    lines = shown.decode().split("\r\x1b[K")
    assert lines[-1] == ""  # cleared at the end
    assert re.fullmatch(r"\[1/6\] ┄+ torchvision:\w+", lines[1])
    assert any(re.fullmatch(r"\[[2-6]/6\] ━+┄* torchvision:\w+", line) for line in lines)
    assert all(len(line) < 60 for line in lines)

"""Sweeps that are ended, in whole or in part: rows are the same, each once, and no process is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import thoplw
from processes import descendants_of, wait_until

pytest.importorskip("joblib")

HERE = Path(__file__).parent
COUNT = 200


def begin(path: Path, seconds: float, mark: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "THOPLW_TEST_RUN": mark, "PYTHONPATH": str(HERE)}
    return subprocess.Popen(
        [sys.executable, str(HERE / "long_sweep.py"), str(path), str(COUNT), str(seconds)],
        env=environment,
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def rows_in(path: Path) -> int:
    try:
        return len(thoplw.Sweep.read(path))
    except thoplw.Error:
        return 0


def check_rows(path: Path) -> None:
    sweep = thoplw.Sweep.read(path).sorted("width")
    assert sweep.columns["width"] == list(range(1, COUNT + 1))
    assert sweep.columns["macs"] == [4 * width for width in range(1, COUNT + 1)]  # 3 w and w biases
    assert not any(sweep.columns["error"])


@pytest.mark.parametrize("name", ["results.csv", "results.parquet"])
def test_a_killed_sweep_goes_on(tmp_path: Path, name: str) -> None:
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow")
    path, mark = tmp_path / name, f"{os.getpid()}-{name}"
    run = begin(path, 0.02, mark)
    wait_until(lambda: rows_in(path) > 0)
    run.kill()
    run.communicate(timeout=30)  # until nobody has its stderr
    wait_until(lambda: not descendants_of(mark), 10)
    assert 0 < rows_in(path) < COUNT
    run = begin(path, 0.0, mark)
    assert run.communicate(timeout=60) == (b"", b"")
    assert run.returncode == 0
    check_rows(path)


def test_a_killed_worker_costs_nothing(tmp_path: Path) -> None:
    path, mark = tmp_path / "results.csv", f"{os.getpid()}-worker"
    run = begin(path, 0.02, mark)
    wait_until(lambda: rows_in(path) > 0)
    workers = [process for process in descendants_of(mark) if is_worker(process)]
    assert len(workers) == 2
    os.kill(workers[0], signal.SIGKILL)
    _, err = run.communicate(timeout=60)
    assert (run.returncode, err) == (0, b"")
    check_rows(path)
    wait_until(lambda: not descendants_of(mark), 10)


@pytest.mark.parametrize("whom", [os.killpg, os.kill])
def test_an_interrupt_leaves_no_process(tmp_path: Path, whom: Callable[[int, int], None]) -> None:
    path, mark = tmp_path / "results.csv", f"{os.getpid()}-{whom.__name__}"
    run = begin(path, 0.05, mark)
    wait_until(lambda: rows_in(path) > 0)
    time.sleep(0.1)
    whom(run.pid, signal.SIGINT)
    run.communicate(timeout=30)
    assert run.returncode == -signal.SIGINT
    wait_until(lambda: not descendants_of(mark), 10)
    assert 0 < rows_in(path) < COUNT


def is_worker(process: int) -> bool:
    return b"popen_loky" in Path(f"/proc/{process}/cmdline").read_bytes()

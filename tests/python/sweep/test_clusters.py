"""The same sweep on loky, on a local Ray and on a local Dask cluster; workers of these are killed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import thoplw
from sweep_nets import Net

joblib = pytest.importorskip("joblib")

HERE = Path(__file__).parent
COUNT = 2_000
# In a process of its own each: clusters start threads and handlers, and workers are forked of what is there then.
RUN = """
import os, signal, sys, threading, time
import joblib
import thoplw
from sweep_nets import Net, Slow

library, file, count, kill = sys.argv[1:]

def kill_one(pids):
    while len(thoplw.Sweep.read(file) if os.path.exists(file) else ()) < 50:
        time.sleep(0.1)
    os.kill(pids()[0], signal.SIGKILL)

def run(pids):
    if kill == "kill":
        threading.Thread(target=kill_one, args=(pids,), daemon=True).start()
    net = Slow if kill == "kill" else Net
    space = {"width": range(1, int(count) // 2 + 1), **({} if kill == "kill" else {"depth": [1, 2]})}
    thoplw.sweep(net, space, inputs=(1, 3), output=file)

if __name__ == "__main__":
    if library == "ray":
        import psutil
        import ray
        from ray.util.joblib import register_ray

        register_ray()
        ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)


        def actors():
            found = psutil.Process().children(recursive=True)
            return [process.pid for process in found if "ray::PoolActor" in " ".join(process.cmdline())]

        with joblib.parallel_config("ray"):
            run(actors)
    else:
        from distributed import Client

        with Client(n_workers=2, threads_per_worker=1, dashboard_address=None) as client:
            with joblib.parallel_config("dask"):
                run(lambda: list(client.run(os.getpid).values()))
"""


def on(library: str, file: Path, count: int, kill: str = "") -> thoplw.Sweep:
    pytest.importorskip("distributed" if library == "dask" else library)
    run = subprocess.run(
        [sys.executable, "-c", RUN, library, str(file), str(count), kill],
        env={**os.environ, "PYTHONPATH": str(HERE), "RAY_USAGE_STATS_ENABLED": "0"},
        capture_output=True,
        text=True,
        timeout=400,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    return thoplw.Sweep.read(file)


def rows_of(sweep: thoplw.Sweep) -> list[tuple[object, ...]]:
    return sorted(tuple(row.values()) for row in sweep)


@pytest.mark.parametrize("library", ["dask", "ray"])
def test_the_same_rows(library: str, tmp_path: Path) -> None:
    space = {"width": range(1, COUNT // 2 + 1), "depth": [1, 2]}
    here = thoplw.sweep(Net, space, inputs=(1, 3), jobs=2)
    assert len(here) == COUNT
    there = on(library, tmp_path / "results.csv", COUNT)
    assert rows_of(there) == rows_of(here)


@pytest.mark.parametrize("library", ["dask", "ray"])
def test_a_killed_worker_costs_nothing(library: str, tmp_path: Path) -> None:
    there = on(library, tmp_path / "results.csv", 800, "kill").sorted("width")
    assert there.columns["width"] == list(range(1, 401))
    assert there.columns["macs"] == [4 * width for width in range(1, 401)]
    assert not len(there.failed)


@pytest.mark.parametrize("library", ["dask", "ray"])
def test_the_command_starts_a_cluster(library: str, tmp_path: Path) -> None:
    pytest.importorskip("distributed" if library == "dask" else library)
    (tmp_path / "net.py").write_text("from torch import nn\ndef net(width): return nn.Linear(3, width)\n")
    flags = ["--set", "width=1..40", "--input", "1x3", "--backend", library, "-o", "results.csv"]
    run = subprocess.run(
        [sys.executable, "-m", "thoplw", "sweep", "net.py:net", *flags, "--best", "params", "--kind", "csv"],
        cwd=tmp_path,
        env={**os.environ, "RAY_USAGE_STATS_ENABLED": "0"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.stdout.splitlines()[1:] == ["net.py:net,1,4,4,True,"], run.stderr[-3000:]
    assert len(thoplw.Sweep.read(tmp_path / "results.csv")) == 40

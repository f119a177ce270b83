"""Memory: the peak growth of one call, measured in a process of its own that has built model and input before.

python -m bench.memory CASE TOOL    prints {"bytes": N} or {"failure": "..."} as its last line
"""

from __future__ import annotations

import copy
import ctypes
import json
import resource
import subprocess
import sys
from pathlib import Path

import torch
from torch import nn

from .measure import quiet, reason
from .suite import find_case
from .tools import find_tool, forward

SHARE_OF_FREE = 0.8  # a tool that wants more of the free memory than this is stopped


def memory_growth(case: str, tool: str) -> float | str:
    """Peak bytes that one call adds, or why there is no number."""
    command = [sys.executable, "-m", "bench.memory", case, tool]
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[1])
    if run.returncode != 0 or not run.stdout:
        return f"stopped with exit status {run.returncode}"
    answer = json.loads(run.stdout.splitlines()[-1])
    return float(answer["bytes"]) if "bytes" in answer else str(answer["failure"])


def measure_here(case_name: str, tool_name: str) -> dict[str, object]:
    case, tool = find_case(case_name), find_tool(tool_name)
    warm_up_torch()
    model = case.model()
    limit_memory()
    try:
        with quiet():
            call = tool.prepare(model, case)
            before = restart_peak()
            call()
            return {"bytes": read_proc("self/status", "VmHWM") - before}
    except Exception as error:
        return {"failure": reason(error)}


def warm_up_torch() -> None:
    """Loads the code and the thread pool that any first forward does, on a few numbers."""
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(16, 2)).eval()
    x = torch.zeros(1, 3, 4, 4)
    forward(model, x)
    forward(copy.deepcopy(model).to("meta"), x.to("meta"))


def limit_memory() -> None:
    limit = read_proc("self/status", "VmData") + int(read_proc("meminfo", "MemAvailable") * SHARE_OF_FREE)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def restart_peak() -> int:
    """Gives freed memory back, restarts the peak (VmHWM) and returns where it now is."""
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")
    return read_proc("self/status", "VmHWM")


def read_proc(file: str, field: str) -> int:
    """One field of a file in /proc that is given in kB there; bytes."""
    lines = Path("/proc", file).read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))


if __name__ == "__main__":
    print(json.dumps(measure_here(sys.argv[1], sys.argv[2])))

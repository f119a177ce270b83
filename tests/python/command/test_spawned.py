"""Workers where processes cannot be forked, as on macOS and Windows: each is started afresh."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from thoplw import Error, _models, _system
from thoplw._processes import Processes

pytest.importorskip("torchvision")


def test_spawned_workers_open_models_and_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_system, "START_METHOD", "spawn")
    with Processes() as processes:
        processes.start(["torchvision:alexnet"], 1)
        assert processes.matching("torchvision:alexn*") == ["torchvision:alexnet"]
        opened = processes.open("torchvision:alexnet", [], [])
        with pytest.raises(Error, match="torchvision has no model 'alexnett'"):
            processes.open("torchvision:alexnett", [], [])
    assert opened.text() == _models.open_model("torchvision:alexnet", [], []).text()


def test_the_memory_of_a_process_is_known_until_it_ends() -> None:
    assert 10e6 < _system.memory_of(os.getpid()) < _system.memory_of_machine()
    gone = subprocess.Popen([sys.executable, "-c", "pass"])
    gone.wait()
    assert _system.memory_of(gone.pid) == 0

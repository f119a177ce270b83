"""Large models take seconds and little memory: their weights are nowhere."""

import json
import subprocess
import sys

import pytest
from bench.llm import CODE, PLAN, SHAPES


@pytest.mark.parametrize("name", SHAPES)
def test_memory(name):
    made = json.dumps([*SHAPES[name], PLAN])
    run = subprocess.run([sys.executable, "-c", CODE, made], capture_output=True, text=True, check=True)
    _seconds, peak, _grown, parameters = json.loads(run.stdout)
    assert peak < 1.5e9
    assert parameters > 140e9

"""Conventions of users, from TOML files, as Python and the command take them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

import thoplw

REFERENCE = Path(__file__).parents[3] / "docs" / "conventions.md"


@pytest.fixture
def paper(tmp_path: Path) -> str:
    """The example of the documentation."""
    example = re.search(r"```toml\n(.*?)```", REFERENCE.read_text(), re.DOTALL)
    assert example
    file = tmp_path / "paper.toml"
    file.write_text(example[1])
    return str(file)


def net() -> nn.Sequential:
    return nn.Sequential(nn.Linear(3, 4), nn.GELU(), nn.Dropout(), nn.LayerNorm(4))


# Of a batch of 2: a FLOP convention with 2 x 3 x 4 x 2 of products but no bias, 8 per output of the GELU, 2 per element
# of the norm.
COST = 2 * 3 * 4 * 2 + 8 * 2 * 4 + 2 * 2 * 4
PARAMS = 3 * 4 + 4 + 4 + 4


def test_the_example_of_the_documentation(paper: str) -> None:
    macs, params, info = thoplw.profile(net(), torch.rand(2, 3), convention=paper)
    assert (macs, params, info.convention) == (COST, PARAMS, "paper")
    assert "FLOPs" in info.summary()
    frozen = net()
    frozen[0].requires_grad_(False)
    again = thoplw.profile(frozen, torch.rand(2, 3))[2].under(paper)
    assert (again.macs, again.params) == (COST, PARAMS - 16)


def test_it_stands_beside_others(paper: str) -> None:
    comparison = thoplw.compare(net(), torch.rand(2, 3), ["exact", paper], base=paper)
    assert comparison.macs == {"paper": COST, "exact": 2 * 3 * 4}
    assert sum(amount for _, amount in comparison.parts["exact"].items()) == 2 * 3 * 4 - COST


def test_the_command_reads_it(paper: str) -> None:
    command = [sys.executable, "-m", "thoplw", "torch.nn:Linear", "--set", "in_features=3", "--set", "out_features=4"]
    shown = subprocess.run(
        [*command, "--input", "2x3", "--convention", paper], capture_output=True, text=True, check=True
    )
    assert "48" in shown.stdout.splitlines()[-1]
    wrong = Path(paper).with_name("wrong.toml")
    wrong.write_text("[prices]\nnorms = 1\n")
    failed = subprocess.run([*command, "--input", "2x3", "--convention", str(wrong)], capture_output=True, text=True)
    assert failed.returncode == 2
    assert f"{wrong}:2: prices.norms: unknown kind of work 'norms'; did you mean 'norm'?" in failed.stderr
    assert len(failed.stderr.splitlines()) == 1


def test_errors_are_errors_of_thoplw(tmp_path: Path) -> None:
    with pytest.raises(thoplw.Error, match=r"no\.toml: No such file or directory"):
        thoplw.profile(net(), torch.rand(2, 3), convention=str(tmp_path / "no.toml"))


def test_a_comparison_is_sorted_by_the_base() -> None:
    command = [
        sys.executable,
        "-m",
        "thoplw",
        "compare",
        "torchvision:squeezenet1_1",
        "--with",
        "exact",
        "--sort",
        "macs",
    ]
    shown = subprocess.run([*command, "--kind", "csv"], capture_output=True, text=True, check=True).stdout.splitlines()
    costs = [
        int(line.split(",")[2]) for line in shown[1 : shown.index(next(x for x in shown if x.startswith("Total")))]
    ]
    assert len(costs) > 20
    assert costs == sorted(costs, reverse=True)

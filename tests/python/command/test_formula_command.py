"""thoplw formula: sizes that vary, as the command line gives them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from in_process import in_process
from onnx_files import exported

NET = """
from torch import nn

def net(width=4):
    return nn.Sequential(nn.Conv2d(3, width, 3, padding=1, bias=False), nn.Conv2d(width, width, 1, bias=False))
"""


@pytest.fixture
def net(tmp_path: Path) -> str:
    (tmp_path / "net.py").write_text(NET)
    return f"{tmp_path}/net.py:net"


# Of a pixel 3 x 3 x 3 products for each of the first layer's channels, and width x width in the second.
@pytest.mark.parametrize(
    ("flags", "first"),
    [
        (["--vary", "batch"], "MACs(batch) = 7 936·batch"),  # 64 x (27 x 4 + 4 x 4)
        (["--vary", "image=8..24:4"], "MACs(image) = 124·image²"),
        (["--vary", "width=1..9"], "MACs(width) = 1 728·width + 64·width²"),
        (["--vary", "width=2,3,4,5,9", "--set", "width=7"], "MACs(width) = 1 728·width + 64·width²"),
        (["--vary", "batch=3..9", "--vary", "width=1..9"], "MACs(batch, width) = 1 728·batch·width + 64·batch·width²"),
        (["--vary", "batch", "--train"], "Forward(batch) = 7 936·batch"),
    ],
)
def test_what_varies(net: str, flags: list[str], first: str) -> None:
    code, out, err = in_process("formula", net, "--input", "1x3x8x8", "--convention", "exact", *flags)
    assert (code, err) == (0, "")
    assert out.split("\n")[0] == first


def test_formulas_for_programs(net: str) -> None:
    flags = ["--input", "1x3x8x8", "--convention", "exact", "--vary", "batch", "--kind", "json"]
    _, out, _ = in_process("formula", net, *flags)
    found = json.loads(out)
    assert found["total"]["macs"] == {
        "terms": [{"coefficient": "7936", "powers": {"batch": 1}}],
        "latex": r"7\,936 \, \mathit{batch}",
    }
    assert found["variables"] == [{"name": "batch", "least": 1, "greatest": 8}]
    assert [row["name"] for row in found["rows"]] == ["", "0", "1"]


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ([], "say what varies, such as --vary batch"),
        (["--vary", "image"], "say which values image has, such as --vary image=224..512:32"),
        (["--vary", "batch=1"], "batch has 1 values: a formula needs at least 3"),
        (["--vary", "batch=x..8"], "--vary batch=x..8: values are such as batch=1..8"),
        (["--vary", "batch=8..1"], "batch has 0 values"),
        (["--vary", "depth=1..5"], "depth"),  # the callable has no such argument
        (["--vary", "batch", "--kind", "svg"], "formulas can be shown as text, md, csv or json"),
    ],
)
def test_what_cannot_vary(net: str, flags: list[str], message: str) -> None:
    code, _, err = in_process("formula", net, "--input", "1x3x8x8", *flags)
    assert code != 0
    assert message in err


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A linear layer on batch x 2 n x 4, of 2 to 64 and n of 3 to 9."""
    import torch

    file = str(tmp_path_factory.mktemp("program") / "linear.pt2")
    sizes = {0: torch.export.Dim("batch", min=2, max=64), 1: 2 * torch.export.Dim("half", min=3, max=9)}
    layer = torch.nn.Linear(4, 8, bias=False)
    torch.export.save(torch.export.export(layer, (torch.zeros(4, 8, 4),), dynamic_shapes=(sizes,)), file)
    return file


def test_a_file_has_formulas_of_its_symbolic_sizes(program: str) -> None:
    sizes = ("--vary", "input.0=2..9", "--vary", "input.1=6..18:2")
    code, out, err = in_process("formula", program, "--convention", "exact", *sizes)
    assert (code, err) == (0, "")
    assert out.startswith("MACs(input.0, input.1) = 32·input.0·input.1\n")  # 4 x 8 for each row


def test_a_file_has_a_batch_and_a_range_of_its_own(program: str) -> None:
    code, out, err = in_process("formula", program, "--convention", "exact", "--vary", "batch", "--kind", "json")
    found = json.loads(out)
    assert found["variables"] == [{"name": "batch", "least": 2, "greatest": 9}]
    assert found["total"]["macs"]["terms"] == [{"coefficient": "256", "powers": {"batch": 1}}]  # 8 rows of 4 x 8
    assert code == 0
    assert re.fullmatch(r"thoplw: .*linear\.pt2: batch is s[0-9]+ of the file\n", err)
    code, _, err = in_process("formula", program, "--vary", "seq")
    assert code == 2
    assert re.search(r"--vary seq: this file has no such size; it has s[0-9]+ \(input\.0\), s[0-9]+\n", err)
    assert (
        json.loads(in_process("fit", program, "--memory", "1G", "--vary", "batch", "--kind", "json")[1])["batch"] == 64
    )


def test_an_onnx_file_has_formulas_of_the_sizes_it_names(tmp_path: Path) -> None:
    import torch

    class Scores(torch.nn.Linear):
        def forward(self, tokens: torch.Tensor) -> torch.Tensor:
            rows = super().forward(tokens)
            return rows @ rows.transpose(1, 2)

    sizes = {0: torch.export.Dim("batch"), 1: torch.export.Dim("seq")}
    file = exported(Scores(16, 8, bias=False), (torch.zeros(2, 5, 16),), tmp_path / "n.onnx", dynamic_shapes=(sizes,))
    code, out, err = in_process("formula", str(file), "--convention", "exact", "--vary", "batch", "--vary", "seq")
    assert (code, err) == (0, "")
    assert out.startswith("MACs(batch, seq) = 128·batch·seq + 8·batch·seq²\n")  # 16 x 8 of a row, 8 of two rows


@pytest.mark.parametrize(
    ("vary", "message"),
    [
        ("input.0=60..70", "at input.0=70: .* would be 70; the program was exported for 2 to 64"),
        ("input.1=6..18", "at input.1=7: .* --dim input.1=7: no s[0-9]+ makes it so"),
    ],
)
def test_a_file_says_for_which_sizes_it_is(program: str, vary: str, message: str) -> None:
    code, _, err = in_process("formula", program, "--vary", vary)
    assert code == 2
    assert re.search(message, err), err

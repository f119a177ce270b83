"""The user's specification: its table of models to the printed digits, its table of layers, its code."""

from __future__ import annotations

import pytest
import torch

import thoplw
from spec_rows import ROWS

# The lines that the specification shows of resnet18's table, byte for byte.
RESNET18 = """\
| Name                  | Class             | Input shape    | Output shape   | MACs       | Params   |
+-----------------------+-------------------+----------------+----------------+------------+----------+
| conv1                 | Conv2d            | 3 x 224 x 224  | 64 x 112 x 112 | 118013952  | 9408     |
| bn1                   | BatchNorm2d       | 64 x 112 x 112 | 64 x 112 x 112 | 3211264    | 256      |
| relu                  | ReLU              | 64 x 112 x 112 | 64 x 112 x 112 | 0          | 0        |
| maxpool               | MaxPool2d         | 64 x 112 x 112 | 64 x 56 x 56   | 0          | 0        |
...
| layer4.1.conv2        | Conv2d            | 512 x 7 x 7    | 512 x 7 x 7    | 115605504  | 2359296  |
| layer4.1.bn2          | BatchNorm2d       | 512 x 7 x 7    | 512 x 7 x 7    | 100352     | 2048     |
| avgpool               | AdaptiveAvgPool2d | 512 x 7 x 7    | 512 x 1 x 1    | 1024       | 0        |
| fc                    | Linear            | 512            | 1000           | 513000     | 513000   |
+-----------------------+-------------------+----------------+----------------+------------+----------+
| Total                 | ResNet            | 3 x 224 x 224  | 1000           | 1824010216 | 11699112 |"""

SAMPLE = """
import torch, torchvision, thoplw

# Instanciate the target model.
model = torchvision.models.resnet18()

# Compute MACs, number of parameters, and details of each layer.
macs, params, layers_info = thoplw.profile(model, tensor=torch.randn(1, 3, 224, 224))

# Print the total MACs and number of parameters.
print("Total MACs and params:")
print("  - Macs   =", macs)
print("  - Params =", params)
print()

# Print layer details.
print(layers_info.summary())

macs, params = thoplw.clever_format([macs, params], "%.3f")
print("Total MACs and params:")
print("  - Macs   =", macs)
print("  - Params =", params)

# Print the table with clever formatting.
print(layers_info.summary(kind="text", fmt="clever"))

# Print the table with ratio formatting.
print(layers_info.summary(kind="text", fmt="ratio"))
"""


def test_there_are_33_models():
    assert len(ROWS) == 33


@pytest.mark.parametrize(("name", "macs", "params"), ROWS, ids=[row[0] for row in ROWS])
def test_model_to_its_printed_digits(on_meta, name, macs, params):
    size = 299 if name == "inception_v3" else 224
    counted = thoplw.profile(on_meta(name), (1, 3, size, size), verbose=False)[:2]
    assert [text.strip() for text in thoplw.clever_format(list(counted))] == [macs, params]


def test_resnet18_table_byte_for_byte(on_meta):
    macs, params, info = thoplw.profile(on_meta("resnet18"), torch.randn(1, 3, 224, 224))
    assert (macs, params) == (1824010216, 11699112)
    table = info.summary()
    assert "\n" + RESNET18.split("...\n")[0] in "\n" + table
    assert table.rstrip("\n").endswith(RESNET18.split("...\n")[1])
    # 20 conv, 20 batch norm, 9 relu, 2 pool, 1 fc: 52 layers, between 2 rules, under a title and over a total.
    assert len(table.rstrip("\n").split("\n")) == 52 + 4
    assert len(info) == 52


def test_the_code_of_the_specification_runs_as_it_stands(capsys):
    pytest.importorskip("torchvision")
    exec(compile(SAMPLE, "sample", "exec"), {})
    out, err = capsys.readouterr()
    assert err == ""
    assert out.startswith("Total MACs and params:\n  - Macs   = 1824010216\n  - Params = 11699112\n\n" + RESNET18[:103])
    assert "  - Macs   = 1.824 G\n  - Params = 11.699 M\n" in out


@pytest.mark.parametrize("kind", ["csv", "md"])
def test_the_tables_of_the_specification_save(on_meta, tmp_path, kind):
    info = thoplw.profile(on_meta("resnet18"), (1, 3, 224, 224))[2]
    path = tmp_path / f"summary.{kind}"
    with open(path, "w") as ofp:
        ofp.write(info.summary(kind=kind))
    assert "1824010216" in path.read_text()

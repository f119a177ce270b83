"""The user's specification: its table of models to the printed digits, its table of layers, its code."""

from __future__ import annotations

import re

import pytest
import torch

import thoplw

# From "Results of Recent Models". There the two column titles are swapped: what is headed "Params" are the MACs. Also
# swapped are the rows wide_resnet50_2 and wide_resnet101_2. Here both stand right.
# Inputs are 1x3x224x224, inception_v3's 1x3x299x299.
MODELS = """
alexnet             714.22 M   61.10 M
vgg11                 7.61 G  132.86 M
vgg11_bn              7.64 G  132.87 M
vgg13                11.31 G  133.05 M
vgg13_bn             11.36 G  133.06 M
vgg16                15.47 G  138.36 M
vgg16_bn             15.52 G  138.37 M
vgg19                19.63 G  143.67 M
vgg19_bn             19.69 G  143.69 M
resnet18              1.82 G   11.70 M
resnet34              3.68 G   21.81 M
resnet50              4.13 G   25.61 M
resnet101             7.87 G   44.65 M
resnet152            11.60 G   60.34 M
wide_resnet101_2     22.84 G  127.02 M
wide_resnet50_2      11.46 G   68.95 M
resnext50_32x4d       4.29 G   25.10 M
resnext101_32x8d     16.54 G   88.99 M
densenet121           2.90 G    8.06 M
densenet161           7.85 G   28.90 M
densenet169           3.44 G   14.31 M
densenet201           4.39 G   20.24 M
googlenet             1.51 G    6.64 M
inception_v3          5.75 G   23.87 M
squeezenet1_0       818.93 M    1.25 M
squeezenet1_1       349.16 M    1.24 M
mobilenet_v2        327.49 M    3.54 M
mobilenet_v3_small   62.17 M    2.55 M
mobilenet_v3_large  234.21 M    5.51 M
shufflenet_v2_x0_5   44.57 M    1.37 M
shufflenet_v2_x1_0  152.71 M    2.29 M
mnasnet0_5          116.72 M    2.24 M
mnasnet1_0          336.24 M    4.42 M
"""

ROWS = [re.split(r"  +", line) for line in MODELS.split("\n") if line]

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

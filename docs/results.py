"""make results: the results of recent models: their table, a layer table each, and their plot.

Writes results.md, results/<model>.md and results/macs-vs-params.svg and .png beside this file, the same bytes each run.
"""

from __future__ import annotations

import sys
from itertools import zip_longest
from pathlib import Path

import torch
from results_plot import Result, save_plot
from torch import nn

import thoplw
from thoplw._models import import_torchvision

HERE = Path(__file__).parent

FAMILIES = {
    "AlexNet": ("alexnet",),
    "VGG": ("vgg11", "vgg11_bn", "vgg13", "vgg13_bn", "vgg16", "vgg16_bn", "vgg19", "vgg19_bn"),
    "ResNet": ("resnet18", "resnet34", "resnet50", "resnet101", "resnet152"),
    "Wide ResNet": ("wide_resnet50_2", "wide_resnet101_2"),
    "ResNeXt": ("resnext50_32x4d", "resnext101_32x8d"),
    "DenseNet": ("densenet121", "densenet161", "densenet169", "densenet201"),
    "Inception": ("googlenet", "inception_v3"),
    "SqueezeNet": ("squeezenet1_0", "squeezenet1_1"),
    "MobileNet": ("mobilenet_v2", "mobilenet_v3_small", "mobilenet_v3_large"),
    "ShuffleNet": ("shufflenet_v2_x0_5", "shufflenet_v2_x1_0"),
    "MNASNet": ("mnasnet0_5", "mnasnet1_0"),
}


def main() -> int:
    folder = HERE / "results"
    folder.mkdir(exist_ok=True)
    results = [profile(name, family, folder) for family, names in FAMILIES.items() for name in names]
    (HERE / "results.md").write_text(page(results))
    save_plot(results, folder)
    return 0


def profile(name: str, family: str, folder: Path) -> Result:
    """Profiles one model and writes its page."""
    print(f"results: {name}", file=sys.stderr, flush=True)
    size = input_size(name)
    macs, params, info = thoplw.profile(build(name), torch.empty(1, 3, size, size, device="meta"), verbose=False)
    result = Result(name, family, macs, params)
    (folder / f"{name}.md").write_text(model_page(result, info))
    return result


def input_size(name: str) -> int:
    return 299 if name == "inception_v3" else 224


def build(name: str) -> nn.Module:
    """The model without weights: only their shapes count."""
    settings = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
    with torch.device("meta"):
        model: nn.Module = import_torchvision().models.get_model(name, weights=None, **settings)
    return model


def model_page(result: Result, info: thoplw.LayerInfo) -> str:
    size = input_size(result.name)
    macs, params = thoplw.clever_format([result.macs, result.params])
    return f"""# {result.name}

{macs.strip()} MACs, {params.strip()} parameters, for an input of 1 x 3 x {size} x {size}.
Made by `make results`; the same table: `thoplw torchvision:{result.name} --input 1x3x{size}x{size} --kind md`.
[All models](../results.md)

## Raw numbers

{info.summary("md").strip()}

## Short numbers

{info.summary("md", fmt="clever").strip()}
"""


def page(results: list[Result]) -> str:
    half = (len(results) + 1) // 2
    rows = []
    for left, right in zip_longest(results[:half], results[half:]):
        rows.append(f"| {cells(left)} | | {cells(right)} |")
    body = "\n".join(rows)
    return f"""# Results of recent models

The input is one image of 3 x 224 x 224, and of 3 x 299 x 299 for inception_v3. Click a name to see the layers of that
model. `make results` writes this page.

| Model name | MACs | Params | | Model name | MACs | Params |
|:-----------|-----:|-------:|-|:-----------|-----:|-------:|
{body}

![MACs against parameters, both on logarithmic axes](results/macs-vs-params.svg)
"""


def cells(result: Result | None) -> str:
    if result is None:
        return "| |"
    macs, params = thoplw.clever_format([result.macs, result.params])
    return f"[{result.name}](results/{result.name}.md) | {macs.strip()} | {params.strip()}"


if __name__ == "__main__":
    sys.exit(main())

"""The conventions of other tools against what those tools print, to the integer."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import peers
import thoplw
from pages import ROOT
from tool_models import MODELS, Case, several
from unequal import CANNOT, CANNOT_EXPORTED, why_not_vision
from vision import build, classification_models, input_shape

VISION = ["resnet18", "mobilenet_v3_small", "shufflenet_v2_x0_5"]


def installed(tool: str) -> Any:
    peer = (peers.PEERS | peers.EXPORTED)[tool]
    if peer is peers.ultralytics_thop:
        return peer  # which comes from a folder of its own
    pytest.importorskip(peer.__name__.removesuffix("_flop_counter").split("_aten")[0])
    return peer


def compare(tool: str, model: nn.Module, args: tuple[torch.Tensor, ...]) -> None:
    model.eval()
    if tool == "torchstat":
        args = peers.one_image(args) or pytest.skip("it takes one image")
    with peers.quiet():
        printed = installed(tool)(model, args)
    ours = thoplw.profile(model, args, convention=tool, verbose=False)[2]
    of_layers = {row.name: row for row in ours}
    moved = [
        f"{name} ({of_layers[name].cls}): {tool} {cost}, here {of_layers[name].macs}"
        for name, cost in printed.layers.items()
        if name in of_layers and of_layers[name].macs != cost and peers.of_one_row(tool, model, name)
    ]
    assert (ours.macs, ours.params) == printed[:2], f"{tool} counts otherwise than here; rules that moved: {moved}"
    assert not moved


def test_every_tool_is_called_or_has_a_reason_why_not() -> None:
    sections = (ROOT / "docs" / "conventions.md").read_text().split("\n## ")
    tools = {section.split("\n")[0] for section in sections if "\n- Checked against: " in section}
    called = {*peers.PEERS, *peers.EXPORTED}
    assert tools == called | {*peers.WITHOUT}
    assert not called & {*peers.WITHOUT}


@pytest.mark.parametrize("tool", sorted(peers.PEERS))
@pytest.mark.parametrize("name", MODELS)
def test_small_models(tool: str, name: str) -> None:
    if (tool, name) in CANNOT:
        pytest.skip(CANNOT[tool, name])
    torch.manual_seed(0)
    compare(tool, *MODELS[name]())


def compare_exported(tool: str, model: nn.Module, args: tuple[torch.Tensor, ...], file: Path) -> None:
    """Both read the file that torch exports."""
    from onnx_files import seeded

    installed(tool)
    model = seeded(model)
    with peers.quiet():
        torch.onnx.export(model, args, file, dynamo=True, optimize=True, external_data=False, verbose=False)
        printed = peers.EXPORTED[tool](file)
    ours = thoplw.load(file, convention=tool, verbose=False)
    of_layers = {row.name: row for row in ours}
    moved = [
        f"{name} ({of_layers[name].cls}): {tool} {cost}, here {of_layers[name].macs}"
        for name, cost in printed.layers.items()
        if name in of_layers and of_layers[name].macs != cost
    ]
    assert (ours.macs, ours.params) == printed[:2], f"{tool} counts otherwise than here; rules that moved: {moved}"
    assert not moved


@pytest.mark.parametrize("tool", sorted(peers.EXPORTED))
@pytest.mark.parametrize("name", MODELS)
def test_small_models_exported(tool: str, name: str, tmp_path: Path) -> None:
    if (tool, name) in CANNOT_EXPORTED:
        pytest.skip(CANNOT_EXPORTED[tool, name])
    torch.manual_seed(0)
    compare_exported(tool, *MODELS[name](), tmp_path / "net.onnx")


# What the exporter makes of these is known ahead, but for constants that it adds in some.
FORESEEN: dict[str, Callable[[], Case]] = {
    **{name: MODELS[name] for name in ("grouped-transposed", "linear-3d", "linear-alone", "shared", "twice")},
    "folded": lambda: (several(nn.Linear(8, 4, bias=False), nn.BatchNorm1d(4), nn.Softplus()), (torch.rand(3, 8),)),
    "folded-transposed": lambda: (
        several(nn.ConvTranspose2d(4, 6, 3, groups=2), nn.BatchNorm2d(6), nn.SiLU()), (torch.rand(2, 4, 5, 5),),
    ),
}  # fmt: skip
WITH_CONSTANTS: dict[str, Callable[[], Case]] = {
    **{name: MODELS[name] for name in ("attention", "conv1d", "functional", "multi-head", "norms", "resize-3d")},
    **{name: MODELS[name] for name in ("unbatched", "unet")},
    "gru": lambda: (nn.GRU(8, 6, 2, bidirectional=True), (torch.rand(7, 2, 8),)),
    "gru-cell": lambda: (nn.GRUCell(8, 6), (torch.rand(2, 8), torch.rand(2, 6))),
    "rnn-cell": lambda: (nn.RNNCell(8, 6), (torch.rand(2, 8), torch.rand(2, 6))),
    "rms-norm": lambda: (nn.RMSNorm(8), (torch.rand(2, 8),)),
    "encoder": lambda: (nn.TransformerEncoderLayer(16, 2, 24, batch_first=True), (torch.rand(2, 5, 16),)),
}


@pytest.mark.parametrize("tool", sorted(peers.EXPORTED))
@pytest.mark.parametrize("name", [*FORESEEN, *WITH_CONSTANTS])
def test_live_models_are_priced_as_exported(tool: str, name: str, tmp_path: Path) -> None:
    from onnx_files import seeded

    installed(tool)
    model, args = (FORESEEN | WITH_CONSTANTS)[name]()
    model = seeded(model)  # the exporter leaves out biases of zeros
    with peers.quiet():
        torch.onnx.export(model, args, tmp_path / "net.onnx", dynamo=True, verbose=False)
        printed = peers.EXPORTED[tool](tmp_path / "net.onnx")
    live = thoplw.profile(model, args, convention=tool, verbose=False)[2]
    assert live.macs == printed.cost
    assert live.params == printed.params or name in WITH_CONSTANTS


def vision_models() -> list[str]:
    """Some always, all where THOPLW_SWEEP is set, which takes half an hour."""
    chosen = classification_models()
    return chosen if os.environ.get("THOPLW_SWEEP") else [name for name in VISION if name in chosen]


@pytest.mark.parametrize("tool", sorted(peers.PEERS))
@pytest.mark.parametrize("name", vision_models())
def test_torchvision(tool: str, name: str) -> None:
    if why := why_not_vision(tool, name):
        pytest.skip(why)
    compare(tool, build(name), (torch.zeros(input_shape(name)),))


@pytest.mark.parametrize("tool", sorted(peers.EXPORTED))
@pytest.mark.parametrize("name", vision_models())
def test_torchvision_exported(tool: str, name: str, tmp_path: Path) -> None:
    if why := why_not_vision(tool, name):
        pytest.skip(why)
    compare_exported(tool, build(name), (torch.zeros(input_shape(name)),), tmp_path / "net.onnx")


def test_products_that_a_tool_leaves_out_are_said(capfd: Any) -> None:
    model, args = MODELS["attention"]()
    thoplw.profile(model.eval(), args, convention="fvcore")
    # 2 samples, 4 heads: 5x5 scores of 4 products each, and as many for the values
    assert (
        "fvcore has no rule for 1600 multiply-adds, and leaves them out: aten::scaled_dot_product_attention (1x)"
        in capfd.readouterr().err
    )


@pytest.mark.parametrize("tool", ["calflops", "deepspeed"])
@pytest.mark.parametrize("asked", [
    {"size": 5}, {"size": (5, 7)}, {"scale_factor": 1.3}, {"scale_factor": 2, "mode": "bilinear"},
    {"scale_factor": 0.7, "recompute_scale_factor": True}, {"size": (3, 4), "mode": "area"},
])  # fmt: skip
@pytest.mark.parametrize("function", ["interpolate", "upsample"])
@pytest.mark.filterwarnings("ignore")
def test_resizing_counts_as_it_was_asked_for(tool: str, function: str, asked: dict[str, Any]) -> None:
    class Resizing(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return getattr(nn.functional, function)(x, **asked)

    if function == "upsample" and "recompute_scale_factor" in asked:
        pytest.skip("it does not take that")
    compare(tool, Resizing(), (torch.rand(2, 3, 6, 5),))


def test_under_prices_anew_without_the_model() -> None:
    model, args = MODELS["unet"]()
    info = thoplw.profile(model.eval(), args, verbose=False)[2]
    del model
    for name in ("exact", "thop", "fvcore"):
        again = MODELS["unet"]()[0].eval()
        assert info.under(name).macs == thoplw.profile(again, args, convention=name, verbose=False)[0]
    assert info.under("torch").unit == "FLOP"
    with pytest.raises(thoplw.Error, match="did you mean 'fvcore'"):
        info.under("fcore")


def test_a_file_says_along_what_a_softmax_goes(tmp_path: Path) -> None:
    model, args = nn.Sequential(nn.Linear(4, 5), nn.Softmax(-1)).eval(), (torch.rand(2, 4),)
    program = torch.export.export(model, args)
    torch.export.save(program, tmp_path / "as-it-is.pt2")
    torch.export.save(program.run_decompositions(), tmp_path / "decomposed.pt2")
    with peers.quiet():
        torch.onnx.export(model, args, tmp_path / "net.onnx", dynamo=True, verbose=False)
    # 2 rows of 5: an exponential and a division each, an addition each but one
    for name in ("as-it-is.pt2", "decomposed.pt2", "net.onnx"):
        rows = thoplw.load(tmp_path / name, convention="thop", verbose=False)
        assert rows[-1].macs == 2 * (5 + 5 + 4), name


@pytest.mark.parametrize("name", MODELS)
def test_parts_of_differences_add_up(name: str) -> None:
    model, args = MODELS[name]()
    comparison = thoplw.compare(model.eval(), args, base="exact")
    assert comparison.base == "exact"
    for convention, macs in comparison.macs.items():
        assert sum(comparison.parts[convention].values()) == macs - comparison.macs["exact"]
        assert comparison.params[convention] == thoplw.profile(model, args, convention=convention, verbose=False)[1]
    assert comparison.summary("md").count("\n| Total ") == 2  # the total, and its difference

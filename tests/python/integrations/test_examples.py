"""The examples run as they are; what they print is worked out by hand."""

from __future__ import annotations

import json
import runpy
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch

from pages import ROOT

EXAMPLES = ROOT / "examples"
NEEDS = {
    "lora": ["transformers"],
    "onnx_optimised": ["onnxscript", "onnxruntime"],
    "detection": ["transformers"],
    "llama": ["transformers"],
    "budget": ["torchvision"],
    "tensorboard": ["tensorboard", "torchvision"],
    "weights_and_biases": ["wandb", "torchvision"],
}


def run(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    for module in NEEDS.get(name, ()):
        pytest.importorskip(module)
    monkeypatch.chdir(folder)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch on its own future
        return runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")


def linears(tokens: int, *sizes: tuple[int, int]) -> int:
    return tokens * sum(inside * outside for inside, outside in sizes)


def lora() -> list[str]:
    width, inner, layers, words, tokens, rank = 256, 512, 2, 1000, 128, 8
    weights = layers * (4 * width * width + 3 * width * inner)  # queries, keys, values, output; gate, up, down
    every = weights + 2 * width * words + (2 * layers + 1) * width  # with embedding and head, and norms
    adapters = layers * 2 * rank * (width + width)
    attention = layers * 2 * tokens * tokens * width
    forward = tokens * (weights + width * words) + attention
    # Each product has two gradients, attention two for each of its two products; its fused kernel, which keeps no
    # scores, computes them once more.
    linear = tokens * (weights + width * words)
    gradients = linear + 2 * attention + attention // 2
    # What goes into the first layer is not trained: its queries, keys and values need no gradient of it, nor do their
    # adapters.
    adapted = gradients - tokens * 3 * width * width + tokens * adapters - 2 * tokens * width * rank
    return [
        f"all {every} {forward} {gradients} {linear} ",
        f"LoRA {adapters} {forward + tokens * adapters} {adapted} {tokens * adapters} ",
    ]


def quantised() -> list[str]:
    weights, biases = 256 * 512 + 512 * 10, 512 + 10
    return [f"fp32 {weights} {weights + biases} {4 * (weights + biases)}\n", f"int8 {weights} {weights + biases} "]


def onnx_optimised() -> list[str]:
    first, second = 16 * 3 * 9, 8 * 16 * 9
    macs = first * 30 * 30 + second * 28 * 28
    norm = 2 * 16
    params = first + 16 + second + 8
    return [
        f"plain.onnx {macs} {params + norm} [('aten::conv2d', 2), ('aten::batch_norm', 1), ('aten::relu', 1)]",
        f"optimised.onnx {macs} {params} [('aten::conv2d', 2), ('aten::relu', 1)]",
    ]


def detection() -> list[str]:
    width, layers, patches, queries = 192, 12, 16 * 16, 100
    tokens = patches + 1 + queries
    layer = linears(tokens, *[(width, width)] * 4, (width, 4 * width), (4 * width, width)) + 2 * tokens * tokens * width
    vit = patches * width * 3 * 16 * 16 + layers * layer
    classes = linears(queries, (width, width), (width, width), (width, 3))  # two classes and none
    boxes = linears(queries, (width, width), (width, width), (width, 4))
    return [f"{vit + classes + boxes}", f"vit: YolosModel {vit}", f"Head {classes}", f"Head {boxes}"]


def llama() -> list[str]:
    width, inner, layers, words, heads, tokens = 2048, 8192, 16, 32000, 8, 4096
    head = width // 32
    layer = 2 * width * width + 2 * width * heads * head + 3 * width * inner
    weights = layers * layer + 2 * width * words + (2 * layers + 1) * width  # embedding and head, norms
    attention = 2 * layers * width  # multiply-adds for each pair of tokens
    rotary = 2 * 4 * head // 2  # two buffers of frequencies, in fp32
    return [
        f"weights {2 * weights + rotary}\n",
        f"cache {2 * layers * heads * head * tokens * 2}\n",
        f"prefill_macs {tokens * layers * layer + attention * tokens * tokens + width * words}\n",
        f"decode_macs {layers * layer + width * words + attention * (tokens + 1)}\n",
    ]


def sweep() -> list[str]:
    candidates = []
    for width in (8, 16, 32, 64):
        for depth in (1, 2, 4, 8):
            params = 9 * (3 * width + (depth - 1) * width * width)
            candidates.append((params * 32 * 32, width, depth, params))
    macs, width, depth, params = min(candidate for candidate in candidates if candidate[3] >= 10_000)
    return [f"{len(candidates)} {width} {depth} {params} {macs}"]


EXPECTED = {
    "lora": lora,
    "quantised": quantised,
    "onnx_optimised": onnx_optimised,
    "detection": detection,
    "llama": llama,
    "sweep": sweep,
}


@pytest.mark.parametrize("name", EXPECTED)
def test_example(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(name, tmp_path, monkeypatch)
    printed = capsys.readouterr().out
    squeezed = "\n".join(" ".join(line.split()) for line in printed.splitlines()) + "\n"
    place = 0
    for said in EXPECTED[name]():
        assert said in squeezed[place:], squeezed
        place = squeezed.index(said, place)


def test_budget(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """resnet34 has 8 basic blocks more than resnet18: of two 3 x 3 convolutions and two norms each."""
    with pytest.raises(SystemExit) as ended:
        run("budget", tmp_path, monkeypatch)
    more = sum(  # blocks, channels, side
        blocks * 2 * (9 * channels * channels + 4 * channels) * side * side
        for blocks, channels, side in [(1, 64, 56), (2, 128, 28), (4, 256, 14), (1, 512, 7)]
    )
    assert f"+{more} " in capsys.readouterr().out
    assert str(ended.value) == f"{1824010216 + more} multiply-adds are over the budget of 2 G"


def test_tensorboard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("tensorboard", tmp_path, monkeypatch)
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(tmp_path / "runs" / "resnet18"), {"tensors": 0, "scalars": 0, "histograms": 0})
    events.Reload()
    assert [event.value for event in events.Scalars("macs")] == [torch.tensor(1824010216.0).item()]
    (text,) = events.Tensors("cost/text_summary")
    assert b"1.82 G" in text.tensor_proto.string_val[0]
    (histogram,) = events.Histograms("macs of layers")
    assert histogram.histogram_value.sum == 1824010216


def test_weights_and_biases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_SILENT", "true")
    run("weights_and_biases", tmp_path, monkeypatch)
    import wandb

    wandb.teardown()  # its service has written all by then
    (records,) = tmp_path.rglob("offline-run-*/*.wandb")
    assert b"1824010216" in records.read_bytes()
    (table,) = tmp_path.rglob("layers_*.table.json")
    assert ["layer4.1.conv2", "Conv2d", 512 * 512 * 9 * 7 * 7, 512 * 512 * 9] in json.loads(table.read_text())["data"]


def test_every_example_is_run_and_listed() -> None:
    names = {path.stem for path in EXAMPLES.glob("*.py")}
    assert names == {*EXPECTED, "budget", "tensorboard", "weights_and_biases"}
    listed = (EXAMPLES / "README.md").read_text()
    assert [name for name in names if f"[{name}.py]({name}.py)" not in listed] == []

"""Equal modules as one row, in tables and trees of real models; the page has tests of its own."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import torch
from torch import nn

import thoplw
from in_process import in_process
from thoplw import _models

transformers = pytest.importorskip("transformers")
pytest.importorskip("torchvision")
torchvision = _models.import_torchvision()

TOKENS = torch.zeros(1, 8, dtype=torch.int64)
SMALL = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "vocab_size": 100,
}


def llama(**settings: object) -> nn.Module:
    return transformers.LlamaForCausalLM(transformers.LlamaConfig(**(SMALL | settings)))


def albert() -> nn.Module:
    return transformers.AlbertModel(transformers.AlbertConfig(**SMALL, embedding_size=16))


def t5() -> nn.Module:
    config = transformers.T5Config(d_model=32, d_kv=8, d_ff=64, num_layers=4, num_heads=4, vocab_size=100)
    return transformers.T5EncoderModel(config)


class Tied(nn.Module):
    """Layers that share their weights, though each is a module of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(*(nn.Sequential(nn.Linear(4, 4), nn.ReLU()) for _ in range(5)))
        for layer in self.layers[1:]:
            layer[0].weight = self.layers[0][0].weight

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layers(x)


IMAGE = (1, 3, 224, 224)
MODELS: list[tuple[Callable[[], nn.Module], object, list[str]]] = [
    (llama, TOKENS, ["0-3: 4 x LlamaDecoderLayer"]),
    (albert, TOKENS, []),  # one layer, which runs four times
    (t5, TOKENS, ["1-3: 3 x T5Block"]),  # the first holds the positions of all
    (Tied, (1, 4), ["1-4: 4 x Sequential"]),  # the first holds the weights
    (torchvision.models.resnet50, IMAGE, [f"1-{n}: {n} x Bottleneck" for n in (2, 3, 5, 2)]),
    (torchvision.models.vit_b_16, IMAGE, ["encoder_layer_0-11: 12 x EncoderBlock"]),
    (torchvision.models.swin_t, IMAGE, [f"0-{n - 1}: {n} x SwinTransformerBlock" for n in (2, 2, 6, 2)]),
]


@pytest.mark.parametrize(("make", "inputs", "runs"), MODELS, ids=[make.__name__ for make, *_ in MODELS])
def test_the_tree_folds_what_is_equal_and_the_table_adds_up(make, inputs, runs):
    with torch.device("meta"):
        model = make()
    info = thoplw.profile(model, inputs, verbose=False)[2]
    tree = info.summary("tree")
    assert re.findall(r"\S+: \d+ x \w+", tree) == runs
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in info.summary(fold=True).splitlines()]
    rows = [cells for cells in lines[2:] if len(cells) == 6]
    assert [sum(int(row[column]) for row in rows[:-1]) for column in (4, 5)] == [info.macs, info.params]
    layers = sum(int(row[1].partition(" x ")[0]) if " x " in row[1] else 1 for row in rows[:-1])
    assert layers == len(info)
    assert info.summary(fold=False) == info.summary()
    assert "(each)" not in info.summary("tree", fold=False)


def test_one_of_them_costs_what_the_first_does():
    info = thoplw.profile(llama(), TOKENS, verbose=False)[2]
    macs, params = (
        sum(getattr(row, measure) for row in info if row.name.startswith("model.layers.0."))
        for measure in ("macs", "params")
    )
    each = next(line for line in info.summary("tree").splitlines() if "(each)" in line)
    assert [word for word in each.split() if word.isdigit()] == [str(macs), str(params)]
    for kind in ("text", "md"):
        last = info.summary(kind, fold=True).splitlines()[-1]
        assert last == f"model.layers.0-3: 4 x LlamaDecoderLayer, each {macs} MACs, {params} params"


@pytest.mark.parametrize("count", [thoplw.memory, thoplw.training])
@pytest.mark.parametrize("fold", [False, True])
def test_rows_add_up_in_every_measure_that_is_shown(count, fold):
    """Of modules such as LlamaMLP, which have no weights of their own but make activations, too."""
    lines = count(llama(), TOKENS, verbose=False).summary(fold=fold).partition("\n\n")[0].splitlines()
    titles, _, *rows, _, total = ([cell.strip() for cell in line.split("|")[1:-1]] for line in lines)
    for column, title in enumerate(titles):
        if title not in ("Name", "Class", "Output shape"):
            assert sum(int(row[column]) for row in rows) == int(total[column]), title


def test_what_is_alive_at_the_peak_tells_layers_apart():
    info = thoplw.memory(llama(), TOKENS, verbose=False)
    assert "0-3: 4 x LlamaDecoderLayer" in info.summary("tree", columns=["name", "macs", "activations"])
    alive = [sum(row.alive for row in info if row.name.startswith(f"model.layers.{i}.")) for i in range(4)]
    assert alive[0] == alive[1] < alive[3]  # the last is at work then
    tree = info.summary("tree", columns=["name", "alive"])
    assert "0-1: 2 x LlamaDecoderLayer" in tree
    assert "3: LlamaDecoderLayer" in tree


def test_a_frozen_layer_is_not_the_others():
    model = llama()
    model.model.layers[2].requires_grad_(False)
    info = thoplw.profile(model, TOKENS, verbose=False)[2]
    assert "0-3: 4 x" in info.summary("tree")
    assert "0-1: 2 x" in info.summary("tree", columns=["name", "trainable"])


def test_times_on_a_device_fold_too():
    info = thoplw.profile(llama(), TOKENS, device="h100", verbose=False)[2]
    assert "0-3: 4 x LlamaDecoderLayer" in info.summary("tree")
    assert "each " in info.summary(fold=True)


def test_the_command_has_flags_for_it():
    model = ["torchvision:vit_b_16", "--columns", "name,class,macs"]
    assert "| encoder.layers.encoder_layer_0-11.mlp.0 " in in_process(*model, "--fold")[1]
    assert "(each)" in in_process(*model, "-k", "tree")[1]
    assert "(each)" not in in_process(*model, "-k", "tree", "--no-fold")[1]
    assert in_process(*model, "-k", "csv", "--fold")[2].startswith("thoplw: csv has every module in full")
    assert in_process("compare", *model[:1], "--fold")[2].startswith("thoplw: --fold works only with")
    with pytest.raises(thoplw.Error, match="fold must be True or False"):
        thoplw.profile(nn.Linear(2, 2), (1, 2), verbose=False)[2].summary(fold="yes")

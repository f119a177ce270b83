"""Saved reports, differences and budgets of real models."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import thoplw
from in_process import in_process
from thoplw import _models

SAMPLES = Path(__file__).parents[2] / "data" / "samples"


def info_of(model: nn.Module, *sizes: int) -> thoplw.LayerInfo:
    return thoplw.profile(model, sizes, verbose=False)[2]


@pytest.fixture(scope="module")
def models() -> object:
    return _models.import_torchvision().models


def check_sums(diff: thoplw.Diff, before: thoplw.LayerInfo, after: thoplw.LayerInfo) -> None:
    assert diff.macs == after.macs - before.macs == sum((r.macs or 0) - (r.macs_before or 0) for r in diff.rows)
    assert diff.params == after.params - before.params
    assert diff.params == sum((r.params or 0) - (r.params_before or 0) for r in diff.rows)


# --- saved reports


@pytest.mark.parametrize("convention", ["thoplw", "exact", "fvcore", "torchprofile"])
def test_a_saved_report_is_the_same_again(models, tmp_path, convention):
    info = info_of(models.shufflenet_v2_x0_5(), 2, 3, 64, 64).under(convention)
    path = tmp_path / "report.json"
    info.save(path)
    again = thoplw.load(path, verbose=False)
    assert again.convention == convention
    for kind in ("json", "text", "csv", "md", "tree"):
        assert again.summary(kind) == info.summary(kind)
    assert [s.macs for s in again.steps] == [s.macs for s in info.steps]
    assert thoplw.diff(info, again).macs == 0


def test_a_saved_report_keeps_the_steps_of_generate(tmp_path):
    transformers = pytest.importorskip("transformers")
    config = transformers.GPT2Config(n_layer=1, n_embd=32, n_head=2, vocab_size=50, bos_token_id=0, eos_token_id=49)
    model = transformers.GPT2LMHeadModel(config)
    tokens, kwargs = torch.zeros(1, 4, dtype=torch.int64), {"max_new_tokens": 3, "min_new_tokens": 3}
    info = thoplw.profile(model, tokens, kwargs=kwargs, method="generate", verbose=False)[2]
    info.save(tmp_path / "report.json")
    again = thoplw.load(tmp_path / "report.json", verbose=False)
    assert len(again.steps) == 3
    assert [(s.name, s.input_shape, s.macs) for s in again.steps] == [
        (s.name, s.input_shape, s.macs) for s in info.steps
    ]
    assert again.summary("json") == info.summary("json")


def test_a_saved_report_says_what_it_cannot_do(tmp_path):
    path = tmp_path / "report.json"
    info_of(nn.Linear(3, 4), 1, 3).save(path)
    info = thoplw.load(path)
    with pytest.raises(thoplw.Error, match="this table has the counts of 'thoplw' alone: it was saved"):
        info.under("exact")
    with pytest.raises(thoplw.Error, match=r"report\.json: this was counted by 'thoplw', not by 'exact'"):
        thoplw.load(path, convention="exact")
    with pytest.raises(thoplw.Error, match=r"report\.json: a saved report was counted before; leave dims out"):
        thoplw.load(path, dims={"batch": 2})
    path.write_text(path.read_text()[:100])
    with pytest.raises(thoplw.Error, match=r"report\.json:\d+: no JSON: the file is cut short"):
        thoplw.load(path)
    with pytest.raises(thoplw.Error, match=r"none\.json: No such file"):
        thoplw.load(tmp_path / "none.json")


def test_strict_sees_a_saved_lower_bound(tmp_path):
    class Unknown(nn.Module):
        def forward(self, x):
            return torch.linalg.matrix_exp(x @ x.T)

    info_of(Unknown(), 3, 3).save(tmp_path / "report.json")
    assert not thoplw.load(tmp_path / "report.json", verbose=False).exact
    with pytest.raises(thoplw.Error, match="linalg_matrix_exp"):
        thoplw.load(tmp_path / "report.json", strict=True)


# --- differences


def test_resnet34_has_more_blocks_than_resnet18(models):
    before, after = info_of(models.resnet18(), 1, 3, 224, 224), info_of(models.resnet34(), 1, 3, 224, 224)
    diff = thoplw.diff(before, after)
    check_sums(diff, before, after)
    states = {row.state for row in diff.rows}
    assert states == {"unchanged", "new"}
    new = [row for row in diff.rows if row.state == "new" and row.cls == "Conv2d"]
    assert len(new) == 2 * 8  # 16 basic blocks instead of 8
    assert all(row.name_before is None and row.macs_before is None for row in new)
    back = thoplw.diff(after, before)
    assert (back.macs, back.params) == (-diff.macs, -diff.params)
    assert {row.state for row in back.rows} == {"unchanged", "gone"}


def test_norms_between_numbered_layers_are_what_is_new(models):
    before, after = info_of(models.vgg11(), 1, 3, 64, 64), info_of(models.vgg11_bn(), 1, 3, 64, 64)
    diff = thoplw.diff(before, after)
    check_sums(diff, before, after)
    assert [row.cls for row in diff.rows if row.state == "new"] == ["BatchNorm2d"] * 8
    assert {row.state for row in diff.rows} == {"unchanged", "renamed", "new"}
    assert all(row.macs == row.macs_before for row in diff.rows if row.state == "renamed")


def test_alexnet_with_other_classes_differs_in_its_last_layer(models):
    before, after = info_of(models.alexnet(), 1, 3, 224, 224), info_of(models.alexnet(num_classes=10), 1, 3, 224, 224)
    diff = thoplw.diff(before, after)
    assert diff.macs == diff.params == -990 * (4096 + 1)
    changed = [row for row in diff.rows if row.state != "unchanged"]
    assert [(row.name, row.state) for row in changed] == [("classifier.6", "changed")]
    text = str(diff)
    assert "classifier.6" in text
    assert "classifier.4" not in text
    assert "classifier.4" in diff.summary(unchanged=True)
    assert repr(diff) == f"<Diff of AlexNet and AlexNet: {diff.macs} MACs, {diff.params} params>"


def test_a_backbone_is_recognised_under_its_new_prefix(models):
    class Detector(nn.Module):
        def __init__(self):
            super().__init__()
            self.backbone = models.resnet18()
            self.head = nn.Linear(1000, 4)

        def forward(self, x):
            return self.head(self.backbone(x))

    before, after = info_of(models.resnet18(), 1, 3, 64, 64), info_of(Detector(), 1, 3, 64, 64)
    diff = thoplw.diff(before, after)
    check_sums(diff, before, after)
    assert {row.name for row in diff.rows if row.state == "new"} == {"backbone", "head"}
    assert not [row for row in diff.rows if row.state == "gone"]
    renamed = [row for row in diff.rows if row.state == "renamed"]
    assert all(row.name == "backbone." + str(row.name_before) for row in renamed)
    assert diff.macs == 1000 * 4 + 4


@pytest.mark.parametrize("name", ["net-2.13.pt2", "net-exported-2.13.onnx"])
def test_a_file_and_its_live_model(name):
    """Rows match by their paths, so what differs is only what a file leaves out: modules that did nothing there."""
    live = live_sample()
    file = thoplw.load(SAMPLES / name, verbose=False)
    diff = thoplw.diff(live, file)
    check_sums(diff, live, file)
    assert diff.macs == 0
    assert {row.name for row in diff.rows if row.macs} == {"stem.0", "stem.1", "again", "pool", "head"}
    assert {row.state for row in diff.rows if row.macs} == {"unchanged"}


def test_an_exporter_that_folds_batch_norms_is_seen():
    live, file = live_sample(), thoplw.load(SAMPLES / "net-traced-2.13.onnx", verbose=False)
    diff = thoplw.diff(live, file)
    check_sums(diff, live, file)
    assert [row.name for row in diff.rows if row.state == "gone" and row.macs_before] == ["stem.1"]
    (conv,) = [row for row in diff.rows if row.name == "stem.0"]
    assert (conv.macs or 0) - (conv.macs_before or 0) == 8 * 2  # a bias came; the file gives it once per sample


def live_sample() -> thoplw.LayerInfo:
    spec = importlib.util.spec_from_file_location("thoplw_samples", SAMPLES.parent / "export.py")
    assert spec is not None
    assert spec.loader is not None
    samples = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(samples)
    inputs = (torch.ones(2, 3, 16, 16), torch.tensor([1, 2]))
    return thoplw.profile(samples.Net().eval(), inputs, verbose=False)[2]


def test_conventions_must_be_the_same(models):
    info = info_of(nn.Linear(3, 4), 1, 3)
    with pytest.raises(thoplw.Error, match="count both by one convention"):
        thoplw.diff(info, info.under("exact"))
    with pytest.raises(thoplw.Error, match=r"one of these is of type tuple"):
        thoplw.diff(info, thoplw.profile(nn.Linear(3, 4), (1, 3)))  # type: ignore[arg-type]
    with pytest.raises(thoplw.Error, match="a diff cannot be shown as tree"):
        thoplw.diff(info, info).summary("tree")


layers = st.recursive(
    st.sampled_from(["linear", "relu", "norm"]), lambda inner: st.lists(inner, min_size=1, max_size=4), max_leaves=8
)


def built(tree: object) -> nn.Module:
    if isinstance(tree, list):
        return nn.Sequential(*(built(inner) for inner in tree))
    return {"linear": lambda: nn.Linear(3, 3), "relu": nn.ReLU, "norm": lambda: nn.LayerNorm(3)}[str(tree)]()


@settings(derandomize=True, database=None, deadline=None, max_examples=60)
@given(layers, layers)
def test_changes_of_random_models_add_up(one, two):
    before, after = info_of(built(one), 2, 3), info_of(built(two), 2, 3)
    diff = thoplw.diff(before, after)
    check_sums(diff, before, after)
    for depth in (0, 1):
        total = json.loads(diff.summary("json", depth=depth))["total"]
        assert (total["macs"]["change"], total["params"]["change"]) == (diff.macs, diff.params)
        rows = json.loads(diff.summary("json", depth=depth))["rows"]
        assert sum(row["macs"]["change"] for row in rows) == diff.macs


# --- the command, on real models


def test_check_of_resnet18():
    within = in_process("check", "torchvision:resnet18", "--max-macs", "1824010216", "--max-params", "11_699_112")
    assert within[0] == 0
    assert within[1].startswith("ok ")
    code, out, err = in_process("check", "torchvision:resnet18", "--max-macs", "1.824010215G")
    assert (code, err) == (1, "")
    assert "1 too many" in out
    assert "layer1.0.conv1 (Conv2d): 115605504 MACs" in out  # 64 * 64 * 3 * 3 * 56 * 56


def test_baseline_of_a_real_model(tmp_path):
    base = str(tmp_path / "base.json")
    assert in_process("torchvision:resnet18", "-o", base)[0] == 0
    assert in_process("check", "torchvision:resnet18", "--baseline", base)[0] == 0
    code, out, _ = in_process("check", "torchvision:resnet18", "--set", "num_classes=1001", "--baseline", base)
    assert code == 1
    assert "fc (Linear): +513 to 513513 MACs" in out  # 512 and a bias
    code, out, _ = in_process("diff", base, "torchvision:resnet18", "--set", "num_classes=1001", "--kind", "md")
    assert code == 0
    assert "**MACs 1824010216 -> 1824010729 (+0.0 %), params 11699112 -> 11699625 (+0.0 %)**" in out

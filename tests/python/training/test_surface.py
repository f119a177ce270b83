"""What `thoplw train`, `fit`, `check` and `training()` say and refuse: nothing is answered that was not asked."""

from __future__ import annotations

import copy
import json
import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import thoplw
from in_process import in_process

NETS = """
from torch import nn

def net():
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(144, 5))

def normed():
    return nn.Sequential(nn.Linear(8, 8), nn.BatchNorm1d(8))
"""
STEP = ("forward", "backward", "recompute", "parameters", "states", "saved")
TITLES = ("Forward", "Backward", "Recompute", "Param bytes", "State bytes", "Saved bytes")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With a model, and reports and traces of it."""
    folder = tmp_path_factory.mktemp("surface")
    (folder / "nets.py").write_text(NETS)
    net = (f"{folder}/nets.py:net", "-i", "2x3x8x8")
    for args in (
        ("train", *net, "-o", f"{folder}/step.json", "--save-trace", f"{folder}/step.trace"),
        ("train", *net, "-o", f"{folder}/frozen.json", "--freeze", "0"),
        ("train", *net, "-o", f"{folder}/sgd.json", "--optimizer", "sgd"),
        (*net, "--convention", "exact", "-o", f"{folder}/plain.json", "--save-trace", f"{folder}/plain.trace"),
    ):
        assert in_process(*args)[0] == 0
    return folder


def net() -> nn.Module:
    space: dict[str, Any] = {}
    exec(NETS, space)
    return space["net"]()  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def step() -> thoplw.LayerInfo:
    return thoplw.training(net(), (2, 3, 8, 8))


def said(folder: Path, *args: str) -> str:
    """The output of the command, which went well; files are named from the folder."""
    code, out, err = in_process(*[re.sub(r"^(?=\w+\.(json|trace|py)\b)", f"{folder}/", arg) for arg in args])
    assert (code, err) == (0, "")
    return out


def refused(folder: Path, *args: str) -> str:
    code, out, err = in_process(*[re.sub(r"^(?=\w+\.(json|trace|py)\b)", f"{folder}/", arg) for arg in args])
    assert (code, out, err.count("\n")) == (2, "", 1)
    return err


# ------------------------------------------------------------------------------------------ tables


def test_groups_of_a_class_show_what_layers_show(folder):
    head = said(folder, "step.json", "--by", "class").splitlines()[0]
    assert [cell.strip() for cell in head.strip("|").split("|")] == ["Class", "Calls", *TITLES]


def test_of_operators_the_parts_are_not_known(folder):
    head = said(folder, "step.json", "--by", "operator").splitlines()[0]
    assert [cell.strip() for cell in head.strip("|").split("|")] == ["Operator", "Calls", "MACs", "Share"]


def test_the_tree_has_no_share_of_what_it_does_not_show(folder):
    head = said(folder, "step.json", "--kind", "tree").splitlines()[0]
    assert re.split(r"  +", head) == ["Module", *TITLES]


@pytest.mark.parametrize("kind", ["text", "tree", "md", "csv", "json", "html", "svg", "dot", "folded", "mermaid"])
def test_a_saved_step_is_shown_as_the_step_was(step, tmp_path, kind):
    step.save(tmp_path / "step.json")
    again = thoplw.load(tmp_path / "step.json")
    assert again == step
    assert again.summary(kind) == step.summary(kind)


@pytest.mark.parametrize("how", [{"sort": "saved"}, {"sort": "macs"}, {"depth": 1}, {"depth": 0}])
def test_moments_keep_their_modules(tmp_path, how):
    model = nn.Sequential(nn.Sequential(nn.Linear(4, 4), nn.ReLU()), nn.Sequential(nn.ReLU(), nn.Linear(4, 40)))
    info = thoplw.training(model, (640, 4))  # activations are most of it, so the peak is not in the optimizer's step
    info.save(tmp_path / "step.json", **how)
    again = thoplw.load(tmp_path / "step.json")
    kept = json.loads((tmp_path / "step.json").read_text())
    paths = [moment[1] for moment in kept["training"]["timeline"]]
    assert {"0.0", "0.1", "1.0", "1.1"} <= set(paths)
    where = re.search(r"memory, in the backward of ([\d.]+)", info.summary())[1]
    shown = {0: "(root)", 1: where.split(".")[0]}.get(how.get("depth"), where)
    assert f"memory, in the backward of {shown}:" in again.summary()


def test_moments_of_classes_are_those_of_their_layers():
    twice = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 4))
    assert "in the backward of Linear:" in thoplw.training(twice, (64, 4)).summary(by="class")


@pytest.mark.parametrize("field", ["optimizer", "accumulate", "peak", "exact", "unknown", "timeline", "at_peak"])
@pytest.mark.parametrize("value", [None, -1, 1.5, 2**70, {}, [3], [[0, "", 2**64 - 1, 1, 0, 0]]])
def test_a_damaged_step_is_refused(folder, tmp_path, field, value):
    report = json.loads((folder / "step.json").read_text())
    for damaged in ({**report["training"], field: value}, {k: v for k, v in report["training"].items() if k != field}):
        (tmp_path / "bad.json").write_text(json.dumps({**report, "training": damaged}))
        with pytest.raises(thoplw.Error, match=r"bad\.json.*(training\.|'" + field + "' is missing|too large)"):
            thoplw.load(tmp_path / "bad.json")


def test_copies_are_equal_and_can_be_counted_otherwise(step):
    for twin in (step.without_trace(), pickle.loads(pickle.dumps(step)), copy.copy(step), copy.deepcopy(step)):
        assert twin == step
        assert twin.training.peak == step.peak
    assert step.under("flops").saved == step.saved
    assert step.under("flops").forward > 2 * step.forward  # elementwise work too


# -------------------------------------------------------------------------------------- differences


def test_a_diff_of_steps_is_of_their_measures(folder):
    before, after = (json.loads((folder / f"{name}.json").read_text()) for name in ("step", "sgd"))
    diff = json.loads(said(folder, "diff", "step.json", "sgd.json", "--kind", "json"))
    assert [key for key in diff["total"] if key in STEP] == list(STEP)
    assert diff["total"]["states"]["change"] == -before["total"]["states"]
    peaks = before["training"]["peak"], after["training"]["peak"]
    assert (diff["total"]["memory"]["before"], diff["total"]["memory"]["after"]) == peaks
    text = said(folder, "diff", "step.json", "sgd.json")
    assert f"bytes of memory {peaks[0]} -> {peaks[1]} (" in text
    assert said(folder, "diff", "step.json", "sgd.json", "--kind", "html").count("State bytes") == 1


def test_a_step_and_a_forward_are_not_compared(folder):
    for args in (("diff", "step.json", "plain.json"), ("check", "step.json", "--baseline", "plain.json")):
        assert "of a step of training" in (err := refused(folder, *args))
        assert "of a forward" in err


def test_a_baseline_holds_memory_too(folder):
    code, out, _ = in_process("check", f"{folder}/step.json", "--baseline", f"{folder}/sgd.json", "--tolerance", "1%")
    assert code == 1
    assert re.search(r"of \d+ bytes of memory in a step of training \(.* too many", out)


def test_a_limit_of_a_step_is_of_a_step(folder):
    saved = json.loads((folder / "step.json").read_text())["total"]["saved"]
    for model in (("nets.py:net", "-i", "2x3x8x8"), ("step.json",), ("step.trace",)):
        assert f"{saved} of {saved} bytes saved" in said(folder, "check", *model, "--max-saved", str(saved))


# ----------------------------------------------------------------------- what is not asked in earnest


@pytest.mark.parametrize("flags", [("--optimizer", "sgd"), ("--batch", "8"), ("--freeze", "0")])
def test_a_saved_report_follows_no_flags(folder, flags):
    assert "a saved report was counted before" in refused(folder, "train", "step.json", *flags)


def test_a_report_of_a_forward_is_of_no_step(folder):
    assert "not of a step of training" in refused(folder, "train", "plain.json")


@pytest.mark.parametrize("file", ["step.json", "step.trace", "plain.trace"])
def test_files_have_one_batch(folder, file):
    assert "no other can be tried" in refused(folder, "fit", file, "--memory", "1G", "--train")


def test_a_model_that_takes_no_batch_of_one(folder):
    model = ("nets.py:normed", "-i", "1x8", "--train")
    code, out, _ = in_process("fit", f"{folder}/{model[0]}", *model[1:], "--memory", "1K")
    assert code == 1
    assert "not even a batch of 2 fits into 1.00 KB" in out
    assert re.match(r"a batch of \d+ fits into 20\.00 KB", said(folder, "fit", *model, "--memory", "20K"))


@pytest.mark.parametrize("amount", ["24X", "", "-5", "GiB", "99999999999999999999"])
def test_amounts_of_memory(folder, amount):
    for flag, *args in (("--memory", "fit", "nets.py:net", "--train"), ("--max-memory", "check", "nets.py:net")):
        err = refused(folder, *args, f"{flag}={amount}")
        assert "write one such as 24G or 24GiB" in err or "needs a value: SIZE" in err


def test_a_budget_of_memory_in_a_project(folder, tmp_path):
    limit = json.loads((folder / "sgd.json").read_text())["training"]["peak"]
    file = tmp_path / "pyproject.toml"
    entry = f'[[tool.thoplw.check]]\nmodel = "{folder}/nets.py:net"\ninput = ["2x3x8x8"]\noptimizer = "sgd"\n'
    file.write_text(f"{entry}max-memory = {limit}\n")
    assert f"{limit} of {limit} bytes of memory" in said(folder, "check", "--config", str(file))
    file.write_text(f"{entry}max-memory = {limit - 1}\n")
    assert in_process("check", "--config", str(file))[0] == 1


# ---------------------------------------------------------------------------------- wrong arguments


class Untold:
    """Raises where it is looked at."""

    def __repr__(self) -> str:
        raise ZeroDivisionError

    def __iter__(self) -> Any:
        raise ZeroDivisionError

    def __float__(self) -> float:
        raise ZeroDivisionError

    def __index__(self) -> int:
        raise ZeroDivisionError


SMALL = nn.Sequential(nn.Linear(4, 4))
WRONG = (b"x", object(), 10**30, -3, float("nan"), 0.5, "\udc80", ("a", 1), nn.ReLU, SMALL, Untold())


@pytest.mark.parametrize("value", WRONG, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize(
    "name",
    [
        "optimizer",
        "precision",
        "freeze",
        "checkpoint",
        "reentrant",
        "lora",
        "processor",
        "attention",
        "accumulate",
        "loss",
        "round_to",
        "convention",
    ],
)
def test_a_wrong_argument_is_named(name: str, value: Any):
    with pytest.raises(thoplw.Error, match=f"^(the )?{name} ") if value != "\udc80" else pytest.raises(thoplw.Error):
        thoplw.training(SMALL, (2, 4), verbose=False, **{name: value})


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"lora": {}}, "lora names no targets"),
        ({"lora": {"r": 2, "targets": []}}, "lora names no targets"),
        ({"lora": {"rank": 2, "targets": ["0"]}}, "lora has no setting 'rank'"),
        ({"lora": {Untold(): 2, "targets": ["0"]}}, "lora has no setting an object of type Untold"),
        ({"lora": {"r": 0, "targets": ["0"]}}, "lora r must be"),
        ({"lora": {"r": 10**12, "targets": ["0"]}}, "lora r is too large"),
        ({"lora": {"targets": ["nix"]}}, "lora target 'nix' matches nothing"),
        ({"lora": {"targets": ["0"], "dropout": 5}}, "lora dropout must be a number of 0 to 1"),
        ({"lora": {"targets": ["0"], "dropout": "x"}}, "lora dropout must be a number of 0 to 1"),
        ({"loss": 99}, "the loss is to read output 99, but the model gives 1"),
        ({"loss": []}, "loss must be"),
        ({"loss": True}, "loss must be"),
        ({"loss": [10**30]}, "loss must be"),
        ({"accumulate": 0}, "accumulate must be"),
        ({"accumulate": 10**12}, "accumulate is too large"),
        ({"freeze": "nix*"}, "freeze 'nix*' matches nothing"),
        ({"checkpoint": ["0", "nix"]}, "checkpoint 'nix' matches nothing"),
        ({"optimizer": "adm"}, "unknown optimizer 'adm'; did you mean 'adam'?"),
        ({"precision": ""}, "unknown precision ''"),
        ({"convention": None}, "convention must be a str"),
    ],
)
def test_what_cannot_be_asked(given: dict[str, Any], error: str):
    with pytest.raises(thoplw.Error, match="^" + re.escape(error)):
        thoplw.training(SMALL, (2, 4), verbose=False, **given)


# ----------------------------------------------------------------------------------- odd models


class Whole(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.argmax(-1)


@pytest.mark.parametrize("make", [nn.ReLU, Whole], ids=["no parameters", "whole numbers"])
def test_where_nothing_is_trained(make: Callable[[], nn.Module]):
    info = thoplw.training(make(), (2, 4), verbose=False)
    assert (info.backward, info.gradients, info.states, info.saved) == (0, 0, 0, 0)


def test_all_frozen():
    info = thoplw.training(SMALL, (2, 4), freeze="*", verbose=False)
    assert (info.forward, info.backward, info.gradients, info.states, info.saved) == (32, 0, 0, 0, 0)
    assert info.parameters == 4 * (16 + 4)


def test_weights_without_data():
    with torch.device("meta"):
        model = nn.Sequential(nn.Linear(4, 4))
    assert thoplw.training(model, (2, 4)) == thoplw.training(SMALL, (2, 4))

"""Whatever is wrong with an argument, it is a thoplw.Error that names it; what a message quotes does nothing."""

from __future__ import annotations

import copy
import pickle
import re
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import thoplw

DATA = Path(__file__).parents[2] / "data"
NET = nn.Sequential(nn.Linear(4, 4))


class Untold:
    """Raises where it is looked at."""

    def __repr__(self) -> str:
        raise ZeroDivisionError

    def __index__(self) -> int:
        raise ZeroDivisionError

    def __hash__(self) -> int:
        return 1


NO_STR = (b"csv", object(), 10**30, float("nan"), 3, True, "\udc80", [], {}, ("a",), nn.ReLU, NET, Untold())
NO_NUMBER = (b"1", object(), 10**30, -(10**30), float("nan"), 0.5, -3, True, "1", "\udc80", [], (1,), NET, Untold())


@pytest.fixture(scope="module")
def info() -> thoplw.LayerInfo:
    return thoplw.profile(NET, (1, 4), verbose=False)[2]


def refused(call: Callable[[Any], Any], value: Any, name: str = "") -> None:
    """Whatever came of it, it was an Error that quotes nothing that does something."""
    with pytest.raises(thoplw.Error) as error:
        call(value)
    text = str(error.value)
    assert text.startswith(name)
    assert len(text.encode()) < 2100
    assert not {c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")}, ascii(text)


@pytest.mark.parametrize("value", NO_STR, ids=lambda value: type(value).__name__)
def test_what_is_no_str(info, value, tmp_path):
    comparison, diff = thoplw.compare(NET, (1, 4), ["exact"]), thoplw.diff(info, info)
    for name in ("kind", "fmt"):
        refused(lambda v, name=name: info.summary(**{name: v}), value, f"{name} must be a str, not ")
        refused(lambda v, name=name: comparison.summary(**{name: v}), value, f"{name} must be a str, not ")
        refused(lambda v, name=name: diff.summary(**{name: v}), value, f"{name} must be a str, not ")
        refused(lambda v, name=name: info.save(tmp_path / "a.txt", **{name: v}), value, f"{name} must be a str")
    for table in (info, diff):
        refused(lambda v, table=table: table.summary(sort=v), value, "sort must be a str or None, not ")
    refused(lambda v: thoplw.profile(NET, (1, 4), verbose=False, convention=v), value, "convention must be a str, not ")
    refused(lambda v: thoplw.profile(NET, (1, 4), verbose=False, method=v), value, "method must be a str, not ")
    refused(lambda v: thoplw.load(DATA / "net.safetensors", convention=v), value)
    refused(lambda v: thoplw.compare(NET, (1, 4), base=v), value, "base must be a str, not ")
    refused(lambda v: info.under(v), value, "convention must be a str, not ")
    refused(lambda v: info.plot(v), value, "by")
    refused(lambda v: thoplw.clever_format(3, v), value, "fmt must be a str, not ")
    if value not in ([], {}, ("a",)):
        refused(lambda v: info.summary(filter=v), value, "filter must be a str or a list of them, not ")
        refused(lambda v: thoplw.compare(NET, (1, 4), v), value, "conventions must be a str or a list of them")
    refused(lambda v: info.summary(filter=["Linear", v]), value, "filter must be a str or a list of them, not ")


@pytest.mark.parametrize("value", NO_NUMBER, ids=lambda value: type(value).__name__)
def test_what_is_no_number(info, value):
    for table in (info, thoplw.diff(info, info), thoplw.compare(NET, (1, 4), ["exact"])):
        refused(
            lambda v, table=table: table.summary(depth=v), value, "depth must be an int of -1 or more, or None, not "
        )
    refused(lambda v: info.summary(top=v), value, "top must be an int of 1 or more, or None, not ")
    refused(lambda v: info.plot(top="no" if v == 10**30 or v is True else v), value, "top must be a number of bars")
    refused(lambda v: info.plot(depth="no" if v == 10**30 or v is True else v), value, "depth must be a number of 0")
    if value != -3:
        refused(lambda v: thoplw.load(DATA / "net.safetensors", dims={"x": v}), value, "dims: 'x': ")
    if value is not True:
        refused(thoplw.clever_format, [value], "clever_format takes ")
    refused(lambda v: thoplw.profile(NET, (1, 4), {nn.Linear: lambda layer, x, y: -1 if v is True else v}), value)


@pytest.mark.parametrize("value", NO_STR, ids=lambda value: type(value).__name__)
def test_what_is_no_model_table_or_dict(info, value):
    if not isinstance(value, nn.Module):
        refused(lambda v: thoplw.profile(v, (1, 4)), value, "model is ")
        refused(lambda v: thoplw.compare(v, (1, 4)), value, "model is ")
    refused(lambda v: thoplw.diff(info, v), value, "diff() takes two LayerInfo")
    refused(lambda v: thoplw.plot(v), value, "plot() ")
    refused(lambda v: info.plot(ax=v), value, "ax must be matplotlib's Axes")
    if value != {}:
        refused(lambda v: thoplw.profile(NET, (1, 4), v), value, "custom_ops must be a dict")
        refused(lambda v: thoplw.profile(NET, (1, 4), kwargs=v), value, "kwargs must be a dict")
    if value not in ([], {}):
        refused(lambda v: thoplw.load(DATA / "net.safetensors", dims=v), value, "dims must be a dict")
    if getattr(type(value), "__hash__", None) and value != "\udc80":
        refused(lambda v: thoplw.profile(NET, {v: (1, 4)}), value, "names of keyword inputs must be strings")
        refused(lambda v: thoplw.load(DATA / "net.safetensors", dims={v: 1}), value, "dims: ")


LIBRARY = torch.library.Library("wrong_arguments", "DEF")
LIBRARY.define("unknown(Tensor x) -> Tensor")
LIBRARY.impl("unknown", torch.empty_like, "Meta")
HOSTILE = ("\x1b[2Jgone", "a\nthoplw: forged", "\x9b31m", "\u202eexe.txt", "half \udc80", "long " * 3000)


def named(name: str, base: type, **members: Any) -> Any:
    """An instance of a class of that name; Python has none with half a surrogate pair in it."""
    cls = type(name.encode(errors="replace").decode(), (base,), {"__module__": name, **members})
    return cls()


@pytest.mark.parametrize("name", HOSTILE, ids=lambda name: ascii(name)[:20])
def test_names_of_classes_and_parameters_and_what_a_forward_says(name, capsys):
    class Fails(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            raise RuntimeError(name)

    fails = nn.Sequential()
    fails._modules[name.replace(".", "_")] = named(name, Fails)
    refused(lambda model: thoplw.profile(model, (1, 4)), fails)

    class Wide(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self._parameters[name] = nn.Parameter(torch.zeros(5, 5))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x @ self._parameters[name]

    refused(lambda model: thoplw.profile(model, (1, 4)), named(name, Wide))
    model = nn.Sequential()
    model._modules[name] = named(name, nn.Module, forward=lambda self, x: torch.ops.wrong_arguments.unknown(x))
    info = thoplw.profile(model, (1, 4))[2]
    said = capsys.readouterr().err
    assert all(line.startswith("thoplw: ") for line in said.splitlines())
    said += repr(info) + "".join(info.notes)
    assert not {c for c in said if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Cs")}, ascii(said)
    refused(lambda model: thoplw.profile(model, (1, 4), strict=True, verbose=False), model)
    no_module = named(name, object)
    refused(lambda model: thoplw.profile(model, (1, 4)), no_module)
    refused(lambda value: thoplw.profile(NET, value), no_module)


def test_an_error_is_what_its_message_says_whoever_makes_it():
    error = thoplw.Error("a\x1b[2J\nb", 3)
    assert error.args == (r"a\x1b[2J\nb", 3)
    assert str(thoplw.Error("half \udc80")) == r"half \udc80"
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(again) is thoplw.Error
        assert again.args == error.args
    assert isinstance(error, ValueError)
    assert str(thoplw.Error()) == ""
    assert re.fullmatch(r"x+ \.\.\. x+|x+.*x+", str(thoplw.Error("x" * 5000)))

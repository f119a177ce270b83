"""Results that go elsewhere: pickled, copied, handed on by joblib and by processes that start afresh."""

from __future__ import annotations

import copy
import multiprocessing
import operator
import pickle
import subprocess
import sys
from typing import Any

import joblib
import pytest
import torch
from torch import nn

import thoplw
from thoplw import _models, _native

CONVENTIONS = [name for name, _ in _native.conventions()]
KINDS = ("text", "csv", "md", "json", "tree", "html", "svg", "folded", "dot", "mermaid")


class Uncountable(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.bincount(x.flatten().to(torch.int64).clamp(min=0))


class Twice(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(4, 4)
        self.spare = nn.Linear(4, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.inner(self.inner(x))

    def loop(self, x: torch.Tensor) -> None:
        self(x)
        self(x[:1])


def info_of(model: nn.Module, *shape: int, **options: Any) -> thoplw.LayerInfo:
    return thoplw.profile(model, shape, verbose=False, **options)[2]


def round_trip(value: Any, protocol: int = pickle.DEFAULT_PROTOCOL) -> Any:
    return pickle.loads(pickle.dumps(value, protocol))


def under(info: thoplw.LayerInfo, convention: str) -> thoplw.LayerInfo | str:
    try:
        return info.under(convention)
    except thoplw.Error as error:  # some tools refuse some models
        return str(error)


MODELS = {
    "conv": lambda: info_of(nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU()), 2, 3, 8, 8),
    "attention": lambda: info_of(nn.TransformerEncoderLayer(16, 2, batch_first=True), 1, 5, 16),
    "recurrent": lambda: info_of(nn.LSTM(4, 8, num_layers=2), 5, 1, 4),
    "lower bound": lambda: info_of(nn.Sequential(nn.Linear(4, 4), Uncountable()), 2, 4),
    "custom": lambda: info_of(Twice(), 3, 4, custom_ops={nn.Linear: lambda layer, inputs, output: 7}),
    "steps": lambda: info_of(Twice(), 3, 4, method="loop"),
    "mobilenet": lambda: info_of(_models.import_torchvision().models.mobilenet_v3_small(), 1, 3, 64, 64),
}


@pytest.fixture(scope="module", params=MODELS)
def info(request: pytest.FixtureRequest) -> thoplw.LayerInfo:
    return MODELS[request.param]()


@pytest.fixture(scope="module")
def trace() -> _native.Trace:
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.Flatten(), nn.Linear(8 * 6 * 6, 5))
    return _native.capture(model, (torch.zeros(1, 3, 8, 8),), {}, {})


# --- tables of layers


def test_a_table_is_the_same_again(info):
    again = round_trip(info)
    assert again == info
    assert hash(again) == hash(info)
    for kind in KINDS:
        assert again.summary(kind) == info.summary(kind)
    assert {name: under(again, name) for name in CONVENTIONS} == {name: under(info, name) for name in CONVENTIONS}


def test_tables_that_say_something_else_are_not_equal():
    three, four = info_of(Twice(), 3, 4), info_of(Twice(), 4, 4)
    assert three != four
    assert three != three.under("exact")
    assert three != three.macs
    assert three == info_of(Twice(), 3, 4)
    assert len({three, four, round_trip(three)}) == 2


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_every_protocol_will_do(protocol):
    info = info_of(Twice(), 3, 4)
    assert round_trip(info, protocol) == info


def test_what_was_counted_by_another_convention_is_so_again(info):
    exact = info.under("exact")
    again = round_trip(exact)
    assert again == exact
    assert again.convention == "exact"


def test_a_convention_of_the_user_goes_along_without_its_file(tmp_path):
    path = tmp_path / "paper.toml"
    path.write_text('base = "exact"\nunit = "FLOP"\n[prices]\ncontraction = 3\n')
    info = info_of(nn.Linear(4, 5, bias=False), 2, 4, convention=str(path))
    pickled = pickle.dumps(info)
    path.unlink()
    again = pickle.loads(pickled)
    assert again == info
    assert (again.convention, again.unit, again.macs) == ("paper", "FLOP", 3 * 2 * 4 * 5)
    assert again.under("exact").macs == 2 * 4 * 5
    assert round_trip(again) == info


def test_a_table_without_its_trace(info):
    alone = info.without_trace()
    assert alone == info == round_trip(alone)
    assert [round_trip(alone).summary(kind) for kind in KINDS] == [info.summary(kind) for kind in KINDS]
    for one in (alone, round_trip(alone), alone.without_trace()):
        with pytest.raises(thoplw.Error, match=r"'thoplw' alone: it was saved, or without_trace\(\) made it; profile"):
            one.under("exact")


def test_without_its_trace_a_table_is_smaller_where_the_model_ran_often():
    class Loop(Twice):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            for _ in range(100):
                x = self.inner(x)
            return x

    info = info_of(Loop(), 3, 4)
    assert 2 * len(pickle.dumps(info.without_trace())) < len(pickle.dumps(info))


def test_a_saved_table_travels(tmp_path):
    info_of(Twice(), 3, 4).save(tmp_path / "twice.json")
    saved = thoplw.load(tmp_path / "twice.json", verbose=False)
    assert round_trip(saved) == saved


def test_tables_of_one_model_share_its_trace():
    info = info_of(Twice(), 3, 4)
    tables = {name: info.under(name) for name in ("thoplw", "exact", "fvcore", "flops")}
    assert round_trip(tables) == tables
    assert len(pickle.dumps(tables)) < 1.5 * len(pickle.dumps(info))


def test_copies_are_the_thing_itself(info):
    assert copy.copy(info) is info
    assert copy.deepcopy({"info": [info]})["info"][0] is info
    row = info[0]
    assert copy.copy(row) is copy.deepcopy(row) is row


# --- what they are made of, and what is made of them


def test_rows_steps_and_uncounted_travel(info):
    for records in (list(info), info.steps, info.uncounted):
        again = round_trip(records)
        assert again == records
        assert repr(again) == repr(records)
        assert list(map(hash, again)) == list(map(hash, records))
    assert [(row.input_shape, row.output_shape) for row in round_trip(list(info))] == [
        (row.input_shape, row.output_shape) for row in info
    ]
    assert info[0] != info[-1] or len(info) == 1


def test_a_row_travels_alone():
    info = info_of(Twice(), 3, 4)
    assert len(pickle.dumps(info[0])) < len(pickle.dumps(info.without_trace())) / 2


def test_a_trace_travels(trace):
    again = round_trip(trace)
    assert again == trace
    assert again.text() == trace.text()
    assert again != _native.capture(nn.Linear(2, 2), (torch.zeros(1, 2),), {}, {})
    assert {trace: 1}[again] == 1


def test_a_comparison_travels_with_conventions_of_the_user(trace, tmp_path):
    path = tmp_path / "own.toml"
    path.write_text('base = "exact"\n[modules]\nLinear = { outputs = 2 }\n')
    comparison = _native.compare(trace, ["fvcore", "torch", str(path)], "exact")
    pickled = pickle.dumps(comparison)
    path.unlink()
    again = pickle.loads(pickled)
    assert again == comparison
    assert str(again) == str(comparison)
    assert (again.base, again.macs, again.params, again.parts) == (
        *(comparison.base, comparison.macs, comparison.params, comparison.parts),
    )
    assert again != _native.compare(trace, ["fvcore"], "exact")


def test_a_difference_travels():
    before, after = info_of(nn.Sequential(nn.Linear(4, 4), nn.ReLU()), 1, 4), info_of(Twice(), 1, 4)
    diff = thoplw.diff(before, after)
    again = round_trip(diff)
    assert again == diff
    for kind in ("text", "csv", "md", "json"):
        assert again.summary(kind, unchanged=True) == diff.summary(kind, unchanged=True)
    assert again.rows == diff.rows == round_trip(diff.rows)
    assert [row.state for row in round_trip(diff.rows)] == [row.state for row in diff.rows]
    assert diff != thoplw.diff(after, before)
    assert diff.rows != thoplw.diff(after, before).rows


# --- who hands them on


def test_joblib_hands_on_tables_and_errors():
    model = nn.Sequential(nn.Linear(4, 5), nn.ReLU())
    run = joblib.Parallel(n_jobs=2, backend="loky")
    tables = run(joblib.delayed(thoplw.profile)(model, (batch, 4), verbose=False) for batch in (1, 2, 3))
    assert [macs for macs, _, _ in tables] == [batch * (4 * 5 + 5) for batch in (1, 2, 3)]
    infos = [info for *_, info in tables]
    assert infos == [info_of(model, batch, 4) for batch in (1, 2, 3)]
    exact = run(joblib.delayed(operator.methodcaller("under", "exact"))(info) for info in infos)
    assert exact == [info.under("exact") for info in infos]
    diffs = run(joblib.delayed(thoplw.diff)(infos[0], info) for info in infos)
    assert diffs == [thoplw.diff(infos[0], info) for info in infos]
    with pytest.raises(thoplw.Error, match="mat1 and mat2 shapes cannot be multiplied"):
        run(joblib.delayed(thoplw.profile)(model, (1, width)) for width in (4, 3))


def test_joblib_remembers_tables(tmp_path):
    profile = joblib.Memory(tmp_path, verbose=0).cache(thoplw.profile)
    model = nn.Linear(4, 5)
    first = profile(model, (2, 4), verbose=False)
    assert profile.check_call_in_cache(model, (2, 4), verbose=False)
    assert profile(model, (2, 4), verbose=False) == first


def test_processes_that_start_afresh_hand_them_on():
    info = info_of(Twice(), 3, 4)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        (exact,) = pool.map(operator.methodcaller("under", "exact"), [info])
        (alone,) = pool.map(operator.methodcaller("without_trace"), [info])
    assert exact == info.under("exact")
    assert alone == info


def test_a_pickle_is_opened_without_torch(tmp_path):
    info = info_of(Twice(), 3, 4)
    path = tmp_path / "info.pickle"
    path.write_bytes(pickle.dumps((info, _native.compare(round_trip(info.__getstate__()[0]), ["fvcore"], "exact"))))
    code = (
        "import pickle, sys\n"
        f"info, comparison = pickle.load(open({str(path)!r}, 'rb'))\n"
        "print(info.macs, info.under('exact').macs, comparison.macs['fvcore'], 'torch' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    linear = 2 * 3 * 4 * 4  # both calls
    assert out.split() == [str(linear + 2 * 3 * 4), str(linear), str(linear), "False"]


# --- what is no pickle of theirs


@pytest.mark.parametrize(
    "state",
    [
        *((), b"", 3, None, (b"{}",), (1,), (None, None), (None, ("thoplw", None)), (None, [])),
        *((b"", b""), (None, (0, 0)), ("thoplw", b"x"), (b"thoplw trace 1\n", ("thoplw", None)), b"\xff\xfe", b"{}"),
    ],
)
def test_what_is_damaged_raises_an_error(state):
    for cls in ("LayerInfo", "Trace", "Row", "Step", "Uncounted", "Comparison", "Diff", "DiffRow"):
        made = getattr(_native, cls)
        with pytest.raises(thoplw.Error):
            made.__new__(made).__setstate__(state)


def test_a_convention_that_is_unknown_where_it_arrives(trace):
    made = _native.LayerInfo.__new__(_native.LayerInfo)
    with pytest.raises(thoplw.Error, match="unknown convention 'thopp'; did you mean 'thop'"):
        made.__setstate__((trace, ("thopp", None)))
    with pytest.raises(thoplw.Error, match=r"own.toml:1: prices: "):
        made.__setstate__((trace, ("own.toml", b"prices = 1")))

"""thoplw.sweep: candidates, rows, files of results, resuming, and what comes out."""

from __future__ import annotations

import csv
import itertools
import pickle
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import torch
from torch import nn

import thoplw
from sweep_nets import Flaky, Hard, Net, Slow, Unknown

pytest.importorskip("joblib")

FILES = ["results.csv", "results.sqlite", "results.parquet"]
SPACE = {"width": [2, 4, 8], "depth": [1, 2]}


def macs(width: int, depth: int) -> int:
    return 3 * width + (depth - 1) * width * width + depth * width  # a multiply-add for each weight and bias


def rows_of(sweep: thoplw.Sweep) -> list[tuple[object, ...]]:
    """In an order of their own: they come as they are done."""
    return sorted(map(tuple, (row.values() for row in sweep)), key=repr)


# --- candidates


def test_a_row_for_each_candidate() -> None:
    sweep = thoplw.sweep(Net, SPACE, inputs=(1, 3), jobs=1)
    assert len(sweep) == 6
    assert (sweep.settings, sweep.measures) == (["width", "depth"], ["macs", "params"])
    for row in sweep:
        expected = macs(row["width"], row["depth"])
        assert row == {**row, "macs": expected, "params": expected, "exact": True, "error": None}
    assert {(row["width"], row["depth"]) for row in sweep} == set(itertools.product([2, 4, 8], [1, 2]))


@pytest.mark.parametrize(
    "space",
    [
        [{"width": 2}, {"width": 4}, {"width": 2}],
        lambda: iter([{"width": 2}, {"width": 4}, {"width": 2}]).__next__,
    ],
)
def test_dicts_and_samplers(space: object) -> None:
    if callable(space):
        draw = space()
        drawn = thoplw.sweep(Net, draw, inputs=(1, 3), jobs=1, limit=3)
    else:
        drawn = thoplw.sweep(Net, space, inputs=(1, 3), jobs=1)  # type: ignore[arg-type]
    assert drawn.columns["width"] == [2, 4]
    assert drawn.columns["macs"] == [macs(2, 1), macs(4, 1)]


def test_candidates_with_different_settings() -> None:
    sweep = thoplw.sweep(Net, [{"width": 2}, {"width": 2, "depth": 2}], inputs=(1, 3), jobs=1)
    assert [(row["width"], row["depth"], row["macs"]) for row in sweep] == [(2, None, 8), (2, 2, 14)]


def test_inputs_may_depend_on_settings() -> None:
    def build(width: int, batch: int) -> nn.Module:
        return nn.Linear(width, 1, bias=False)

    sweep = thoplw.sweep(build, {"width": [2, 3], "batch": [1, 5]}, inputs=lambda batch, width: (batch, width), jobs=1)
    assert [row["macs"] for row in sweep] == [2, 10, 3, 15]  # width x batch


def test_models_by_name(tmp_path: Path) -> None:
    pytest.importorskip("torchvision")
    sweep = thoplw.sweep(["torchvision:resnet18", "torchvision:alexn*t"], jobs=1)
    assert [(row["model"], row["params"]) for row in sweep] == [
        ("torchvision:resnet18", 11699112),
        ("torchvision:alexnet", 61100840),
    ]
    (tmp_path / "net.py").write_text("from torch import nn\ndef net(width): return nn.Linear(3, width)\n")
    sweep = thoplw.sweep(f"{tmp_path}/net.py:net", {"width": [2, 3]}, inputs=(1, 3), jobs=1)
    assert sweep.columns["macs"] == [8, 12]  # 3 x width, and width biases
    (tmp_path / "net.py").write_text("from torch import nn\ndef net(width): return nn.Linear(5, width)\n")
    sweep = thoplw.sweep(f"{tmp_path}/net.py:net", {"width": [2, 3]}, inputs=(1, 5), jobs=1)
    assert sweep.columns["macs"] == [12, 18]  # what changed is run anew
    assert [path.name for path in tmp_path.iterdir()] == ["net.py"]


def test_folders_of_files(tmp_path: Path) -> None:
    samples = Path(__file__).parents[2] / "data" / "samples"
    sweep = thoplw.sweep(samples, jobs=1)
    assert {Path(model).suffix for model in sweep.columns["model"]} >= {".onnx", ".pt2"}
    for row in sweep:
        if row["error"] is None:
            info = thoplw.load(row["model"], verbose=False)
            assert (row["macs"], row["params"]) == (info.macs, info.params)
        else:
            with pytest.raises(thoplw.Error):
                thoplw.load(row["model"], verbose=False)
    with pytest.raises(thoplw.Error, match="has no model files"):
        thoplw.sweep(tmp_path, jobs=1)


# --- measures


def test_measures_of_each_question() -> None:
    names = ["macs", "peak", "activations", "forward", "saved", "bytes"]
    sweep = thoplw.sweep(Net, {"width": [4]}, inputs=(2, 3), measures=names, memory={"round_to": 512}, jobs=1)
    model, x = Net(4), torch.empty(2, 3)
    memory = thoplw.memory(model, x, round_to=512, verbose=False)
    step = thoplw.training(model, x, verbose=False)
    assert sweep[0] == {
        "width": 4,
        "macs": 2 * 16,
        "peak": memory.peak,
        "activations": memory.activations,
        "forward": step.forward,
        "saved": step.saved,
        "bytes": 16 * 4,
        "exact": True,
        "error": None,
    }
    of_step = thoplw.sweep(Net, inputs=(2, 3), measures=["peak"], training={"optimizer": "sgd"}, jobs=1)
    assert of_step[0]["peak"] == thoplw.training(model, x, optimizer="sgd", verbose=False).peak


def test_what_is_wrong_with_a_candidate_is_in_its_row() -> None:
    sweep = thoplw.sweep(Hard, {"width": [4, 15]}, inputs=(1, 3), jobs=1)
    assert [row["macs"] for row in sweep] == [16, None]
    assert [row["error"] for row in sweep] == [None, "Hard cannot be built: RuntimeError: no way"]
    assert sweep.failed.columns["width"] == [15]


def test_a_lower_bound_is_never_the_best() -> None:
    sweep = thoplw.sweep(Unknown, {"width": [1, 2, 3]}, inputs=(1, 3), jobs=1)
    assert sweep.columns["exact"] == [True, True, False]
    assert sweep.best("macs")["width"] == 1
    assert sweep.pareto("macs", "params").columns["width"] == [1, 2]  # equals
    assert sweep.filter(under={"macs": 0}).columns["width"] == [1, 2]


def test_what_cannot_travel_is_an_error() -> None:
    lock = threading.Lock()
    with pytest.raises(thoplw.Error, match="the sweep cannot go on: PicklingError"):
        thoplw.sweep(lambda width: (lock, Net(width))[1], {"width": [1, 2]}, inputs=(1, 3), jobs=2)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"measures": "macs"}, "measures must be a list of names"),
        ({"measures": ["mac"]}, "unknown measure 'mac'; did you mean 'macs'"),
        ({"measures": ["time"]}, "time is a time: say on which device"),
        ({"inputs": None}, "inputs: say what goes into each model"),
        ({"space": {"width": 4}}, "space: width must be a list of values, not 4"),
        ({"space": [4]}, "space: settings must be a dict"),
        ({"space": {"macs": [4]}}, "space: 'macs' is a column of what is counted"),
        ({"space": {"width": [object()]}}, "width has a value of type object, which cannot be written"),
        ({"output": "results.txt"}, r"results.txt: results go to a file named \*.csv, \*.sqlite"),
        ({"timeout": 0}, "timeout must be a number of more than 0"),
        ({"build": []}, "there is none"),
        ({"build": "torchvision:resnt*"}, "no model matches"),
    ],
)
def test_arguments_are_checked(given: dict[str, object], message: str) -> None:
    arguments = {"build": Net, "space": SPACE, "inputs": (1, 3), "jobs": 1} | given
    with pytest.raises(thoplw.Error, match=message):
        thoplw.sweep(**arguments)  # type: ignore[arg-type]


# --- files of results

STRANGE = [1, 1.5, True, None, "relu", "1", "True", "None", "", "a,b", 'say "x"', "two\nlines", "'", "ünï", (3, 5)]


@pytest.mark.parametrize("name", FILES)
def test_values_come_back_as_they_were(tmp_path: Path, name: str) -> None:
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow")
    path = tmp_path / name

    def build(value: object) -> nn.Module:
        return Net(4)

    sweep = thoplw.sweep(build, {"value": [*STRANGE, nn.ReLU]}, inputs=(1, 3), jobs=1, output=path)
    values = sweep.columns["value"]
    assert values == [*STRANGE, "torch.nn.modules.activation:ReLU"]
    assert [type(value) for value in values[:-1]] == [type(value) for value in STRANGE]
    again = thoplw.sweep(build, {"value": [*STRANGE, nn.ReLU, 2]}, inputs=(1, 3), jobs=1, output=path)
    assert len(again) == len(STRANGE) + 2
    assert thoplw.Sweep.read(path) == again == pickle.loads(pickle.dumps(again))
    again.save(tmp_path / f"copy-{name}")
    assert thoplw.Sweep.read(tmp_path / f"copy-{name}") == again


@pytest.mark.parametrize("name", FILES)
def test_a_sweep_goes_on_where_it_was(tmp_path: Path, name: str) -> None:
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow")
    path, begun = tmp_path / name, tmp_path / "begun"
    space = {"width": [1, 2, 3, 15], "begun": [str(begun)]}
    stopped = thoplw.sweep(Hard, space, inputs=(1, 3), jobs=1, output=path, limit=2)
    assert len(stopped) == 2
    whole = thoplw.sweep(Hard, space, inputs=(1, 3), jobs=1, output=path)
    assert begun.read_text().split() == ["1", "2", "3", "15", "15", "15"]  # a build that fails is tried off meta, too
    assert whole.columns["width"] == [1, 2, 3, 15]
    assert thoplw.sweep(Hard, space, inputs=(1, 3), jobs=1, output=path) == whole
    assert sorted(file.name for file in tmp_path.iterdir()) == ["begun", name]
    with pytest.raises(thoplw.Error, match="has no column 'bytes', so it is of another sweep"):
        thoplw.sweep(Hard, space, inputs=(1, 3), jobs=1, output=path, measures=["bytes"])


@pytest.mark.parametrize("name", FILES)
def test_those_that_failed_are_tried_again(tmp_path: Path, name: str) -> None:
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow")
    path, file = tmp_path / name, tmp_path / "file"
    space = {"width": [1, 2, 3, 4], "file": [str(file)]}

    def errors(retry: bool) -> list[object]:
        swept = thoplw.sweep(Flaky, space, inputs=(1, 3), jobs=1, output=path, retry=retry)
        assert sorted(swept.columns["width"]) == [1, 2, 3, 4]
        return [row["error"] for row in swept if row["error"]]

    assert errors(retry=True) == ["Flaky cannot be built: RuntimeError: not yet"] * 2
    file.touch()
    assert errors(retry=False) == ["Flaky cannot be built: RuntimeError: not yet"] * 2
    assert errors(retry=True) == []
    assert sorted(thoplw.Sweep.read(path).columns["macs"]) == [4, 8, 12, 16]


def test_two_sweeps_do_not_write_to_one_file(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    hold = f"with alone({str(path)!r}): print('there', flush=True); time.sleep(99)"
    other = f"import time\nfrom thoplw._alone import alone\n{hold}"
    with subprocess.Popen([sys.executable, "-c", other], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "there\n"
        with pytest.raises(thoplw.Error, match=r"results\.csv: another sweep is writing to it"):
            thoplw.sweep(Net, SPACE, inputs=(1, 3), jobs=1, output=path)
        assert not path.exists()
        process.kill()
    assert len(thoplw.sweep(Net, SPACE, inputs=(1, 3), jobs=1, output=path)) == 6  # a lock ends with its process
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(thoplw.Error, match="cannot be written"):
        thoplw.sweep(Net, SPACE, inputs=(1, 3), jobs=1, output=tmp_path / "nowhere" / "results.csv")


def test_a_torn_line_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    whole = thoplw.sweep(Net, SPACE, inputs=(1, 3), jobs=1, output=path)
    text = path.read_bytes()
    for size in range(len(text)):
        path.write_bytes(text[:size])
        lines = text[:size].count(b"\n")
        if lines:
            assert len(thoplw.Sweep.read(path)) in (lines - 1, lines)
        if size % 7 == 0:
            assert rows_of(thoplw.sweep(Net, SPACE, inputs=(1, 3), jobs=1, output=path)) == rows_of(whole)
            assert len(path.read_text().splitlines()) == 7


def test_files_are_plain(tmp_path: Path) -> None:
    thoplw.sweep(Net, {"width": [2]}, inputs=(1, 3), jobs=1, output=tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text() == "width,macs,params,exact,error\n2,8,8,True,\n"
    thoplw.sweep(Net, {"width": [2]}, inputs=(1, 3), jobs=1, output=tmp_path / "a.db")
    assert sqlite3.connect(tmp_path / "a.db").execute("SELECT width, macs FROM results").fetchall() == [(2, 8)]
    parquet = pytest.importorskip("pyarrow.parquet")
    thoplw.sweep(Net, {"width": [2]}, inputs=(1, 3), jobs=1, output=tmp_path / "a.parquet")
    schema = parquet.read_schema(tmp_path / "a.parquet")
    assert [str(kind) for kind in schema.types] == ["int64", "int64", "int64", "bool", "string"]


def test_other_settings_than_the_first(tmp_path: Path) -> None:
    space = [{"width": 2}, {"width": 2, "depth": 2}]
    with pytest.raises(thoplw.Error, match="it has no column 'depth'"):
        thoplw.sweep(Net, space, inputs=(1, 3), jobs=1, output=tmp_path / "a.csv")
    sweep = thoplw.sweep(Net, space, inputs=(1, 3), jobs=1, output=tmp_path / "a.sqlite")
    assert [(row["depth"], row["macs"]) for row in sweep] == [(None, 8), (2, 14)]


@pytest.mark.parametrize("name", FILES)
def test_what_is_no_file_of_results(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with pytest.raises(thoplw.Error, match="no such file"):
        thoplw.Sweep.read(path)
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow")
    if not name.endswith("csv"):
        path.write_bytes(b"hello" * 100)
        with pytest.raises(thoplw.Error, match=r"no (SQLite|Parquet)"):
            thoplw.Sweep.read(path)


# --- what comes out


@pytest.fixture
def results() -> thoplw.Sweep:
    return thoplw.Sweep(
        {
            "width": [1, 2, 3, 4, 5, 6],
            "macs": [50, 40, 40, 10, 60, None],
            "params": [1, 2, 3, 4, 1, None],
            "exact": [True, True, True, False, True, None],
            "error": [None, None, None, None, None, "no way"],
        }
    )


def test_best_and_filter_and_sort(results: thoplw.Sweep) -> None:
    assert results.best("macs")["width"] == 2  # the least is only a lower bound
    assert results.best("macs", under={"params": 1})["width"] == 1
    assert results.best("params", over={"macs": 60})["width"] == 5
    assert results.filter(under={"macs": 45}).columns["width"] == [2, 3]
    assert results.filter(lambda row: row["params"] == 1, width=5).columns["width"] == [5]
    assert results.sorted("macs").columns["width"] == [4, 2, 3, 1, 5, 6]
    assert results.sorted("macs", descending=True).columns["width"] == [5, 1, 2, 3, 4, 6]
    assert results[2:4].columns["width"] == [3, 4]
    with pytest.raises(thoplw.Error, match="no candidate keeps to these limits"):
        results.best("macs", under={"params": 0})
    with pytest.raises(thoplw.Error, match="unknown column 'mac'; did you mean 'macs'"):
        results.sorted("mac")


def test_the_front_has_whom_nobody_beats(results: thoplw.Sweep) -> None:
    assert results.pareto("params", "macs").columns["width"] == [1, 2]
    assert results.pareto("macs", "width").columns["width"] == [2, 1]

    def beats(one: dict[str, int], other: dict[str, int]) -> bool:
        pairs = [(one[name], other[name]) for name in ("macs", "params")]
        return all(a <= b for a, b in pairs) and any(a < b for a, b in pairs)

    generator = torch.Generator().manual_seed(1)
    columns = {name: torch.randint(0, 30, (200,), generator=generator).tolist() for name in ("macs", "params")}
    sweep = thoplw.Sweep(columns)
    front = [row for row in sweep if not any(beats(other, row) for other in sweep)]
    assert sorted(sweep.pareto("params", "macs"), key=repr) == sorted(front, key=repr)


def test_pandas(results: thoplw.Sweep) -> None:
    pytest.importorskip("pandas")
    assert results.to_pandas()["macs"].sum() == 200


# --- workers


def test_workers_give_the_same_rows() -> None:
    space = {"width": list(range(1, 41)), "depth": [1, 2]}
    alone = thoplw.sweep(Net, space, inputs=(1, 3), jobs=1)
    assert rows_of(thoplw.sweep(Net, space, inputs=(1, 3), jobs=2)) == rows_of(alone)


def test_workers_follow_into_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    thoplw.sweep(Net, {"width": [1, 2, 3]}, inputs=(1, 3), jobs=2)  # they are there from here on
    (tmp_path / "own_net.py").write_text("from torch import nn\ndef net(width): return nn.Linear(3, width)\n")
    monkeypatch.chdir(tmp_path)
    for name in ("own_net.py:net", "own_net:net"):
        sweep = thoplw.sweep(name, {"width": [1, 2, 3]}, inputs=(1, 3), jobs=2)
        assert sweep.columns["macs"] == [4, 8, 12]


def test_a_candidate_that_kills_its_worker_costs_one_row(tmp_path: Path) -> None:
    widths = [*range(1, 12), 13, *range(20, 30)]
    sweep = thoplw.sweep(Hard, {"width": widths}, inputs=(1, 3), jobs=2, output=tmp_path / "results.csv")
    assert sorted(sweep.columns["width"]) == widths
    assert [(row["width"], row["error"]) for row in sweep.failed] == [(13, "the process that counted it died")]
    with (tmp_path / "results.csv").open() as file:
        assert len(list(csv.reader(file))) == 1 + len(widths)


def test_limits() -> None:
    in_time = thoplw.sweep(Hard, {"width": [14, 1, 13, 2]}, inputs=(1, 3), jobs=2, timeout=6).sorted("width")
    assert [(row["width"], row["macs"], row["error"]) for row in in_time] == [
        (1, 16, None),
        (2, 16, None),
        (13, None, "the process that counted it died"),
        (14, None, "took longer than 6 s"),
    ]
    in_room = thoplw.sweep(Hard, {"width": [16, 1]}, inputs=(1, 3), jobs=2, memory_limit=1 << 30).sorted("width")
    assert [(row["width"], row["macs"], row["error"]) for row in in_room] == [
        (1, 16, None),
        (16, None, "needed more than 1073741824 bytes of memory"),
    ]


def test_pages(tmp_path: Path) -> None:
    sweep = thoplw.sweep(Net, {"width": [2, 3]}, inputs=(1, 3), jobs=1, pages=tmp_path / "pages")
    for row in sweep:
        assert "<title>" in Path(row["page"]).read_text()
    assert len(set(sweep.columns["page"])) == 2


def test_slow_ones_are_written_at_once(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    seen = []

    def space() -> object:
        for width in range(1, 4):
            seen.append(len(path.read_text().splitlines()) if path.exists() else 0)
            yield {"width": width, "seconds": 0.6}

    thoplw.sweep(Slow, space(), inputs=(1, 3), jobs=1, output=path)  # type: ignore[arg-type]
    assert seen == [0, 2, 3]  # the heading, and what came before

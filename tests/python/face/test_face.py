"""The Python face: every form of input, every option, every error of profile(), clever_format() and LayerInfo."""

from __future__ import annotations

import csv
import inspect
import io
import json
import subprocess
import sys
from typing import Any

import pytest
import torch
from torch import nn

import thoplw


class Net(nn.Module):
    """Two layers and one that never runs: 10 -> 20 -> 5."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(10, 20)
        self.second = nn.Linear(20, 5)
        self.spare = nn.Linear(7, 7)

    def forward(self, x: torch.Tensor, scale: Any = None) -> torch.Tensor:
        y = self.second(self.first(x))
        return y if scale is None else y * scale


# positions * (in * out + bias), and 3 positions: 3 * (10 * 20 + 20) + 3 * (20 * 5 + 5)
NET_MACS = 3 * 220 + 3 * 105
NET_PARAMS = 220 + 105


class Pair(nn.Module):
    """Takes a list and a dict of tensors, and a flag."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 2, bias=False)

    def forward(self, xs: list[torch.Tensor], named: dict[str, Any], twice: bool = False) -> torch.Tensor:
        out = self.fc(xs[0]) + self.fc(xs[1]) + self.fc(named["z"])
        return self.fc(xs[0]) + out if twice else out


def macs(model: nn.Module, tensor: Any, **options: Any) -> int:
    return thoplw.profile(model, tensor, verbose=False, **options)[0]


# --- inputs


@pytest.mark.parametrize(
    "tensor",
    [
        torch.zeros(3, 10),
        torch.zeros(3, 10, device="meta"),
        (3, 10),
        [3, 10],
        torch.Size([3, 10]),
        (torch.zeros(3, 10),),
        [torch.zeros(3, 10)],
        [(3, 10)],
        {"x": torch.zeros(3, 10)},
        {"x": (3, 10)},
        {"x": (3, 10), "scale": 2.0},
        [(3, 10), (3, 5)],
        ((3, 10), torch.zeros(5)),
        [(3, 10), None],
    ],
    ids=lambda value: str(value)[:40].replace("\n", ""),
)
def test_forms_of_input(tensor):
    assert thoplw.profile(Net(), tensor, verbose=False)[:2] == (NET_MACS, NET_PARAMS)


def test_keyword_inputs_beside_positional_ones():
    assert macs(Net(), (3, 10), kwargs={"scale": (3, 5)}) == NET_MACS
    assert macs(Net(), (), kwargs={"x": (3, 10)}) == NET_MACS
    assert macs(Net(), {"x": (3, 10)}, kwargs={"scale": torch.ones(5)}) == NET_MACS


def test_nested_inputs():
    xs = [(3, 4), torch.zeros(3, 4)]
    assert macs(Pair(), [xs, {"z": (3, 4)}]) == 3 * (3 * 4 * 2)
    assert macs(Pair(), {"xs": xs, "named": {"z": (3, 4)}, "twice": True}) == 4 * (3 * 4 * 2)
    assert macs(Pair(), [xs], kwargs={"named": {"z": (3, 4)}}) == 3 * (3 * 4 * 2)


def test_lists_of_ints_and_other_values_are_passed_on():
    class Options(nn.Module):
        def forward(self, x: torch.Tensor, sizes: Any, flags: Any, name: str) -> torch.Tensor:
            assert (sizes, flags, name) == ([7, 7], (True, None), "word")
            return nn.functional.adaptive_avg_pool2d(x, sizes)

    assert macs(Options(), [(1, 3, 8, 8), [7, 7]], kwargs={"flags": (True, None), "name": "word"}) == 0


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_a_shape_takes_the_type_of_the_weights(dtype):
    assert macs(Net().to(dtype), (3, 10)) == NET_MACS


def test_parameters_by_position_as_in_the_specification():
    assert list(inspect.signature(thoplw.profile).parameters)[:4] == ["model", "tensor", "custom_ops", "verbose"]
    assert inspect.signature(thoplw.profile).parameters["custom_ops"].default == {}
    assert inspect.signature(thoplw.profile).parameters["verbose"].default is True
    result = thoplw.profile(Net(), torch.zeros(3, 10), {}, False)
    assert type(result) is tuple
    assert [type(value) for value in result] == [int, int, thoplw.LayerInfo]


# --- custom_ops


class Mystery(nn.Module):
    """A layer whose cost only its author knows."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(4, 4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x @ self.weight


class Riddle(Mystery):
    """A subclass, which counts as its class."""


def test_custom_ops_override_a_layer_class():
    seen = []

    def count(layer: nn.Module, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> int:
        seen.append((type(layer), [tuple(x.shape) for x in inputs], tuple(output.shape)))
        return 1000 * output.numel() // output.shape[0]

    model = nn.Sequential(Mystery(), nn.Linear(4, 2), nn.Identity())
    assert macs(model, (3, 4)) == 3 * 4 * 4 + 3 * (4 * 2 + 2)
    # 1000 * 12 / 3 for the layer with its own function, the rest as ever
    assert macs(model, (3, 4), custom_ops={Mystery: count}) == 4000 + 3 * (4 * 2 + 2)
    assert seen == [(Mystery, [(3, 4)], (3, 4))]


def test_custom_ops_serve_subclasses_and_the_nearest_class_wins():
    model = nn.Sequential(Mystery(), Riddle())
    assert macs(model, (3, 4), custom_ops={Mystery: lambda layer, inputs, output: 7}) == 7 + 7
    nearest = {Mystery: lambda layer, inputs, output: 7, Riddle: lambda layer, inputs, output: 5}
    assert macs(model, (3, 4), custom_ops=nearest) == 7 + 5


def test_custom_ops_override_built_in_classes_and_what_is_inside():
    class Block(nn.Sequential):
        pass

    model = nn.Sequential(Block(nn.Linear(4, 4), nn.Linear(4, 4)), nn.Linear(4, 4, bias=False))
    assert macs(model, (2, 4), custom_ops={nn.Linear: lambda layer, inputs, output: 1}) == 3
    assert macs(model, (2, 4), custom_ops={Block: lambda layer, inputs, output: 9}) == 9 + 2 * 4 * 4


def test_custom_ops_as_users_of_thop_write_them():
    def count_linear(m: nn.Module, x: tuple[torch.Tensor, ...], y: torch.Tensor) -> int:
        x = x[0]
        return m.in_features * y.numel()

    assert macs(nn.Linear(4, 6), (2, 4), custom_ops={nn.Linear: count_linear}) == 4 * 12


def test_custom_ops_rows_add_up():
    info = thoplw.profile(Net(), (3, 10), {nn.Linear: lambda *_: 11}, verbose=False)[2]
    assert [row.macs for row in info] == [11, 11]
    assert info.macs == 22


@pytest.mark.parametrize(
    ("custom_ops", "message"),
    [
        ([nn.Linear], "custom_ops must be a dict"),
        ({"Linear": len}, "keys must be layer classes, such as torch.nn.Linear, not 'Linear'"),
        ({nn.Linear: 3}, "the value for Linear must be a function"),
        ({nn.Linear: lambda *_: -1}, "first"),
        ({nn.Linear: lambda *_: "many"}, "first"),
        ({nn.Linear: lambda *_: 1 / 0}, "first"),
    ],
)
def test_custom_ops_of_no_use(custom_ops, message):
    with pytest.raises(thoplw.Error, match=message):
        thoplw.profile(Net(), (3, 10), custom_ops)


def test_what_a_custom_function_raises_is_the_cause():
    with pytest.raises(thoplw.Error) as caught:
        thoplw.profile(Net(), (3, 10), {nn.Linear: lambda *_: 1 / 0})
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


# --- convention


def test_convention_exact():
    total, params, info = thoplw.profile(Net(), (3, 10), convention="exact", verbose=False)
    assert total == 3 * 10 * 20 + 3 * 20 * 5
    assert params == 220 + 105 + (7 * 7 + 7)  # all parameters, run or not
    assert (info.convention, info.unit) == ("exact", "MAC")


def test_unknown_convention():
    with pytest.raises(thoplw.Error, match=r"unknown convention 'exakt'; did you mean 'exact'\? known: .*exact flops"):
        thoplw.profile(Net(), (3, 10), convention="exakt")


# --- verbose and strict: tests/python/test_capture.py has the operators without a rule


def test_verbose_names_what_never_ran(capsys):
    thoplw.profile(Net(), (3, 10))
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == ["thoplw: spare never ran: it is not in the total"]
    thoplw.profile(Net(), (3, 10), verbose=False)
    assert capsys.readouterr() == ("", "")


def test_verbose_says_nothing_where_there_is_nothing_to_say(capsys):
    thoplw.profile(nn.Linear(3, 3), (1, 3))
    assert capsys.readouterr() == ("", "")


def test_strict_is_silent_where_all_is_counted():
    assert macs(Net(), (3, 10), strict=True) == NET_MACS


# --- clever_format


@pytest.mark.parametrize(
    ("values", "fmt", "text"),
    [
        (1824010216, "%.3f", "1.824 G"),
        ([1824010216, 11699112], "%.3f", ["1.824 G", "11.699 M"]),
        ((1824010216, 11699112), "%.1f", ("1.8 G", "11.7 M")),
        (1824010216, "%6.2f", "  1.82 G"),
        ([], "%.3f", []),
        (2**63, "%.2f", "9.22 E"),
        (10**15, "%.0f", "1 P"),
        (10**12, "%.0f", "1 T"),
        (1500, "%.1f", "1.5 K"),
    ],
)
def test_clever_format(values, fmt, text):
    assert thoplw.clever_format(values, fmt) == text


def test_clever_format_default():
    assert thoplw.clever_format(1824010216) == "  1.82 G"
    assert thoplw.clever_format([11699112]) == [" 11.70 M"]


@pytest.mark.parametrize(("values", "fmt"), [(1.5, "%.3f"), ("12", "%.3f"), (-1, "%.3f"), ([None], "%.3f")])
def test_clever_format_takes_counts(values, fmt):
    with pytest.raises(thoplw.Error, match="clever_format takes"):
        thoplw.clever_format(values, fmt)


@pytest.mark.parametrize("fmt", ["%d", "%s", "%.3f %.3f", "%n", "no number", "%"])
def test_clever_format_wants_a_format_of_one_number(fmt):
    with pytest.raises(thoplw.Error):
        thoplw.clever_format(1, fmt)


# --- LayerInfo


@pytest.fixture(scope="module")
def info() -> thoplw.LayerInfo:
    model = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 4 * 4, 10))
    return thoplw.profile(model, (2, 3, 4, 4))[2]


def test_iterating_gives_rows_with_named_fields(info):
    rows = list(info)
    assert [row.name for row in rows] == ["0", "1", "2", "3"]
    assert [row.cls for row in rows] == ["Conv2d", "ReLU", "Flatten", "Linear"]
    assert [row.input_shape for row in rows] == [(3, 4, 4), (8, 4, 4), (8, 4, 4), (128,)]
    assert [row.output_shape for row in rows] == [(8, 4, 4), (8, 4, 4), (128,), (10,)]
    # N * (weights * positions + bias); positions * (in * out + bias)
    assert [row.macs for row in rows] == [2 * (8 * 3 * 9 * 16 + 8), 0, 0, 2 * (128 * 10 + 10)]
    assert [row.params for row in rows] == [8 * 3 * 9 + 8, 0, 0, 128 * 10 + 10]
    assert all(row.calls == 1 and row.exact for row in rows)
    assert len(info) == 4
    assert info[0].name == "0"
    assert info[-1].name == "3"
    with pytest.raises(IndexError):
        info[4]


def test_totals(info):
    assert info.model == "Sequential"
    assert (info.convention, info.unit, info.exact) == ("thoplw", "MAC", True)
    assert info.macs == sum(row.macs for row in info)
    assert info.params == sum(row.params for row in info) == 224 + 1290
    assert (info.uncounted, info.not_run, info.notes) == ([], [], [])


def test_true_parameters_beside_the_documented_ones():
    model = nn.Sequential(nn.Conv2d(3, 8, 1, bias=False), nn.BatchNorm2d(8))
    model[0].weight.requires_grad_(False)
    info = thoplw.profile(model, (1, 3, 2, 2))[2]
    assert info.params == 24 + 4 * 8  # a batch norm's mean and variance count
    assert info.all_params == 24 + 2 * 8
    assert info.trainable_params == 2 * 8
    assert info.buffers == 8 + 8 + 1  # mean, variance and num_batches_tracked


def test_summary_kinds_hold_the_same_columns(info):
    header = ["Name", "Class", "Input shape", "Output shape", "MACs", "Params"]
    table = [[cell.strip() for cell in line.strip("|").split("|")] for line in info.summary().splitlines()]
    markdown = [[cell.strip() for cell in line.strip("|").split("|")] for line in info.summary("md").splitlines()]
    rows = list(csv.reader(io.StringIO(info.summary("csv"))))
    assert table[0] == markdown[0] == rows[0] == header
    assert [r for r in table[1:] if len(r) == 6] == [r for r in markdown[2:] if len(r) == 6] == rows[1:]


def test_str_is_the_text(info):
    assert str(info) == info.summary() == info.summary("text", "raw")


def test_json_is_json(info):
    assert json.loads(info.summary("json"))


@pytest.mark.parametrize("kind", ["text", "csv", "md", "json", "tree", "html", "svg", "folded", "dot", "mermaid"])
@pytest.mark.parametrize("fmt", ["raw", "clever", "ratio"])
def test_every_kind_in_every_format(info, kind, fmt):
    assert info.summary(kind, fmt)
    assert info.summary(kind=kind, fmt=fmt, depth=0)
    assert info.summary(kind=kind, fmt=fmt, sort="macs")


def test_sort_and_depth(info):
    names = [line[0] for line in csv.reader(io.StringIO(info.summary("csv", sort="macs")))]
    assert names[1:3] == ["0", "3"]  # 2 * 3464 over 2 * 1290
    with pytest.raises(thoplw.Error, match="did you mean"):
        info.summary(sort="mac")


def test_top_and_filter(info):
    def rows(**options: Any) -> list[list[str]]:
        return list(csv.reader(io.StringIO(info.summary("csv", **options))))[1:]

    assert [row[0] for row in rows(top=1)] == ["0", f"({len(info) - 1} others)", "Total"]
    for options in ({"top": 1}, {"filter": "Linear"}, {"filter": ["0", "Linear"], "sort": "params"}, {"filter": []}):
        lines = rows(**options)
        for column in (-2, -1):
            assert sum(int(line[column]) for line in lines[:-1]) == int(lines[-1][column])
    assert rows(filter=None, top=None) == rows() == rows(filter=[]) == rows(filter="*")
    with pytest.raises(thoplw.Error, match="top must be an int of 1 or more, or None, not 0"):
        info.summary(top=0)
    with pytest.raises(thoplw.Error, match=r"filter 'Linaer' matches neither .*; did you mean 'Linear'"):
        info.summary(filter="Linaer")
    with pytest.raises(thoplw.Error, match="filter must be a str or a list of them, not 3"):
        info.summary(filter=3)


@pytest.mark.parametrize(("name", "kind"), [("a.txt", "text"), ("a.csv", "csv"), ("a.md", "md"), ("a.json", "json")])
def test_save_goes_by_suffix(info, tmp_path, name, kind):
    info.save(tmp_path / name)
    assert (tmp_path / name).read_text().strip() == info.summary(kind).strip()


def test_save_options(info, tmp_path):
    info.save(str(tmp_path / "a.txt"), kind="md", fmt="clever")
    assert (tmp_path / "a.txt").read_text().strip() == info.summary("md", "clever").strip()
    with pytest.raises(thoplw.Error, match=r"a\.xyz"):
        info.save(tmp_path / "a.xyz")
    with pytest.raises(thoplw.Error, match="nowhere"):
        info.save(tmp_path / "nowhere" / "a.csv")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "txt"}, "unknown .*'txt'; did you mean 'text'"),
        ({"kind": "markdown"}, "unknown .*'markdown'"),
        ({"fmt": "cleverer"}, "unknown .*'cleverer'; did you mean 'clever'"),
        ({"kind": "jsn"}, "did you mean 'json'"),
    ],
)
def test_unknown_kind_and_format(info, options, message):
    with pytest.raises(thoplw.Error, match=message):
        info.summary(**options)


# --- errors


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("resnet18", "model is of type str, but must be a torch.nn.Module"),
        (None, "model is of type NoneType"),
        (Net, r"model is Net, not a torch.nn.Module; if calling it makes one, pass Net\(\)"),
        (torch.relu, "model is relu"),
    ],
)
def test_not_a_module(model, message):
    with pytest.raises(thoplw.Error, match=message):
        thoplw.profile(model, (3, 10))


@pytest.mark.parametrize(
    ("tensor", "message"),
    [
        (None, "tensor is None, but must be a tensor, a shape such as"),
        (3, "tensor is of type int"),
        ("1x3", "tensor is of type str"),
        ((3, -10), r"the shape \(3, -10\) has a negative size"),
        ({3: (3, 10)}, "must be strings"),
    ],
)
def test_inputs_of_no_use(tensor, message):
    with pytest.raises(thoplw.Error, match=message):
        thoplw.profile(Net(), tensor)


def test_numpy_gets_its_cure():
    numpy = pytest.importorskip("numpy")
    with pytest.raises(thoplw.Error, match=r"ndarray.*torch.from_numpy"):
        thoplw.profile(Net(), numpy.zeros((3, 10)))


def test_an_input_given_twice():
    with pytest.raises(thoplw.Error, match="input 'x' is given both"):
        thoplw.profile(Net(), {"x": (3, 10)}, kwargs={"x": (3, 10)})


@pytest.mark.parametrize("tensor", [(3, 11), [(3, 10), (3, 10), (3, 10)], {"y": (3, 10)}, ()])
def test_inputs_that_do_not_fit_leave_the_cause(tensor):
    with pytest.raises(thoplw.Error) as caught:
        thoplw.profile(Net(), tensor)
    assert isinstance(caught.value.__cause__, Exception)
    assert not isinstance(caught.value.__cause__, thoplw.Error)


def test_shapes_that_do_not_fit_name_the_layer():
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Sequential(nn.Conv2d(4, 8, 3)))
    with pytest.raises(thoplw.Error, match=r"^1\.0 \(Conv2d\): .*4 channels.*got 8 channels.*check that it fits"):
        thoplw.profile(model, (1, 3, 8, 8))
    net = Net()
    net.second = nn.Linear(21, 5)
    with pytest.raises(thoplw.Error, match=r"^second \(Linear\): .*3x20 and 21x5"):
        thoplw.profile(net, (3, 10))


class Fails(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        raise KeyError("of the user")


def test_a_forward_that_raises_keeps_its_traceback():
    model = nn.Sequential(nn.Identity(), nn.Sequential(Fails()))
    with pytest.raises(thoplw.Error, match=r"^1\.0 \(Fails\): KeyError.*of the user") as caught:
        thoplw.profile(model, (3, 10))
    cause = caught.value.__cause__
    assert isinstance(cause, KeyError)
    lines = []
    trace = cause.__traceback__
    while trace:
        lines.append(trace.tb_frame.f_code.co_name)
        trace = trace.tb_next
    assert lines[-1] == "forward"


def test_error_is_a_value_error():
    assert issubclass(thoplw.Error, ValueError)
    assert thoplw.Error.__module__ == "thoplw"


# --- the package


def test_import_is_light():
    code = "import sys; import thoplw; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    heavy = {"torch", "torchvision", "transformers", "numpy", "pandas", "matplotlib"}
    slow = {"ast", "asyncio", "dataclasses", "email", "inspect", "json", "multiprocessing", "pathlib", "subprocess"}
    assert (heavy | slow).isdisjoint(loaded)


def test_public_names():
    functions = [
        "as_is",
        "clever_format",
        "compare",
        "devices",
        "diff",
        "formula",
        "llm",
        "load",
        "memory",
        "plot",
        "profile",
        "sweep",
        "training",
    ]
    assert thoplw.__all__ == [
        "Comparison",
        "Device",
        "Diff",
        "Error",
        "Formula",
        "Formulas",
        "LayerInfo",
        "Llm",
        "MemoryInfo",
        "Sweep",
        "Timing",
        "__version__",
        *functions,
    ]
    assert all(getattr(thoplw, name) is not None for name in thoplw.__all__)
    assert thoplw.__version__.count(".") == 2
    with pytest.raises(AttributeError):
        thoplw.profle  # noqa: B018


PUBLIC = [thoplw, *(getattr(thoplw, name) for name in thoplw.__all__ if name != "__version__")]


@pytest.mark.parametrize("what", PUBLIC)
def test_docstrings(what):
    assert what.__doc__
    assert len(what.__doc__) > 40


@pytest.mark.parametrize("name", ["summary", "save", "to_dict", "to_pandas", "plot"])
def test_methods_have_docstrings(name):
    assert getattr(thoplw.LayerInfo, name).__doc__.strip().count("\n") > 2


def test_profile_documents_its_arguments():
    text = inspect.getdoc(thoplw.profile)
    for name in inspect.signature(thoplw.profile).parameters:
        assert f"\n    {name}:" in text
    for word in ("Returns:", "Raises:", "shape", "multiply-adds"):
        assert word in text


def test_the_happy_path_of_the_face_is_cheap():
    from timeit import repeat

    from thoplw._inputs import arguments

    model, tensor = Net(), torch.zeros(3, 10)
    assert min(repeat(lambda: arguments(model, tensor, None), number=1000, repeat=5)) / 1000 < 20e-6

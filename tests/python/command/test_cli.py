"""The command as a user runs it: in a process of its own, on real torchvision and timm models and on files."""

from __future__ import annotations

import csv
import io
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
from importlib import metadata
from pathlib import Path

import pytest

import thoplw as thoplw_package
from in_process import in_process

torchvision = pytest.importorskip("torchvision")

DATA = Path(__file__).parents[2] / "data"
# The command that was built by CMake, where make has done so.
NATIVE = shutil.which("thoplw", path=DATA.parents[1] / "build" / "release")


def thoplw(*args: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "thoplw", *args], capture_output=True, text=True, cwd=cwd, timeout=300)


MODULE = '''
"""Models for the tests of the command."""
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self, width=4, bias=True, name="net"):
        super().__init__()
        assert isinstance(name, str)
        self.fc = nn.Linear(3, width, bias=bias)
    def forward(self, x):
        return self.fc(x)

class Tokens(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(10, 4)
        self.fc = nn.Linear(4, 2)
    def forward(self, ids, mask):
        assert ids.dtype == torch.int64 and mask.dtype == torch.bool
        return self.fc(self.embed(ids)) * mask.unsqueeze(-1)

class Values(nn.Module):
    """Reads its own weights while it is built."""
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 4)
        self.size = float(self.fc.weight.detach().abs().max())
    def forward(self, x):
        return self.fc(x)

class Schedule(nn.Module):
    """Computes with values, but not with those of weights."""
    def __init__(self):
        super().__init__()
        self.fcs = nn.ModuleList(nn.Linear(int(n), int(n)) for n in torch.linspace(3, 3, 2))
        self.fcs[1].weight = self.fcs[0].weight
    def forward(self, x):
        return self.fcs[1](self.fcs[0](x))

class Padded(nn.Module):
    """Looks at a buffer when it runs."""
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3 + 2, 4)
        self.register_buffer("padding", torch.tensor(2))
    def forward(self, x):
        return self.fc(nn.functional.pad(x, (int(self.padding), 0)))

class Gated(nn.Module):
    """Looks at what its weights make."""
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 3)
    def forward(self, x):
        return self.fc(x) if self.fc(x).sum() > 0 else x

class Unknown(nn.Module):
    def forward(self, x):
        return torch.linalg.matrix_exp(x @ x.T)

class Broken(nn.Module):
    def __init__(self):
        super().__init__()
        raise RuntimeError("cannot be made")

made = Net(5)
number = 3
'''


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models")
    (path / "nets.py").write_text(textwrap.dedent(MODULE))
    (path / "wrong.py").write_text("import no_such_package\n")
    return path


# --- in a process of its own


def test_resnet18_prints_the_table():
    run = thoplw("torchvision:resnet18")
    assert run.returncode == 0
    assert run.stderr == ""
    lines = run.stdout.splitlines()
    assert lines[0].startswith("| Name                  | Class             | Input shape    | Output shape   |")
    assert lines[-1].endswith(
        "| Total                 | ResNet            | 3 x 224 x 224  | 1000           | 1824010216 | 11699112 |"
    )
    assert run.stdout.endswith("|\n")
    assert len(lines) == 52 + 4


def test_help_and_version_need_no_torch():
    code = (
        "import sys; sys.modules['torch'] = None; sys.argv = ['thoplw', {!r}];from thoplw.__main__ import main; main()"
    )
    for flag, start in (
        ("--help", "What a PyTorch model costs"),
        ("--version", "thoplw "),
    ):
        run = subprocess.run([sys.executable, "-c", code.format(flag)], capture_output=True, text=True)
        assert (run.returncode, run.stderr) == (0, "")
        assert run.stdout.startswith(start)


def test_the_version_says_what_it_runs_with_and_imports_nothing_for_it():
    code = (
        "import sys; sys.modules['torch'] = None; sys.argv = ['thoplw', '-V'];from thoplw.__main__ import main; main()"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    first, built, rest = run.stdout.splitlines()
    assert first == f"thoplw {metadata.version('thoplw')}"
    assert re.fullmatch(r"built by .* \d+\.\d+.*", built)
    assert rest.startswith(f"Python {platform.python_version()}, torch {metadata.version('torch')}, torchvision ")
    assert rest.endswith("; installed in " + str(Path(thoplw_package.__file__).parent))


def test_a_model_comes_by_standard_input():
    """Of each format, and a saved report; it leaves nothing behind."""
    before = set(Path(tempfile.gettempdir()).glob("thoplw-*"))
    for file in ("net-2.13.pt2", "net-exported-2.10.onnx"):
        data = (DATA / "samples" / file).read_bytes()
        piped = subprocess.run([sys.executable, "-m", "thoplw", "-", "-k", "json"], input=data, capture_output=True)
        named = thoplw(str(DATA / "samples" / file), "-k", "json")
        assert (piped.returncode, piped.stdout.decode()) == (0, named.stdout)
        again = subprocess.run(
            [sys.executable, "-m", "thoplw", "-", "-k", "json"], input=piped.stdout, capture_output=True
        )
        assert again.stdout == piped.stdout
    nothing = subprocess.run([sys.executable, "-m", "thoplw", "-"], stdin=subprocess.DEVNULL, capture_output=True)
    assert (nothing.returncode, nothing.stderr[:30]) == (2, b"thoplw: stdin: nothing came; g")
    assert set(Path(tempfile.gettempdir()).glob("thoplw-*")) == before


def test_errors_go_to_stderr_and_exit_with_2():
    run = thoplw("torchvision:resnt18")
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr == "thoplw: torchvision has no model 'resnt18'; did you mean 'resnet18'?\n"


def test_a_closed_pipe_is_no_error(folder):
    command = f"{sys.executable} -m thoplw torchvision:densenet201; echo $? >&2"
    run = subprocess.run(["sh", "-c", f"({command}) | head -n 1"], capture_output=True, text=True)
    assert run.stdout.startswith("| Name ")
    assert run.stderr == "0\n"


@pytest.mark.parametrize("command", [f"{sys.executable} -m thoplw", NATIVE], ids=["python", "native"])
def test_output_that_cannot_be_written_is_one_error(command):
    """Each says its true reason. What a file says needs no stdout, and a complaint no stderr."""
    if not command:
        pytest.skip("the native command is not built")
    net, full = DATA / "samples" / "net-2.13.pt2", "thoplw: cannot write the output: No space left on device\n"
    closed = "thoplw: cannot write the output: stdout is closed\n"
    for line, code, said in (
        (f"{net} > /dev/full", 2, full),
        (f"{net} {net} -k json > /dev/full", 2, full),
        ("--help > /dev/full", 2, full),
        (f"{net} -k csv -o /dev/full", 2, "thoplw: cannot write '/dev/full': No space left on device\n"),
        (f"{net} >&-", 2, closed),
        (f"{net} <&- >&-", 2, closed),
        ("--version >&-", 2, closed),
        (f"{net} -k csv -o /dev/null >&-", 0, ""),
        (f"{net} >&- 2>&-", 2, ""),
        (f"{net} 1</dev/null", 2, closed),
    ):
        run = subprocess.run(["sh", "-c", f"exec {command} {line}"], capture_output=True, text=True)
        assert (run.returncode, run.stdout, run.stderr) == (code, "", said), line


def test_text_that_has_no_such_encoding_says_so():
    run = subprocess.run(
        [sys.executable, "-m", "thoplw", DATA / "samples" / "net-2.13.pt2", "--kind", "tree"],
        capture_output=True, text=True, env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )  # fmt: skip
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.startswith("thoplw: cannot write the output: UnicodeEncodeError: 'ascii' codec can't encode")
    assert run.stderr.endswith("; set PYTHONIOENCODING=utf-8\n")
    assert run.stderr.count("\n") == 1


def test_a_module_of_the_current_folder(folder):
    run = thoplw("nets:Net", "--input", "2x3", "--kind", "csv", cwd=folder)
    assert (run.returncode, run.stderr) == (0, "")
    assert "fc,Linear,3,4," in run.stdout


# --- what a model can be


def test_where_models_come_from(folder):
    for model, total in ((f"{folder}/nets.py:Net", 16), (f"{folder}/nets.py:made", 20), ("torch.nn:Identity", 0)):
        code, out, err = in_process(model, "--input", "1x3", "--kind", "json")
        assert (code, err) == (0, "")
        assert json.loads(out)
        assert f"{total}" in out


def test_timm():
    pytest.importorskip("timm")
    code, out, err = in_process("timm:resnet18", "--kind", "csv", "--depth", "0")
    assert (code, err) == (0, "")
    assert out.splitlines()[-1].startswith("Total,ResNet,3 x 224 x 224,1000,18")
    code, out, err = in_process("timm:resnet18", "--set", "num_classes=7", "--kind", "csv")
    assert ",Linear,512,7,3591,3591" in out  # 512 * 7 + 7
    code, _, err = in_process("timm:resnet18x")
    assert (code, err) == (2, "thoplw: timm has no model 'resnet18x'; did you mean 'resnet18'?\n")


@pytest.mark.parametrize(
    ("model", "shape"),
    [
        ("resnet18", "3 x 224 x 224"),
        ("inception_v3", "3 x 299 x 299"),
        ("vit_h_14", "3 x 224 x 224"),
        ("efficientnet_b1", "3 x 240 x 240"),
        ("regnet_y_400mf", "3 x 224 x 224"),
    ],
)
def test_default_inputs(model, shape):
    code, out, err = in_process(f"torchvision:{model}", "--kind", "csv", "--depth", "0")
    assert (code, err) == (0, "")
    assert out.splitlines()[-1].split(",")[2] == shape


def test_models_are_built_without_weights(folder):
    import resource

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    code, out, _ = in_process("torchvision:regnet_y_128gf", "--kind", "csv", "--depth", "0")
    assert code == 0
    assert out.splitlines()[-1].split(",")[1] == "RegNet"
    # 645 M parameters would be 2.5 GB; ru_maxrss is in KB
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000


def test_set_gives_arguments(folder):
    net = f"{folder}/nets.py:Net"
    _, out, _ = in_process(net, "--input", "1x3", "--kind", "csv", "--set", "width=7", "--set", "bias=False")
    assert "fc,Linear,3,7,21,21" in out  # 3 * 7
    assert in_process(net, "--input", "1x3", "--set", "name=a word")[0] == 0
    code, _, err = in_process(net, "--input", "1x3", "--set", "widht=7")
    assert code == 2
    assert "TypeError" in err
    assert "widht" in err


def test_inputs_with_types(folder):
    code, out, err = in_process(
        f"{folder}/nets.py:Tokens", "--input", "2x5:i64", "--input", "2x5:bool", "--kind", "csv"
    )
    assert (code, err) == (0, "")
    assert "fc,Linear,5 x 4,5 x 2,100,10" in out  # 2 * 5 * (4 * 2 + 2)


@pytest.mark.parametrize(("name", "total"), [("Values", 16), ("Schedule", 2 * 12)])
def test_constructors_that_compute_with_values(folder, name, total):
    code, out, err = in_process(f"{folder}/nets.py:{name}", "--input", "1x3", "--kind", "csv")
    assert (code, err) == (0, "")
    assert out.splitlines()[-1].split(",")[4] == str(total)


def test_values_of_buffers(folder):
    code, out, err = in_process(f"{folder}/nets.py:Padded", "--input", "1x3", "--kind", "csv")
    assert (code, err) == (0, "")
    assert out.splitlines()[-1].split(",")[4] == str(5 * 4 + 4)  # the bias too, which this convention counts
    code, _, err = in_process(f"{folder}/nets.py:Gated", "--input", "1x3")
    assert code == 2
    assert "the model looks at values of a tensor" in err


def test_tied_weights_stay_tied_while_they_move_to_meta(folder):
    _, out, _ = in_process(f"{folder}/nets.py:Schedule", "--input", "1x3", "--kind", "csv", "--convention", "exact")
    assert out.splitlines()[-1].split(",")[5] == str(3 * 3 + 2 * 3)


# --- what is printed


def test_several_models_and_progress():
    models = ["torchvision:alexnet", "torchvision:resnet18"]
    code, out, err = in_process(*models, "--kind", "json", terminal=True)
    assert code == 0
    assert len(json.loads(out)) == 2
    assert re.search(r"\[1/2\] ┄+ torchvision:alexnet", err)
    assert re.search(r"\[2/2\] ━+┄+ torchvision:resnet18", err)
    assert in_process(*models)[2] == ""
    assert in_process(models[0], terminal=True)[2] == ""


def test_one_bad_model_does_not_stop_the_others():
    code, out, err = in_process("torchvision:alexnt", "torchvision:alexnet", "--kind", "csv")
    assert code == 2
    assert "61100840" in out
    assert "did you mean 'alexnet'" in err


def test_output_file_goes_by_suffix(tmp_path):
    for suffix, start in (("csv", "Name,"), ("md", "| Name"), ("txt", "| Name  "), ("json", "{")):
        path = tmp_path / f"table.{suffix}"
        assert in_process("torchvision:alexnet", "-o", str(path)) == (0, "", "")
        assert path.read_text().startswith(start)
    assert in_process("torchvision:alexnet", "-o", str(tmp_path / "no" / "table.csv"))[0] == 2


def test_sort_and_formats():
    _, out, _ = in_process("torchvision:alexnet", "--kind", "csv", "--sort", "macs")
    counts = [int(row[4]) for row in list(csv.reader(io.StringIO(out)))[1:-1]]
    assert counts == sorted(counts, reverse=True)
    assert " 714.22 M" in in_process("torchvision:alexnet", "--fmt", "clever")[1]
    assert "%" in in_process("torchvision:alexnet", "--fmt", "ratio")[1]


def test_strict_exits_with_1(folder):
    model = f"{folder}/nets.py:Unknown"
    assert in_process(model, "--input", "1x3")[0] == 0
    code, out, err = in_process(model, "--input", "1x3", "--strict")
    assert code == 1
    assert "linalg_matrix_exp" in out
    assert "linalg_matrix_exp" in err


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((), "no MODEL is given"),
        (("--kindd", "csv"), "unknown flag '--kindd'; did you mean '--kind'?"),
        (("torchvision:alexnet", "--kind", "csvv"), "did you mean 'csv'?"),
        (("torchvision:alexnet", "--fmt", "cleverer"), "did you mean 'clever'?"),
        (("torchvision:alexnet", "--convention", "exac"), "did you mean 'exact'?"),
        (("torchvision:alexnet", "--sort", "mac"), "did you mean 'macs'?"),
        (("torchvision:alexnet", "--input", "1x3x224xx"), "1x3x224xx"),
        (("torchvision:alexnet", "--input", "1x3:f33"), "f33"),
        (("torchvision:alexnet", "--set", "width"), "is not key=value"),
        (("torchvision:alexnet", "--input", "1x4x224x224"), "features.0 (Conv2d): "),
        (("torchvision:alexnet", "-o", "table.xyz"), "table.xyz"),
        (("torchvision:raft_small",), "give --input"),
        (("resnet18",), "did you mean torchvision:resnet18 or timm:resnet18?"),
        (("timm:resnet18", "--set", "pretrained=True"), "--set pretrained=True would download weights"),
        (("torchvision:resnet18", "--set", "weights=DEFAULT"), "--set weights=DEFAULT would download weights"),
        (("resnet0",), "model 'resnet0' does not say where it comes from: write torchvision:NAME, timm:NAME"),
        (
            ("torchvision:resnet18", "-i", "224"),
            "check that it fits the model; an image has four sizes, such as 1x3x224x224",
        ),
        ((":resnet18",), "does not say where it comes from"),
        (("no_such_module:Net",), "no module named 'no_such_module'"),
        (("torch.nn:Linaer",), "torch.nn has no 'Linaer'; did you mean 'Linear'?"),
        (("torch:float32",), "is of type dtype; it must be a class or function that makes a model"),
        (("torch.nn:Linear",), "Linear.__init__() missing"),
        (("torch:zeros", "--set", "size=(1,)"), "made a Tensor, not a torch.nn.Module"),
        (("{folder}/none.py:Net",), "none.py: no such file"),
        (("{folder}/wrong.py:Net",), "wrong.py: ModuleNotFoundError: No module named 'no_such_package'"),
        (("{folder}/nets.py:Nets",), "has no 'Nets'; did you mean 'Net'?"),
        (("{folder}/nets.py:Net",), "give --input"),
        (("{folder}/nets.py:number",), "is of type int"),
        (("{folder}/nets.py:Broken",), "RuntimeError: cannot be made"),
    ],
)
def test_errors(folder, args, message):
    code, out, err = in_process(*[arg.replace("{folder}", str(folder)) for arg in args])
    assert (code, out) == (2, "")
    assert err.startswith("thoplw: ")
    assert message in err
    assert err.count("\n") == 1
    assert "Traceback" not in err

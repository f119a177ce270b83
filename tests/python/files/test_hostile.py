"""Files and names that mean harm: bounded time and memory, one error at most, and no text that does anything."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
import unicodedata
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

import thoplw
from hostile_files import ATTACKS, CONVENTIONS
from in_process import in_process
from thoplw import _native

MEMORY = 200 << 20
TIMES_THE_FILE = 50
KINDS = ("csv", "dot", "folded", "html", "json", "md", "mermaid", "svg", "text", "tree")


@dataclass
class Ended:
    code: int
    out: str
    err: str
    memory: int


# A process of its own between: what a process had in memory before exec counts for the one that it becomes.
LIMITER = """
import json, os, resource, subprocess, sys
def limits():
    resource.setrlimit(resource.RLIMIT_CPU, (10, 10))
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
with open(sys.argv[1], "wb") as out, open(sys.argv[2], "wb") as err:
    code = subprocess.call(sys.argv[3:], stdout=out, stderr=err, preexec_fn=limits)
print(json.dumps([code, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss << 10]))
"""


def limited(tmp_path: Path, *args: str | Path) -> Ended:
    """The command, which the system ends where it computes too long."""
    files = tmp_path / "out", tmp_path / "err"
    command = [sys.executable, "-S", "-c", LIMITER, *files, sys.executable, "-m", "thoplw", *args]
    code, memory = json.loads(subprocess.run(command, capture_output=True, check=True, timeout=300).stdout)
    return Ended(code, files[0].read_text(errors="replace"), files[1].read_text(errors="replace"), memory)


def check_ended(run: Ended, size: int) -> None:
    assert run.code in (0, 2), (run.code, run.err[-2000:])
    assert run.memory < MEMORY + TIMES_THE_FILE * size, (run.memory >> 20, size)
    assert all(line.startswith("thoplw: ") for line in run.err.splitlines())
    assert all(len(line.encode()) < 4000 for line in run.err.splitlines())
    if run.code == 2:
        assert run.out == ""
        assert len(run.err.splitlines()) == 1, run.err[:2000]


@pytest.mark.parametrize("name", ATTACKS)
def test_files_that_ask_for_too_much(name, tmp_path):
    path = tmp_path / name
    path.write_bytes(ATTACKS[name]())
    size = path.stat().st_size
    run = limited(tmp_path, path)
    check_ended(run, size)
    if run.code == 0:
        for kind in ("tree", "html", "svg"):
            check_ended(limited(tmp_path, path, "-k", kind), size)


@pytest.mark.parametrize("name", CONVENTIONS)
def test_conventions_that_ask_for_too_much(name, tmp_path):
    path = tmp_path / name
    path.write_bytes(CONVENTIONS[name]())
    run = limited(tmp_path, Path(__file__).parents[2] / "data" / "net.safetensors", "--convention", path)
    check_ended(run, path.stat().st_size)
    assert run.code == 2
    assert run.err.startswith(f"thoplw: {path}:1: ")


@pytest.mark.parametrize("suffix", [".onnx", ".pt2", ".json", ".trace", ".safetensors", ".toml", ""])
def test_pipes_keep_nobody_waiting(suffix, tmp_path):
    path = tmp_path / f"pipe{suffix}"
    os.mkfifo(path)
    args = (
        [Path(__file__).parents[2] / "data" / "net.safetensors", "--convention", path] if suffix == ".toml" else [path]
    )
    run = limited(tmp_path, *args)
    check_ended(run, 0)
    assert run.code == 2


def test_a_count_that_leaves_64_bits_names_the_file(tmp_path):
    path = tmp_path / "large.onnx"
    path.write_bytes(ATTACKS["a product of 2^90.onnx"]())
    said = rf"{re.escape(str(path))}: .*the count exceeds 2\^64"
    with pytest.raises(thoplw.Error, match=said):
        thoplw.load(path)
    assert re.match(f"thoplw: {said}", limited(tmp_path, path).err)


@pytest.mark.parametrize("path", [3, None, "a\0b.onnx", [Path("x.onnx")]])
def test_what_is_no_path_is_an_error(path):
    with pytest.raises(thoplw.Error, match="path must be the path of a file"):
        thoplw.load(path)


@pytest.mark.parametrize("path", [b"\xff.onnx", "\udcff.onnx"])
def test_names_of_files_need_not_be_text(path):
    with pytest.raises(thoplw.Error, match=r"\\xff\.onnx: No such file"):
        thoplw.load(path)


def test_paths_may_be_bytes():
    path = Path(__file__).parents[2] / "data" / "net.safetensors"
    assert thoplw.load(os.fsencode(path), verbose=False).params == thoplw.load(path, verbose=False).params


# Names that would colour, move, forge, turn or run.
NAMES = (
    "\x1b[2J\x1b]0;title\x07",
    "\x9b31m",
    'a\nthoplw: forged\nclick m0 href "javascript:alert(1)"',
    "\r| Total | forged |",
    "\u202eexe.txt\u2066\u200f",
    '"]; n0 -> n1; "',
    "<script>alert(1)</script>--><img src=x onerror=alert(1)>",
    "](javascript:alert(1)) ![x](http://e.com/x) `|` **b**",
    '=HYPERLINK("http://e.com")',
    "+1+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(1)",
    "'); DROP TABLE x; --",
    "#quot;]:::s0; %%{init: {}}%%",
)


def hostile_trace(name: str) -> str:
    """A model whose every name is this one: an operator without a rule, a class, two modules, a parameter, a note."""
    text, inner = json.dumps(name), json.dumps(f"m.{name}")
    return f"""thoplw trace 1
model {text}
source {text}
note {text}
class {text}
class "torch.nn.Linear"
module "" {text}
module "m" {text}
module {inner} "torch.nn.Linear"
module {json.dumps(f"never {name}")} "torch.nn.Linear"
param {json.dumps(f"never {name}.weight")} %2:f32[4,4] trainable
param {json.dumps(f"m.{name}.weight")} %1:f32[4,4] trainable
call "" (%0:f32[2,4]) -> (%4:f32[2,4]) {{
call "m" (%0:f32[2,4]) -> (%4:f32[2,4]) {{
call {inner} (%0:f32[2,4]) -> (%3:f32[2,4]) {{
aten::linear(%0:f32[2,4], %1:f32[4,4]) -> %3:f32[2,4]
}}
{text}(%3:f32[2,4]) -> %4:f32[2,4]
}}
}}
"""


def check_harmless(text: str) -> None:
    bad = {c for c in text if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")}
    assert not bad, bad
    for line in text.splitlines():
        assert not line.startswith(("thoplw: forged", "click", "| Total | forged")), line


@pytest.fixture(params=range(len(NAMES)), ids=[re.sub(r"\W+", " ", name).strip() or "bidi" for name in NAMES])
def hostile(request, tmp_path):
    """A name, and a file that is full of it."""
    path = tmp_path / "net.trace"
    path.write_text(hostile_trace(NAMES[request.param]))
    return NAMES[request.param], path


def test_no_way_out_does_what_a_name_says(hostile, capsys, tmp_path):
    name, path = hostile
    info = thoplw.load(path)
    check_harmless(capsys.readouterr().err)
    assert info.macs == 2 * 4 * 4
    assert not info.exact
    for text in (repr(info), repr(list(info)), repr(info.uncounted), *info.notes, str(info)):
        check_harmless(text)
    assert info.uncounted[0].op == name
    for kind in KINDS:
        check_harmless(info.summary(kind))
        check_harmless(info.summary(kind, "ratio"))
    with pytest.raises(thoplw.Error) as refused:
        thoplw.load(path, strict=True)
    check_harmless(str(refused.value))
    check_harmless(_native.load(str(path), {}).text())

    saved = tmp_path / "net.json"
    info.save(saved)
    again = thoplw.load(saved, verbose=False)
    assert [row.name for row in again] == [row.name for row in info]
    for args in (["--strict"], ["--strict", "-k", "tree"], ["--sort", "params"], ["--filter", f"*{name}"]):
        code, out, err = in_process(str(path), *args)
        assert code in (0, 1), err
        check_harmless(out + err)
    convention = tmp_path / "own.toml"
    convention.write_text(f'base = "exact"\nname = {json.dumps("c" + name)}\n')
    for args in (
        ["compare", str(path), "--convention", str(convention)],
        ["diff", str(path), str(saved)],
        ["check", str(path), "--max-macs", "1", "--strict"],
        [str(path), str(saved)],
        [str(path), name],
        [str(path), "--filter", name + "?"],
        [name],
        [str(path), "--convention", name],
    ):
        _, out, err = in_process(*args)
        check_harmless(out + err)
    for kind in KINDS:
        check_harmless(in_process(str(path), "--convention", str(convention), "-k", kind)[1])


def test_cells_are_no_formulas(hostile, tmp_path):
    _, path = hostile
    saved = tmp_path / "net.json"
    thoplw.load(path, verbose=False).save(saved)
    for args in ([str(path)], [str(path), str(saved)], ["diff", str(path), str(saved)], ["compare", str(path)]):
        _, out, _ = in_process(*args, "-k", "csv")
        cells = [cell for record in csv.reader(io.StringIO(out)) for cell in record]
        assert cells
        for cell in cells:
            assert not re.match(r"[=@\t\r]|[+-](?!\d+$|[\d.]+ ?%$|$)", cell), cell


def test_data_is_as_the_model_names_it(hostile):
    """Names are spelt out where they are shown; programs get them as they are."""
    name, path = hostile
    info = thoplw.load(path, verbose=False)
    assert info.model == name
    rows = json.loads(info.summary("json"))["rows"]
    assert {row["name"] for row in rows} >= {"m", f"m.{name}"}
    assert f"m.{name}" in [row.name for row in info]


class NotInitialised(torch.nn.Module):
    def __init__(self) -> None:
        pass


class HoldsOne(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(2, 2)
        self.linear.odd = NotInitialised()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.linear(x)


@pytest.mark.parametrize(
    ("run", "said"),
    [
        (lambda: thoplw.profile(NotInitialised(), (1, 2)), r"the model is a NotInitialised .*super\(\).__init__"),
        (lambda: thoplw.profile(HoldsOne(), (1, 2)), r"linear\.odd is a NotInitialised"),
        (lambda: thoplw.compare(HoldsOne(), (1, 2)), r"linear\.odd is a NotInitialised"),
        *((lambda size=size: thoplw.profile(torch.nn.Linear(2, 2), (size, 2)), "too large") for size in (2**61, 2**63)),
        (lambda: thoplw.profile(torch.nn.Linear(2, 2), [(10**30, 2)]), "too large"),
        (lambda: thoplw.profile(torch.nn.Conv2d(3, 3, 3), (1, 3, 2**31, 2**31)), "too large"),
        (lambda: thoplw.profile(torch.nn.Linear(2, 2), (1, 2), convention=b"exact"), "convention must be a str, not b"),
        (lambda: thoplw.profile(torch.nn.Linear(2, 2), (1, 2), kwargs=[("x", 1)]), "kwargs must be a dict"),
        (lambda: thoplw.profile(torch.nn.Linear(2, 2), (1, 2))[2].save(3), "path"),
    ],
)
def test_what_is_wrong_is_one_kind_of_error(run, said):
    with pytest.raises(thoplw.Error, match=said):
        run()


def test_reports_are_saved_under_any_name(tmp_path):
    info = thoplw.profile(torch.nn.Linear(2, 2), (1, 2))[2]
    for path in (os.fsencode(tmp_path / "a.json"), tmp_path / "\udcff.json"):
        info.save(path)
        assert thoplw.load(path).macs == info.macs

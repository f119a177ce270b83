"""What is kept of models that were opened before: that it says the same, and that it is forgotten in time."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from thoplw import Error, _cache, _environment, _models, _native

BERT = ("transformers:BertModel", "--set", "num_hidden_layers=2", "--set", "hidden_size=48", "--set", "vocab_size=100")
RESNET = "torchvision:resnet18"
ASKED = (RESNET, [], [], (0, 0, 0), "cost", "", False)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache of the test, with nothing on the path but what is installed."""
    place = tmp_path / "cache"
    monkeypatch.setenv("THOPLW_CACHE", str(place))
    monkeypatch.setattr(sys, "path", [path for path in sys.path if "site-packages" in path or "lib/python" in path])
    monkeypatch.setattr(_cache, "_room", None)
    _environment.fingerprint.cache_clear()
    _environment.version_of.cache_clear()
    return place


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The models that were really opened since the test began."""
    names: list[str] = []
    really = _models.open_model

    def open_model(name, *request):
        names.append(name)
        return really(name, *request)

    monkeypatch.setattr(_models, "open_model", open_model)
    return names


def run(*args: str, opener: Callable = _cache.open_model) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    code = _native.run_command_line(list(args), opener, out, err, cache=_cache)
    return code, out.getvalue(), err.getvalue()


def entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


# --- the same answer


@pytest.mark.parametrize(
    ("models", "args"),
    [
        ((RESNET,), ["--kind", "text"]),
        ((RESNET,), ["--kind", "html"]),
        ((RESNET,), ["--kind", "json"]),
        (("torchvision:shufflenet_v2_x0_5",), ["--kind", "tree", "--columns", "name,macs,traffic"]),
        (("timm:vit_tiny_patch16_224",), ["--kind", "csv"]),
        (BERT, ["--by", "operator"]),
        (("torchvision:googlenet",), ["train", "--batch", "4", "--precision", "amp-bf16"]),
        ((RESNET,), ["memory", "--batch", "2"]),
        ((RESNET,), ["fit", "--memory", "1G", "--vary", "image"]),
        ((RESNET,), ["formula", "--vary", "batch"]),
        ((RESNET, "torchvision:alexnet"), ["diff"]),
        ((RESNET,), ["compare", "--with", "fvcore,thop"]),
        ((RESNET,), ["check", "--max-macs", "1G"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_the_second_time_says_the_same(folder, opened, models, args):
    command = [*args, *models] if not args[0].startswith("-") else [*models, *args]
    plain = run(*command, opener=_models.open_model)
    assert plain[0] in (0, 1), plain
    opened.clear()
    assert run(*command) == plain
    assert opened
    assert entries(folder)
    opened.clear()
    assert run(*command) == plain
    assert not opened


def test_notes_are_kept_and_errors_are_not(folder, opened):
    """A model that looks at values says so each time; one that cannot be built fails each time."""
    for command in (["timm:resnet18", "--set", "nonsense=1"], ["torchvision:resnet81"], [RESNET, "--input", "1x2x8x8"]):
        first, second = run(*command), run(*command)
        assert first == second
        assert first[0] == 2
    assert not entries(folder)
    kept = _models.open_model("torchvision:alexnet", [], [])
    noted = _native.Trace.parse(kept.text().replace("\n", '\nnote "as seen"\n', 1))
    assert noted.notes == ["as seen"]
    _cache._keep("key", noted.text())
    assert _native.Trace.parse(_cache._read("key")).notes == ["as seen"]


def test_nothing_is_imported_the_second_time(folder):
    def command() -> subprocess.CompletedProcess[str]:
        args = [sys.executable, "-X", "importtime", "-P", "-m", "thoplw", RESNET]
        args = [arg for arg in args if arg != "-P" or sys.version_info >= (3, 11)]
        return subprocess.run(args, capture_output=True, text=True, timeout=300, cwd="/", env={**os.environ})

    first, second = command(), command()
    assert first.stdout == second.stdout
    assert "1824010216" in second.stdout
    imported = {line.rpartition("|")[2].strip() for line in second.stderr.splitlines()}
    assert "thoplw._native" in imported
    assert not {name for name in imported if name.split(".")[0] in ("torch", "torchvision", "numpy")}
    assert "thoplw._models" not in imported


def test_patterns_and_workers(folder):
    """With several models, processes of their own open them; the second time there are none, and patterns are known."""
    command = [sys.executable, "-X", "importtime", "-m", "thoplw", "torchvision:resnet[135]*", "--jobs", "2"]
    first, second = (subprocess.run(command, capture_output=True, text=True, timeout=300, cwd="/") for _ in range(2))
    assert first.stdout == second.stdout
    assert first.stdout.count("torchvision:resnet") == 5  # 18, 34, 50, 101, 152
    assert "multiprocessing" in first.stderr
    assert "multiprocessing" not in second.stderr


# --- what is never kept


def test_code_of_the_users_own_is_never_kept(folder, tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text("import torch\ndef net(w=4): return torch.nn.Linear(3, w)\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])  # syspath_prepend would keep what the fixture left
    for name in ("mine.py:net", "mine:net", "torch.nn:Linear"):
        sets = ["--set", "in_features=3", "--set", "out_features=4"] if name.startswith("torch") else []
        assert run(name, "--input", "1x3", *sets)[0] == 0
    assert not entries(folder)


def test_a_config_file_is_never_kept(folder, tmp_path, monkeypatch):
    config = {"model_type": "bert", "num_hidden_layers": 1, "hidden_size": 48, "vocab_size": 100}
    (tmp_path / "BertModel").mkdir()
    for place in ("config.json", "BertModel/config.json"):
        (tmp_path / place).write_text(json.dumps(config))
    monkeypatch.chdir(tmp_path)
    for name in ("config.json", "./BertModel", "BertModel"):
        assert run(f"transformers:{name}")[0] == 0
    assert not entries(folder)


def test_a_setting_that_names_a_file_is_never_kept(folder, tmp_path, monkeypatch):
    (tmp_path / "7").touch()
    monkeypatch.chdir(tmp_path)
    assert run(RESNET, "--set", "num_classes=7")[0] == 0
    assert not entries(folder)
    assert run(RESNET, "--set", "num_classes=8")[0] == 0
    assert len(entries(folder)) == 1


def test_no_cache(folder, opened, monkeypatch):
    assert run(RESNET)[0] == 0
    before = {path: path.stat().st_mtime_ns for path in entries(folder)}
    assert len(before) == 1
    monkeypatch.setenv("THOPLW_CACHE", str(folder))  # which --no-cache sets for the process
    assert run(RESNET, "--no-cache")[0] == 0
    assert {path: path.stat().st_mtime_ns for path in entries(folder)} == before
    assert opened == [RESNET, RESNET]


# --- what an entry depends on


def test_each_argument_of_a_request_is_part_of_the_key(folder):
    shape = [((1, 3, 64, 64), "")]
    others = [
        ("torchvision:resnet34", *ASKED[1:]),
        (RESNET, shape, *ASKED[2:]),
        (RESNET, [((1, 3, 64, 64), "f16")], *ASKED[2:]),
        (RESNET, [], [("num_classes", "8")], *ASKED[3:]),
        (RESNET, [], [], (2, 0, 0), *ASKED[4:]),
        (RESNET, [], [], (0, 0, 64), *ASKED[4:]),
        (*ASKED[:4], "training", "", False),
        (*ASKED[:5], "amp-bf16", False),
        (*ASKED[:6], True),
    ]
    keys = [_cache._key(request) for request in (ASKED, *others)]
    assert None not in keys
    assert len(set(keys)) == len(keys)


def test_a_library_that_was_edited_in_place_is_opened_anew(folder, opened, tmp_path, monkeypatch):
    import types

    edited = tmp_path / "edited.py"
    edited.write_text("a = 1")
    os.utime(edited, ns=(1, 1))
    module = types.ModuleType("timm.edited")
    module.__file__ = str(edited)
    monkeypatch.setitem(sys.modules, "timm.edited", module)
    run(RESNET)
    run(RESNET)
    assert opened == [RESNET]
    edited.write_text("a = 2")
    os.utime(edited, ns=(2, 2))
    _environment.version_of.cache_clear()  # as in another process
    run(RESNET)
    assert opened == [RESNET, RESNET]


def test_a_file_that_changed_while_it_was_loaded_is_not_vouched_for(folder, tmp_path, monkeypatch):
    import types

    module = types.ModuleType("torchvision.edited")
    module.__file__ = str(tmp_path / "edited.py")
    Path(module.__file__).write_text("a = 1")  # after this process began
    monkeypatch.setitem(sys.modules, "torchvision.edited", module)
    run(RESNET)
    assert not entries(folder)


# --- what happens to files


def damages(data: bytes) -> list[bytes]:
    flipped = [bytes((*data[:i], data[i] ^ 1 << i % 8, *data[i + 1 :])) for i in range(0, len(data), 97)]
    return [b"", b"x", data[:4], data[:-1], data[: len(data) // 2], data[4:], data + b"x", b"\0" * len(data), *flipped]


def test_a_damaged_entry_is_made_anew(folder, opened):
    good = run(RESNET)
    (entry,) = entries(folder)
    data = entry.read_bytes()
    key = _cache._key(ASKED)
    text = _cache._read(key)
    found = []
    for damaged in damages(data):
        entry.write_bytes(damaged)
        found.append(_cache._read(key))
    whole = [place for place, read in enumerate(found) if read is not None]
    assert all(found[place] == text for place in whole)  # bits that only pad what is packed, and "x" behind it
    assert len(whole) <= 4
    entry.write_bytes(data[:-1])
    opened.clear()
    assert run(RESNET) == good
    assert opened == [RESNET]
    assert _cache._read(key) is not None
    assert entry.read_bytes() == data


def test_an_entry_of_another_key_with_the_same_checksum_is_not_taken(folder, monkeypatch):
    monkeypatch.setattr(_cache, "_place", lambda folder, key: f"{folder}/00000000.trace.z")
    _cache._keep("a", "text of a")
    assert _cache._read("a") == "text of a"
    assert _cache._read("b") is None
    _cache._keep("b", "text of b")
    assert _cache._read("a") is None


def test_a_folder_in_the_place_of_an_entry_does_no_harm(folder, opened):
    good = run(RESNET)
    (entry,) = entries(folder)
    entry.unlink()
    entry.mkdir()
    assert run(RESNET) == good
    assert run(RESNET) == good
    assert entries(folder) == [entry]


@pytest.mark.parametrize("place", ["/dev/null/cache", "/proc/cache", "a-file"])
def test_where_nothing_can_be_written_there_is_no_cache(folder, tmp_path, monkeypatch, place):
    (tmp_path / "a-file").touch()
    monkeypatch.chdir(tmp_path)
    expected = run(RESNET, opener=_models.open_model)
    monkeypatch.setenv("THOPLW_CACHE", place)
    assert run(RESNET) == expected
    assert run(RESNET) == expected
    code, text, _ = run("cache")
    assert code == 0
    assert "0 models, 0 bytes" in text


def test_what_was_not_used_for_the_longest_time_goes_first(folder, monkeypatch):
    text = os.urandom(5000).hex()  # of which half are bytes that cannot be packed
    for name in "abcd":
        _cache._keep(name, text)
        os.utime(_cache._place(str(folder), name), (ord(name), ord(name)))
    size = max(path.stat().st_size for path in entries(folder))
    assert _cache._read("a") == text  # so it is the newest now
    monkeypatch.setenv("THOPLW_CACHE_LIMIT", str(4 * size))
    monkeypatch.setattr(_cache, "_room", None)
    _cache._keep("e", text)
    kept = {name for name in "abcde" if _cache._read(name)}
    assert kept == {"a", "d", "e"}  # 5 are too many, and of the limit 9/10 stay, which holds 3
    assert sum(path.stat().st_size for path in entries(folder)) <= 4 * size
    for name in "fghijk":
        _cache._keep(name, text)
        assert sum(path.stat().st_size for path in entries(folder)) <= 4 * size


def test_what_is_larger_than_the_limit_is_not_kept(folder, monkeypatch):
    monkeypatch.setenv("THOPLW_CACHE_LIMIT", "1k")
    _cache._keep("a", os.urandom(5000).hex())
    assert not entries(folder)
    monkeypatch.setenv("THOPLW_CACHE_LIMIT", "0")
    _cache._keep("a", "b")
    assert not entries(folder)


def test_a_limit_that_is_no_number_of_bytes(folder, monkeypatch):
    monkeypatch.setenv("THOPLW_CACHE_LIMIT", "much")
    with pytest.raises(Error, match=r"^THOPLW_CACHE_LIMIT: 'much' is not "):
        _cache.state()
    code, _, complaint = run(RESNET)
    assert code == 2
    assert "THOPLW_CACHE_LIMIT: 'much' is not" in complaint


def test_files_that_somebody_left_unfinished_go(folder):
    _cache._keep("a", "text")
    old, new = (folder / f"0000000{i}.trace.z.1.tmp" for i in range(2))
    old.write_text("half")
    new.write_text("half")
    os.utime(old, (1, 1))
    _cache._room = None
    _cache._keep("b", "text")
    assert not old.exists()
    assert new.exists()


def test_several_processes_at_once(folder):
    """Four write and read the same two entries: whoever reads finds one that is whole."""
    children = []
    for place in range(4):
        child = os.fork()
        if child == 0:
            code = 1
            try:
                for turn in range(100):
                    key = "ab"[turn % 2]
                    _cache._keep(key, key * (1 + 997 * place * turn))
                    text = _cache._read(key)
                    assert text
                    assert set(text) == {key}
                code = 0
            finally:
                os._exit(code)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 4
    assert len(entries(folder)) == 2


# --- the command


def test_the_command_shows_and_clears(folder):
    assert run("cache")[1] == f"{folder}: 0 models, 0 bytes of at most 256000000\n"
    run(RESNET)
    (entry,) = entries(folder)
    size = entry.stat().st_size
    assert run("cache")[1] == f"{folder}: 1 models, {size} bytes of at most 256000000\n"
    expected = {"folder": str(folder), "entries": 1, "bytes": size, "limit": 256000000}
    assert json.loads(run("cache", "--kind", "json")[1]) == expected
    (folder / "notes.txt").write_text("of somebody else")
    assert run("cache", "--clear")[1] == f"removed from {folder}: 1 models, {size} bytes\n"
    assert [path.name for path in entries(folder)] == ["notes.txt"]
    (folder / "notes.txt").unlink()
    run("cache", "--clear")
    assert not folder.exists()
    code, _, complaint = run("cache", "--kind", "csv")
    assert (code, complaint) == (2, "thoplw: the cache can be shown as text or json\n")


@pytest.mark.parametrize(
    ("variables", "folder"),
    [
        ({"THOPLW_CACHE": "/a/b", "XDG_CACHE_HOME": "/x"}, "/a/b"),
        ({"THOPLW_CACHE": "", "XDG_CACHE_HOME": "/x"}, ""),
        ({"XDG_CACHE_HOME": "/x"}, "/x/thoplw"),
        ({"XDG_CACHE_HOME": "relative", "HOME": "/h"}, "/h/.cache/thoplw"),  # the specification has it ignored
        ({"XDG_CACHE_HOME": "", "HOME": "/h"}, "/h/.cache/thoplw"),
        ({"HOME": "/h"}, "/h/.cache/thoplw"),
        ({"THOPLW_CACHE": "/a", "THOPLW_CACHE_LIMIT": "0"}, ""),
    ],
)
def test_where_it_is(monkeypatch, variables, folder):
    for name in ("THOPLW_CACHE", "XDG_CACHE_HOME", "THOPLW_CACHE_LIMIT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert _cache.state()[0] == folder

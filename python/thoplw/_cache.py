"""Traces of models that libraries make, kept in a folder of the user's, so that the next time nothing is imported."""

from __future__ import annotations

import contextlib
import os
import time
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

from thoplw import _native
from thoplw._environment import LIBRARIES, fingerprint, unchanged, versions_of_sources
from thoplw._native import Error, Trace

_SUFFIX = ".trace.z"
_UNFINISHED = ".tmp"
_LIMIT = "256M"
_ENCODING = ("utf-8", "surrogatepass")  # an argument of the command line may be any bytes
_KEPT = 0.9  # of the limit, after something had to go
_STALE = 3600.0  # seconds after which nobody is still writing a file

_room: int | None = None  # bytes that may be written until the folder is looked through; None: it was not yet


def open_model(
    name: str,
    inputs: Sequence[Any],
    settings: Sequence[tuple[str, str]],
    sizes: tuple[int, int, int] = (0, 0, 0),
    question: str = "cost",
    precision: str = "",
    cuda: bool = False,
) -> Trace:
    """As ``_models.open_model``; what is kept is not opened again."""
    request = (name, list(inputs), list(settings), sizes, question, precision, cuda)
    trace = find(*request)
    if trace is None:
        key = _key(request)  # before it is opened, in case that something is installed meanwhile
        from thoplw import _models

        trace = _models.open_model(*request)
        _keep(key, trace.text())
    return trace


def find(*request: Any) -> Trace | None:
    """What is kept of this request, the arguments of ``_models.open_model``; None where nothing is, or it is stale."""
    text = _read(_key(request))
    with contextlib.suppress(Error):  # of another release, which says that it is the same
        return None if text is None else Trace.parse(text)
    return None


def matching(pattern: str) -> list[str]:
    """As ``_models.matching``; names that are kept are not looked for again."""
    names = find_matching(pattern)
    if names is None:
        key = _key((pattern, "names"))
        from thoplw import _models

        names = _models.matching(pattern)
        _keep(key, "\n".join(names))
    return names


def find_matching(pattern: str) -> list[str] | None:
    """The names that are kept of this pattern; None where none are."""
    text = _read(_key((pattern, "names")))
    return None if text is None else text.splitlines()


def avoid() -> None:
    """From now on there is no cache in this process, nor in those that it starts."""
    os.environ["THOPLW_CACHE"] = ""


def state() -> tuple[str, int, int, int]:
    """The folder ("": none), how many traces are there, their bytes, and how many there may be."""
    folder = _folder()
    files = list(_files(folder)) if folder else []
    return folder or "", len(files), sum(file.size for file in files), _limit()


def clear() -> tuple[str, int, int, int]:
    """Removes all; gives how many were removed, and their bytes, in place of those that are there."""
    folder, entries, size, limit = state()
    for file in _files(folder):
        _remove(file.path)
    _, entries_left, size_left, _ = state()
    with contextlib.suppress(OSError):
        os.rmdir(folder)  # if nothing else is there
    return folder, entries - entries_left, size - size_left, limit


def _key(request: Sequence[Any]) -> str | None:
    """All that the answer depends on; None: it could depend on more than can be told."""
    name, *_ = request
    settings = request[2] if len(request) > 2 else ()
    library, _, model = name.rpartition(":")
    if library not in LIBRARIES or _is_path(model) or any(_is_path(value) for _, value in settings):
        return None
    surroundings = fingerprint(library)
    return None if surroundings is None else f"{request!r}\n{surroundings}"


def _is_path(text: str) -> bool:
    return "/" in text or "\\" in text or text.endswith(".json") or os.path.exists(text)


def _folder() -> str | None:
    """Where traces are kept: what THOPLW_CACHE says, nowhere where that is empty, else where users' caches are."""
    if _limit() == 0:
        return None
    given = os.environ.get("THOPLW_CACHE")
    if given is not None:
        return os.path.abspath(given) if given else None
    caches = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(caches):
        caches = os.path.expanduser("~/.cache")
    return f"{caches}/thoplw" if os.path.isabs(caches) else None


def _limit() -> int:
    """Bytes that all traces may have together."""
    try:
        return _native.bytes_of(os.environ.get("THOPLW_CACHE_LIMIT", _LIMIT))
    except Error as error:
        raise Error(f"THOPLW_CACHE_LIMIT: {error}") from None


def _read(key: str | None) -> str | None:
    """What is kept under this key, if its sources are as they were."""
    folder = _folder()
    if key is None or folder is None:
        return None
    place = _place(folder, key)
    try:
        with open(place, "rb") as file:
            kept_key, sources, text = _unpacked(file.read())
    except (OSError, ValueError, zlib.error):  # there is none, or it is damaged
        return None
    if kept_key != key or not unchanged(sources):
        return None
    with contextlib.suppress(OSError):
        os.utime(place)  # it was used
    return text


def _place(folder: str, key: str) -> str:
    # Another key of the same checksum takes the place: its owner finds that, and opens the model anew.
    return f"{folder}/{zlib.crc32(_bytes(key)):08x}{_SUFFIX}"


def _packed(key: str, sources: dict[str, str], text: str) -> bytes:
    versions = "\n".join(f"{version} {file}" for file, version in sources.items())
    content = _bytes("\0".join((key, versions, text)))
    return zlib.crc32(content).to_bytes(4, "big") + zlib.compress(content, 1)


def _unpacked(data: bytes) -> tuple[str, dict[str, str], str]:
    """What was packed. Raises ValueError or zlib.error where it is damaged."""
    content = zlib.decompress(data[4:])
    if zlib.crc32(content).to_bytes(4, "big") != data[:4]:
        raise ValueError("damaged")
    key, versions, text = content.decode(*_ENCODING).split("\0", 2)
    sources = {}
    for line in versions.splitlines():
        size, changed, file = line.split(" ", 2)
        sources[file] = f"{size} {changed}"
    return key, sources, text


def _bytes(text: str) -> bytes:
    return text.encode(*_ENCODING)


def _keep(key: str | None, text: str) -> None:
    """Writes it so that nobody sees half of it. Where it cannot be written there is no cache, and nothing is wrong."""
    folder, sources = _folder(), versions_of_sources()
    if key is None or folder is None or sources is None:
        return
    data = _packed(key, sources, text)
    if len(data) > _limit():
        return
    place = _place(folder, key)
    unfinished = f"{place}.{os.getpid()}{_UNFINISHED}"
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        with open(unfinished, "wb") as file:
            file.write(data)
        os.replace(unfinished, place)
    except OSError:
        _remove(unfinished)
        return
    _make_room(folder, len(data))


class _File:
    def __init__(self, entry: os.DirEntry[str]) -> None:
        status = entry.stat(follow_symlinks=False)
        self.path, self.size, self.used = entry.path, status.st_size, status.st_mtime


def _files(folder: str) -> Iterator[_File]:
    """What is ours in the folder, those aside that are being written."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(_SUFFIX) or (entry.name.endswith(_UNFINISHED) and _SUFFIX in entry.name):
                with contextlib.suppress(OSError):
                    yield _File(entry)


def _make_room(folder: str, written: int) -> None:
    """Removes what was not used for the longest time where there is more than the limit allows."""
    global _room
    if _room is not None and _room >= written:
        _room -= written
        return
    limit = _limit()
    files = sorted(_files(folder), key=lambda file: file.used)
    total = sum(file.size for file in files)
    now = time.time()
    goal = limit if total <= limit else int(limit * _KEPT)
    for file in files:
        stale = file.path.endswith(_UNFINISHED) and now - file.used > _STALE
        if total > goal or stale:
            _remove(file.path)
            total -= file.size
    _room = limit - total


def _remove(path: str) -> None:
    with contextlib.suppress(OSError):
        os.remove(path)

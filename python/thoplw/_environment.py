"""What a model that a library makes depends on, told without importing it: what is installed, and files as they are."""

from __future__ import annotations

import functools
import os
import sys
import time
from collections.abc import Iterator, Mapping

LIBRARIES = ("torchvision", "timm", "transformers")

# Their code is Python that people change in place when they look for errors, so that its files are looked at, too.
_WATCHED = (*LIBRARIES, "torch.nn")

_BEGAN = time.time_ns()

_INSTALLED = ".dist-info"
_BINARY = ("so", "pyd")  # how the names of extension modules end
_SETTINGS = ("ATEN_", "CUDA_VISIBLE_", "HF_", "PYTORCH_", "TIMM_", "TORCH_", "TORCHVISION_", "TRANSFORMERS_", "USE_")


@functools.cache
def fingerprint(library: str) -> str | None:
    """All that models of this library depend on; None: some of it could change without being seen.

    That is so where code comes from a folder in which people work: one that Python was told to look in first, or an
    installation in editable form. What is installed is known by names with versions, and by when it was installed. All
    of it counts, as libraries look for others and take another path where they find them.
    """
    folders = [_Folder(path) for path in dict.fromkeys(map(os.path.abspath, sys.path)) if not _of_python(path)]
    if not all(folder.readable for folder in folders) or _shadowed(folders):
        return None
    if not all(_is_installed(name, folders) for name in ("torch", library)):
        return None
    if not _is_installed("torchvision", folders, or_absent=True):  # the other libraries import it where it is there
        return None
    editable = {name for folder in folders for name in folder.editable()}
    if editable and not editable.isdisjoint(_rests_on(library, folders)):
        return None
    parts = [sys.version, sys.platform, _machine(), f"optimize {sys.flags.optimize}", *_own_files()]
    parts.append(f"nvidia {os.path.exists('/dev/nvidiactl')}")
    parts += sorted(f"{key}={value}" for key, value in os.environ.items() if key.startswith(_SETTINGS))
    for folder in folders:
        parts += [folder.path if folder.distributions else "", *folder.contents()]
    return "\n".join(parts)


def _machine() -> str:
    if sys.platform == "win32":
        return os.environ.get("PROCESSOR_ARCHITECTURE", "")
    return os.uname().machine


@functools.cache
def version_of(file: str) -> str:
    """The size and the time of a file as it was when this was first asked; "" where it is not there."""
    try:
        status = os.stat(file)
    except OSError:
        return ""
    return f"{status.st_size} {status.st_mtime_ns}"


class _Folder:
    """A folder that Python looks for modules in."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.readable = True
        self._entries: dict[str, os.DirEntry[str]] = {}
        try:
            with os.scandir(path) as entries:
                self._entries = {entry.name: entry for entry in entries}
        except FileNotFoundError:
            pass
        except OSError:  # an archive, perhaps
            self.readable = False
        self.distributions = [name for name in self._entries if name.endswith(_INSTALLED)]

    def has(self, module: str) -> bool:
        return module in self._entries or f"{module}.py" in self._entries

    def modules(self) -> Iterator[str]:
        """Names of what can be imported from here."""
        for name, entry in self._entries.items():
            stem, _, suffix = name.partition(".")
            if suffix == "py" or suffix.endswith(_BINARY):
                yield stem
            elif not suffix and entry.is_dir() and os.path.exists(f"{entry.path}/__init__.py"):
                yield name

    def contents(self) -> list[str]:
        """Of a folder of installed packages what is installed, else which modules there are."""
        if not self.distributions:
            return sorted(self.modules())
        return sorted(f"{name} {self._entries[name].stat().st_mtime_ns}" for name in self.distributions)

    def editable(self) -> Iterator[str]:
        """Names of distributions whose code lies elsewhere."""
        for name, entry in self._entries.items():
            if name.endswith(".egg-link"):
                yield _normalized(name.removesuffix(".egg-link"))
            elif name.endswith(_INSTALLED) and b"editable" in _read(f"{entry.path}/direct_url.json"):
                yield _distribution(name)

    def requirements(self) -> dict[str, list[str]]:
        """What each distribution may need, with all its extras, by name."""
        return {_distribution(name): _required(self._entries[name].path) for name in self.distributions}


def _of_python(path: str) -> bool:
    """Is it a folder of the standard library?"""
    own = os.path.dirname(os.__file__)
    binaries = os.path.join(sys.base_prefix, "DLLs") if os.name == "nt" else os.path.join(own, "lib-dynload")
    return path in (own, binaries) or (path.endswith(".zip") and not os.path.exists(path))


def _shadowed(folders: list[_Folder]) -> bool:
    """Do modules that nobody installed come before those that are installed, or that Python has?"""
    for place, folder in enumerate(folders):
        if folder.distributions:
            continue
        after = [other for other in folders[place + 1 :] if other.distributions]
        for module in folder.modules():
            if any(other.has(module) for other in after) or (after and module in sys.stdlib_module_names):
                return True
    return False


def _is_installed(module: str, folders: list[_Folder], or_absent: bool = False) -> bool:
    """Does the module that Python would import lie beside the record of its installation?"""
    for folder in folders:
        if folder.has(module):
            return any(_distribution(name) == module for name in folder.distributions)
    return or_absent


def _rests_on(library: str, folders: list[_Folder]) -> set[str]:
    """The names of what the library may import, and what that may."""
    required: dict[str, list[str]] = {}
    for folder in reversed(folders):
        required |= folder.requirements()
    found: set[str] = set()
    waiting = [library, "torch", "torchvision"]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += required.get(name, [])
    return found


def _required(distribution: str) -> list[str]:
    header, _, _ = _read(f"{distribution}/METADATA").partition(b"\n\n")
    key = b"requires-dist:"
    lines = [line[len(key) :].strip() for line in header.splitlines() if line.lower().startswith(key)]
    return [_normalized(_first_word(line.decode("utf-8", "replace"))) for line in lines]


def _first_word(requirement: str) -> str:
    """ "numpy" of "numpy>=1.2; extra == 'all'"."""
    end = next((i for i, c in enumerate(requirement) if not (c.isalnum() or c in "-_.")), len(requirement))
    return requirement[:end]


def _distribution(folder: str) -> str:
    """ "torch" of "torch-2.13.0+cpu.dist-info"."""
    return _normalized(folder.rpartition("/")[2].partition("-")[0])


def _normalized(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


def _read(file: str) -> bytes:
    try:
        with open(file, "rb") as content:
            return content.read()
    except OSError:
        return b""


def _own_files() -> list[str]:
    """This build of thoplw: its engine and its Python."""
    folder = os.path.dirname(__file__)
    files = sorted(name for name in os.listdir(folder) if name.endswith((".py", *_BINARY)))
    return [f"{name} {version_of(f'{folder}/{name}')}" for name in files]


def unchanged(versions: Mapping[str, str]) -> bool:
    """Are all these files as they were?"""
    return all(version_of(file) == version for file, version in versions.items())


def versions_of_sources() -> dict[str, str] | None:
    """The versions of the watched files; None where one was written since this process began to look."""
    versions = {file: version_of(file) for file in _loaded_sources()}
    newest = max((int(version.partition(" ")[2] or 0) for version in versions.values()), default=0)
    return versions if newest < _BEGAN else None


def _loaded_sources() -> list[str]:
    """The files of the watched modules that were imported so far."""
    prefixes = tuple(f"{name}." for name in _WATCHED)
    found = (module for name, module in list(sys.modules.items()) if name in _WATCHED or name.startswith(prefixes))
    files = (getattr(module, "__file__", None) for module in found)
    return sorted({file for file in files if file})

"""What a module keeps in Python is left as it was found: containers, objects, classes, generators."""

from __future__ import annotations

import collections
import random
import types
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from keeps import Slotted, profile, traces_where_it_stays


class Plain:
    def __init__(self) -> None:
        self.grid = [torch.zeros(1)]
        self.size: Any = None


@dataclass
class Fields:
    seen: list[Any] = field(default_factory=list)
    last: Any = None


class Odd:
    """Answers nothing as others do, and says so."""

    def __init__(self) -> None:
        object.__setattr__(self, "cache", {})

    def odd(self, *_: Any) -> Any:
        raise AssertionError("called")

    __eq__ = __len__ = __getattr__ = __setattr__ = __bool__ = __iter__ = __getitem__ = __contains__ = odd  # type: ignore[assignment]
    __hash__ = __copy__ = __deepcopy__ = __reduce_ex__ = odd  # type: ignore[assignment]


class OddList(list):  # type: ignore[type-arg]
    __len__ = __iter__ = __getitem__ = __setitem__ = clear = extend = __eq__ = Odd.odd  # type: ignore[assignment]


def looped() -> list[Any]:
    loop: list[Any] = [{}]
    loop[0]["self"] = loop
    return loop


def moved_to_end(kept: Any, y: Any) -> None:
    kept.move_to_end("a")
    kept["c"] = y


def set_fields(kept: Any, y: Any) -> None:
    kept.last = y
    kept.seen.append(y)
    kept.other = y


def of_class(kept: Any, y: Any) -> None:
    type(kept).shared.append(y)
    type(kept).last = y
    type(kept).count += 1
    del type(kept).name


def shared_class() -> Any:
    return type("Shared", (), {"shared": [], "count": 0, "name": "first"})()


def class_attributes(kept: Any) -> Any:
    return [(name, repr(value)) for name, value in vars(type(kept)).items() if name[0] != "_"]


# What a module keeps, what its forward does to it, and how it looks: equal before and after.
STATE: list[tuple[str, Callable[[], Any], Callable[[Any, Any], Any], Callable[[Any], Any]]] = [
    ("a list that grows", list, lambda kept, y: kept.append(y), list),
    (
        "a place in a list",
        lambda: [torch.zeros(1)] * 3,
        lambda kept, y: kept.__setitem__(1, y),
        lambda kept: [*map(id, kept)],
    ),
    ("lists in dicts in tuples", lambda: ({"a": [[], []]},), lambda kept, y: kept[0]["a"][1].append(y), repr),
    (
        "a deque",
        lambda: collections.deque([1, 2], 2),
        lambda kept, y: kept.append(y),
        lambda kept: (list(kept), kept.maxlen),
    ),
    ("a set", lambda: {1, "a"}, lambda kept, y: (kept.add(y), kept.discard(1)), set),
    ("a defaultdict", lambda: collections.defaultdict(list), lambda kept, y: kept["a"].append(y), dict),
    ("an OrderedDict", lambda: collections.OrderedDict(a=1, b=2), moved_to_end, lambda kept: list(kept.items())),
    ("a Counter", lambda: collections.Counter("aab"), lambda kept, y: kept.update("c"), dict),
    (
        "a plain object",
        Plain,
        lambda kept, y: (kept.grid.append(y), setattr(kept, "size", y)),
        lambda kept: (kept.size, list(kept.grid)),
    ),
    ("an object that loses its attributes", Plain, lambda kept, y: vars(kept).clear(), lambda kept: list(vars(kept))),
    (
        "slots",
        Slotted,
        lambda kept, y: (kept.cache.append(y), setattr(kept, "unset", y)),
        lambda kept: (kept.cache, hasattr(kept, "unset")),
    ),
    ("a slot that is emptied", Slotted, lambda kept, y: delattr(kept, "cache"), lambda kept: hasattr(kept, "cache")),
    ("a dataclass", Fields, set_fields, lambda kept: dict(vars(kept))),
    ("a namespace", types.SimpleNamespace, lambda kept, y: setattr(kept, "last", y), lambda kept: dict(vars(kept))),
    ("a UserDict", collections.UserDict, lambda kept, y: kept.__setitem__("a", y), lambda kept: dict(kept.data)),
    (
        "what calls nothing of it",
        Odd,
        lambda kept, y: vars(kept)["cache"].update(a=y),
        lambda kept: dict(vars(kept)["cache"]),
    ),
    ("a list with other methods", OddList, lambda kept, y: list.append(kept, y), lambda kept: list.__len__(kept)),
    ("a loop", looped, lambda kept, y: kept.append(y), lambda kept: (list.__len__(kept), list(kept[0]))),
    ("a long list", lambda: [0] * 100_000, lambda kept, y: kept.append(y), len),
    ("a long dict", lambda: dict.fromkeys(range(100_000)), lambda kept, y: kept.__setitem__("a", y), len),
    ("a class", shared_class, of_class, class_attributes),
    (
        "an unregistered module",
        lambda: [nn.Linear(2, 2)],
        lambda kept, y: setattr(kept[0], "seen", y),
        lambda kept: list(vars(kept[0])),
    ),
    ("a tensor", lambda: torch.zeros(4), lambda kept, y: kept.add_(1), torch.Tensor.tolist),
    ("integers", lambda: torch.zeros(4, dtype=torch.int32), lambda kept, y: kept.fill_(7), torch.Tensor.tolist),
    (
        "a tensor's layout",
        lambda: torch.zeros(4, 2),
        lambda kept, y: kept.t_(),
        lambda kept: (kept.shape, kept.stride()),
    ),
    ("a NumPy array", lambda: np.zeros((3, 4)), lambda kept, y: kept[1:].fill(7), lambda kept: kept.tolist()),
    ("columns of one", lambda: np.zeros((3, 4))[:, ::2], lambda kept, y: kept.fill(7), lambda kept: kept.tolist()),
    ("bytes", lambda: bytearray(b"abc"), lambda kept, y: kept.extend(b"d"), bytes),
    (
        "torch's generator",
        lambda: torch.Generator().manual_seed(1),
        lambda kept, y: torch.rand(3, generator=kept),
        lambda kept: kept.get_state().tolist(),
    ),
    (
        "NumPy's generator",
        lambda: np.random.default_rng(1),
        lambda kept, y: kept.random(3),
        lambda kept: repr(kept.bit_generator.state),
    ),
    (
        "NumPy's older generator",
        lambda: np.random.RandomState(1),
        lambda kept, y: kept.randn(3),
        lambda kept: repr(kept.get_state()),
    ),
    ("Python's generator", lambda: random.Random(1), lambda kept, y: kept.gauss(0, 1), lambda kept: kept.getstate()),
]


@pytest.mark.parametrize("real", [False, True])
@pytest.mark.parametrize(("name", "make", "use", "look"), STATE, ids=[name for name, *_ in STATE])
def test_python_state(name, make, use, look, real):
    traces_where_it_stays(make, use, look, real)


def test_what_a_detector_keeps_between_calls():
    class Head(nn.Module):
        """YOLOv5's: grids by level, made anew where the size of the image is another."""

        def __init__(self) -> None:
            super().__init__()
            self.levels = nn.ModuleList(nn.Conv2d(4, 6, 1) for _ in range(2))
            self.grid = [torch.empty(0) for _ in range(2)]

        def forward(self, maps: list[torch.Tensor]) -> torch.Tensor:
            out = []
            for i, (conv, x) in enumerate(zip(self.levels, maps, strict=True)):
                y = conv(x)
                if self.grid[i].shape[-2:] != y.shape[-2:]:
                    self.grid[i] = torch.stack(torch.meshgrid(*(torch.arange(n) for n in y.shape[2:]), indexing="ij"))
                out.append((y[:, :2] + self.grid[i]).flatten(2))
            return torch.cat(out, 2)

    model, maps = Head(), [torch.randn(1, 4, 8, 8), torch.randn(1, 4, 4, 4)]
    wanted = Head.forward(model, maps)
    model.grid = [torch.empty(0) for _ in range(2)]
    grid = list(model.grid)
    assert profile(model, [maps], convention="exact")[0] == (64 + 16) * 4 * 6
    assert all(a is b for a, b in zip(model.grid, grid, strict=True))
    assert torch.equal(model(maps), wanted)

"""What a module keeps past plain attributes is left as it was found: iterators, closures, weak and lent references."""

from __future__ import annotations

import array
import collections
import contextvars
import copy
import enum
import functools
import io
import itertools
import queue
import sys
import threading
import types
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch

from keeps import LINEAR, Keeps, profile, traces_where_it_stays


class Box:
    def __init__(self) -> None:
        self.seen: list[Any] = []

    def add(self, y: Any) -> None:
        self.seen.append(y)


@dataclass(frozen=True, slots=True)
class Frozen:
    seen: list[Any] = field(default_factory=list)
    last: Any = None


class Pair(NamedTuple):
    first: list[Any]
    second: Iterator[int]


class Stored:
    """A descriptor that keeps what it is given for each object, as the documentation of Python has it."""

    def __init__(self) -> None:
        self.values: Any = weakref.WeakKeyDictionary()

    def __get__(self, owner: Any, _: Any = None) -> Any:
        return self if owner is None else self.values.get(owner)

    def __set__(self, owner: Any, value: Any) -> None:
        self.values[owner] = value


def described() -> Any:
    return type("Described", (), {"last": Stored()})()


def members() -> Any:
    return enum.Enum("Mode", "FAST SLOW").FAST  # type: ignore[attr-defined]


def used_up(items: Any, n: int = 1) -> None:
    collections.deque(itertools.islice(items, n), 0)


def begun(items: Any) -> Any:
    next(items)
    return items


def seen_cycle() -> Any:
    items = itertools.cycle("ab")
    used_up(items, 3)
    return items


def stands(items: Any) -> Any:
    """What comes next, told by a copy."""
    return list(itertools.islice(copy.deepcopy(items), 3))


def shared() -> Any:
    items = iter([1, 2, 3])
    return {"items": items, "numbered": enumerate(items)}


def in_closure(kept: Any) -> Callable[[Any], None]:
    count = 0

    def use(y: Any) -> None:
        nonlocal count
        count += 1
        kept.append((y, count))

    return use


def cells(function: Any) -> Any:
    return [repr(cell.cell_contents) for cell in function.__closure__]


def with_defaults() -> Any:
    def use(y: Any, seen: list[Any] = [], *, last: dict[str, Any] = {}, turn: Any = itertools.count(3)) -> None:  # noqa: B006, B008
        seen.append(next(turn))
        last["y"] = y
        use.__defaults__ = ([],)
        use.calls = 1  # type: ignore[attr-defined]

    return use


def local() -> Any:
    kept = threading.local()
    kept.seen = []
    return kept


def set_local(kept: Any, y: Any) -> None:
    kept.seen.append(y)
    kept.last = y


def variable() -> Any:
    kept: Any = contextvars.ContextVar("kept")
    kept.set([])
    return kept


def set_variable(kept: Any, y: Any) -> None:
    kept.get().append(y)
    kept.set(y)


def filled(kept: Any) -> Any:
    kept.put(1)
    return kept


def items_of(kept: Any) -> Any:
    """Of a queue that has no other way to look into it."""
    items = [kept.get_nowait() for _ in range(kept.qsize())]
    for item in items:
        kept.put(item)
    return repr(items)


def patched(kept: Any, y: Any) -> None:
    type(kept).__call__ = lambda self: y  # type: ignore[assignment]
    type(kept).add = lambda self, y: None  # type: ignore[method-assign]


def cached() -> Any:
    return functools.lru_cache(3)(lambda n: torch.ones(n, device="meta"))


def fill_cache(kept: Any, y: Any) -> None:
    if kept.cache_info().currsize:  # else it is full of what a forward left
        raise AssertionError("not emptied")
    kept(3)


def methods_with_cache() -> Any:
    return type("Tables", (), {"table": functools.cache(lambda self, n: torch.ones(n, device="meta"))})()


def shape_of(kept: Any) -> Any:
    return kept.shape, kept.tolist()


def wrapped_error() -> Any:
    error = ValueError("no more")
    error.seen = []  # type: ignore[attr-defined]
    return error


# What a module keeps, what its forward does to it, and how it looks: equal before and after.
ELSEWHERE: list[tuple[str, Callable[[], Any], Callable[[Any, Any], Any], Callable[[Any], Any]]] = [
    ("a count", lambda: begun(itertools.count(5, 2)), lambda kept, y: used_up(kept, 4), repr),
    (
        "a zip of a map",
        lambda: zip(map(str, [1, 2, 3]), iter("abc"), strict=False),
        lambda kept, y: used_up(kept),
        stands,
    ),
    ("two that share one", shared, lambda kept, y: used_up(kept["numbered"]), lambda kept: stands(kept["items"])),
    ("an iterator over a dict", lambda: iter({1: 2, 3: 4}), lambda kept, y: used_up(kept), stands),
    (
        "an iterator in a named tuple",
        lambda: Pair([], iter([1, 2])),
        lambda kept, y: used_up(kept.second),
        lambda kept: stands(kept.second),
    ),
    (
        "a list in a named tuple",
        lambda: Pair([], iter([])),
        lambda kept, y: kept.first.append(y),
        lambda kept: list(kept.first),
    ),
    ("an array that grows", lambda: array.array("i", [1]), lambda kept, y: kept.append(3), list),
    ("an array that is emptied", lambda: array.array("d", [1, 2]), lambda kept, y: kept.__delitem__(slice(None)), list),
    ("a view of memory", lambda: memoryview(bytearray(b"abc"))[1:], lambda kept, y: kept.__setitem__(0, 7), bytes),
    (
        "memory of another type",
        lambda: memoryview(array.array("i", [1])),
        lambda kept, y: kept.__setitem__(0, 7),
        bytes,
    ),
    (
        "an array of objects",
        lambda: np.array([1, [2]], dtype=object),
        lambda kept, y: (kept[1].append(y), kept.__setitem__(0, y)),
        lambda kept: repr(list(kept)),
    ),
    (
        "an array of days",
        lambda: np.array(["2020-01-01"], dtype="M8[D]"),
        lambda kept, y: kept.fill(0),
        lambda kept: repr(kept),
    ),
    ("an array of another shape", lambda: np.arange(4), lambda kept, y: setattr(kept, "shape", (2, 2)), shape_of),
    ("an array that is resized", lambda: np.arange(4), lambda kept, y: kept.resize(9, refcheck=False), shape_of),
    (
        "a stream of bytes",
        lambda: io.BytesIO(b"abc"),
        lambda kept, y: kept.write(b"x"),
        lambda kept: (kept.tell(), kept.getvalue()),
    ),
    (
        "a stream that is read",
        lambda: io.StringIO("abc"),
        lambda kept, y: kept.read(2),
        lambda kept: (kept.tell(), kept.getvalue()),
    ),
    (
        "a queue",
        lambda: filled(queue.Queue()),
        lambda kept, y: kept.put(y),
        lambda kept: (list(kept.queue), kept.unfinished_tasks),
    ),
    (
        "a queue that is emptied",
        lambda: filled(queue.PriorityQueue()),
        lambda kept, y: kept.get(),
        lambda kept: list(kept.queue),
    ),
    ("a simple queue", lambda: filled(queue.SimpleQueue()), lambda kept, y: (kept.get(), kept.put(y)), items_of),
    (
        "weak keys",
        lambda: (box := Box(), weakref.WeakKeyDictionary({box: []})),
        lambda kept, y: (kept[1][kept[0]].append(y), kept[1].update({y: y})),
        lambda kept: [*map(str, kept[1].values())],
    ),
    (
        "weak values",
        lambda: (Box(), weakref.WeakValueDictionary()),
        lambda kept, y: kept[1].update(a=kept[0]),
        lambda kept: list(kept[1]),
    ),
    ("a weak set", lambda: (Box(), weakref.WeakSet()), lambda kept, y: kept[1].add(kept[0]), lambda kept: len(kept[1])),
    (
        "a weak reference",
        lambda: (lambda box: (weakref.ref(box), [box].append))(Box()),
        lambda kept, y: kept[0]().add(y),
        lambda kept: list(kept[0]().seen),
    ),
    (
        "a partial",
        lambda: functools.partial(Box.add, Box()),
        lambda kept, y: kept(y),
        lambda kept: list(kept.args[0].seen),
    ),
    (
        "keywords of a partial",
        lambda: functools.partial(print, seen=[]),
        lambda kept, y: kept.keywords["seen"].append(y),
        lambda kept: list(kept.keywords["seen"]),
    ),
    ("a bound method", lambda: Box().add, lambda kept, y: kept(y), lambda kept: list(kept.__self__.seen)),
    ("a method of C", lambda: [].append, lambda kept, y: kept(y), lambda kept: list(kept.__self__)),
    ("this thread's", local, set_local, lambda kept: dict(vars(kept))),
    ("a variable of the context", variable, set_variable, lambda kept: repr(kept.get())),
    (
        "a variable that is not set",
        lambda: contextvars.ContextVar("kept"),
        lambda kept, y: kept.set(y),
        lambda kept: repr(kept.get(None)),
    ),
    (
        "a proxy of a dict",
        lambda: types.MappingProxyType({"a": []}),
        lambda kept, y: kept["a"].append(y),
        lambda kept: list(kept["a"]),
    ),
    (
        "a chain of dicts",
        lambda: collections.ChainMap({}, {"a": 1}),
        lambda kept, y: kept.update(b=y),
        lambda kept: list(kept),
    ),
    ("a closure", lambda: in_closure([]), lambda kept, y: kept(y), cells),
    (
        "defaults",
        with_defaults,
        lambda kept, y: kept(y),
        lambda kept: (repr(kept.__defaults__), repr(kept.__kwdefaults__), dict(vars(kept))),
    ),
    (
        "an attribute of a function",
        lambda: functools.wraps(print)(lambda: None),
        lambda kept, y: setattr(kept, "last", y),
        lambda kept: sorted(vars(kept)),
    ),
    ("a descriptor", described, lambda kept, y: setattr(kept, "last", y), lambda kept: repr(kept.last)),
    ("a member of an enum", members, lambda kept, y: setattr(kept, "last", y), lambda kept: hasattr(kept, "last")),
    (
        "frozen slots",
        Frozen,
        lambda kept, y: (kept.seen.append(y), object.__setattr__(kept, "last", y)),
        lambda kept: (list(kept.seen), kept.last),
    ),
    (
        "objects in a set",
        lambda: {Box()},
        lambda kept, y: next(iter(kept)).add(y),
        lambda kept: list(next(iter(kept)).seen),
    ),
    (
        "objects in a frozen set",
        lambda: frozenset([Box()]),
        lambda kept, y: next(iter(kept)).add(y),
        lambda kept: list(next(iter(kept)).seen),
    ),
    (
        "a class",
        lambda: type("Config", (), {"seen": []}),
        lambda kept, y: (kept.seen.append(y), setattr(kept, "last", y)),
        lambda kept: (list(kept.seen), hasattr(kept, "last")),
    ),
    (
        "methods of a class",
        lambda: type("Other", (), {"add": Box.add})(),
        patched,
        lambda kept: (callable(kept), type(kept).add.__qualname__),
    ),
    (
        "what a class method keeps",
        lambda: type("Other", (), {"f": staticmethod(Box().add)}),
        lambda kept, y: kept.f(y),
        lambda kept: list(kept.f.__self__.seen),
    ),
    ("a cache", cached, fill_cache, lambda kept: kept.cache_info().currsize),
    (
        "a cache of a method",
        methods_with_cache,
        lambda kept, y: kept.table(3),
        lambda kept: type(kept).table.cache_info().currsize,
    ),
    ("a signal", threading.Event, lambda kept, y: kept.set(), lambda kept: kept.is_set()),
    ("a semaphore", threading.Semaphore, lambda kept, y: kept.acquire(), lambda kept: kept._value),
    ("an error", wrapped_error, lambda kept, y: kept.seen.append(y), lambda kept: list(kept.seen)),
]


if sys.version_info < (3, 14):  # from then on they cannot be copied
    ELSEWHERE += [
        ("a cycle that is being seen", lambda: begun(itertools.cycle("abc")), lambda kept, y: used_up(kept), stands),
        ("a cycle that was seen", seen_cycle, lambda kept, y: used_up(kept), stands),
        ("a chain", lambda: itertools.chain([1], iter([2, 3])), lambda kept, y: used_up(kept, 2), stands),
        (
            "a zip of a count",
            lambda: zip("abc", itertools.count(), strict=False),
            lambda kept, y: used_up(kept),
            stands,
        ),
    ]


@pytest.mark.parametrize("real", [False, True])
@pytest.mark.parametrize(("name", "make", "use", "look"), ELSEWHERE, ids=[name for name, *_ in ELSEWHERE])
def test_what_is_kept_elsewhere(name, make, use, look, real):
    assert [trace.notes for trace in traces_where_it_stays(make, use, look, real)] == [[], []]


def numbers(y: Any = None) -> Iterator[int]:
    n = 0
    while True:
        n += 1
        yield n


def test_a_generator_that_was_advanced_is_told_of():
    model = Keeps(numbers, lambda kept, y: next(kept))
    note = "the forward advanced a generator that the model keeps (numbers), which has no way back"
    for _ in range(2):
        assert [told.partition(":")[0] for told in profile(model)[2].notes] == [note]
    model.use = lambda kept, y: None
    assert profile(model)[2].notes == []
    assert next(model.kept) == 3


@pytest.mark.skipif(sys.version_info < (3, 14), reason="itertools can be copied")
@pytest.mark.parametrize(
    "kept", [itertools.cycle("ab"), itertools.chain("ab"), zip("ab", itertools.cycle([None]), strict=False)]
)
def test_iterators_that_cannot_be_copied_are_told_of(kept):
    name = "chain" if isinstance(kept, itertools.chain) else "cycle"
    model = Keeps(lambda: [kept], lambda kept, y: None)
    assert profile(model)[2].notes == []
    model.use = lambda kept, y: next(kept[0])
    (note,) = profile(model)[2].notes
    assert f"(itertools.{name}), which has no way back" in note
    if name == "chain":
        assert next(kept) == "b"


def test_a_count_of_any_numbers_goes_on():
    numbers = [2**70, -3, 0.5, 2j]
    kept = [itertools.count(start, start) for start in numbers]
    assert profile(Keeps(lambda: kept, lambda kept, y: [*map(next, kept)]))[2].notes == []
    assert [*map(next, kept)] == numbers


def test_iterators_without_a_way_to_tell_where_they_stand():
    model = Keeps(lambda: map(str, numbers()), lambda kept, y: next(kept))
    assert len(profile(model)[2].notes) == 1


def test_an_iterator_over_a_deque_goes_on():
    kept = collections.deque([1, 2, 3])
    iterator = iter(kept)
    profile(Keeps(lambda: (kept, iterator), lambda kept, y: None))
    assert next(iterator) == 1


def test_a_lock_that_is_held_where_a_value_is_looked_at():
    def looks(lock: Any, y: torch.Tensor) -> None:
        lock.acquire()
        float(y.sum())
        lock.release()

    model = Keeps(threading.RLock, looks)
    assert profile(model)[0] == LINEAR
    assert not model.kept._is_owned()

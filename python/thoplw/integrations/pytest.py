"""A plugin of pytest: the fixture `count_model`, and markers such as `@pytest.mark.max_macs("2G")` that limit it."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from os import PathLike, fspath
from typing import Any

import pytest

import thoplw
from thoplw import _native

_LIMITED = {
    f"max_{measure.name}": measure
    for measure in _native.measures()
    if measure.question == "cost" and not measure.seconds
}
_ROWS = 5  # of the table in a failure


class Held:
    """The limits of one test, and how many models it counted."""

    def __init__(self, limits: dict[str, int]) -> None:
        self.limits = limits
        self.counted = 0

    def hold(self, info: thoplw.LayerInfo) -> None:
        """Fails the test where the model costs more."""
        __tracebackhide__ = True
        self.counted += 1
        over = [text for marker, limit in self.limits.items() if (text := _over(info, marker, limit))]
        if over:
            pytest.fail(f"{info.model} costs more than it may: {'; '.join(over)}\n{_costliest(info, self.limits)}")
        if self.limits and not info.exact:
            named = ", ".join(sorted({operator.op for operator in info.uncounted}))
            what = f"thoplw: {info.model} may be over its limits, as its counts are lower bounds: no rule for {named}"
            warnings.warn(what, stacklevel=3)


_HELD = pytest.StashKey[Held]()


@pytest.fixture
def count_model(request: pytest.FixtureRequest) -> Callable[..., thoplw.LayerInfo]:
    """Counts a model or a model file, holds it to the markers of the test, and returns the table of its layers.

    ``count_model(model, inputs, ...)`` takes what ``thoplw.profile`` takes, ``count_model("net.onnx", ...)`` what
    ``thoplw.load`` takes. Over a limit the test fails, and shows the costliest layers.
    """
    test: pytest.Item = request.node

    def count(model: Any, *args: Any, **options: Any) -> thoplw.LayerInfo:
        __tracebackhide__ = True
        if isinstance(model, (str, PathLike)):
            info = thoplw.load(fspath(model), *args, **options)
        else:
            info = thoplw.profile(model, *args, **({"verbose": False} | options))[2]
        test.user_properties.extend([("macs", info.macs), ("params", info.params)])
        test.stash[_HELD].hold(info)
        return info

    return count


def pytest_configure(config: pytest.Config) -> None:
    for marker, measure in _LIMITED.items():
        config.addinivalue_line("markers", f"{marker}(limit): the most that count_model may count of {measure.doc}")


def pytest_runtest_setup(item: pytest.Item) -> None:
    item.stash[_HELD] = Held(_limits(item))


@pytest.hookimpl(trylast=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    """After a test that has passed: a limit that nothing was held to is a mistake."""
    held = item.stash[_HELD]
    if held.limits and not held.counted:
        what = f"{', '.join(held.limits)} limits what the fixture count_model counts, and this test counted nothing"
        pytest.fail(what, pytrace=False)


def _limits(item: pytest.Item) -> dict[str, int]:
    """By marker; the one that is closest to the test holds."""
    found = {name: item.get_closest_marker(name) for name in _LIMITED}
    return {name: _limit(marker) for name, marker in found.items() if marker is not None}


def _limit(marker: pytest.Mark) -> int:
    wrong = f'{marker.name} takes one limit, such as {marker.name}("2G") or {marker.name}(2_000_000)'
    if len(marker.args) != 1 or marker.kwargs:
        pytest.fail(wrong, pytrace=False)
    limit = marker.args[0]
    if type(limit) is int and limit >= 0:
        return limit
    try:
        return _native.bytes_of(limit)
    except (TypeError, thoplw.Error):
        wrong += f", not {_native.shown(limit)}"
    pytest.fail(wrong, pytrace=False)


def _over(info: thoplw.LayerInfo, marker: str, limit: int) -> str | None:
    measure = _LIMITED[marker]
    count = getattr(info, measure.name)
    if count is None:
        return f"its {measure.name} are not known, so {marker} cannot be held"
    unit = f"{info.unit}s" if measure.name == "macs" else measure.name
    return f"{count} {unit}, {count - limit} more than {marker} allows" if count > limit else None


def _costliest(info: thoplw.LayerInfo, limits: dict[str, int]) -> str:
    names = [_LIMITED[marker].name for marker in limits]
    return info.summary(sort=names[0], top=_ROWS, columns=["name", "class", *names])

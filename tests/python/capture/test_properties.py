"""Random contractions against loops that count their multiply-adds one by one."""

from __future__ import annotations

import itertools
from typing import Any

import torch
import torch.nn.functional as F
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from torch import nn

from thoplw import _native

COUNTED_BY_LOOPS = settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=100,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


class Model(nn.Module):
    def __init__(self, function: Any) -> None:
        super().__init__()
        object.__setattr__(self, "function", function)

    def forward(self, *args: torch.Tensor) -> Any:
        return self.function(*args)


def contraction(function: Any, *shapes: tuple[int, ...]) -> int:
    """What thoplw counts, with native shape rules and without."""
    args = tuple(torch.empty(shape, device="meta") for shape in shapes)
    model = function if isinstance(function, nn.Module) else Model(function)
    counts = set()
    for native in (True, False):
        info = _native.count(_native.capture(model, args, {}, {}, native_rules=native), "exact")
        assert info.exact
        counts.add(info.macs)
    assert len(counts) == 1
    return counts.pop()


def each(*sizes: int) -> itertools.product[tuple[int, ...]]:
    return itertools.product(*map(range, sizes))


small = st.integers(1, 4)


@st.composite
def convolutions(draw: st.DrawFn) -> dict[str, Any]:
    dims = draw(st.integers(1, 3))
    groups = draw(st.integers(1, 3))
    numbers = st.lists(st.integers(1, 3), min_size=dims, max_size=dims)
    return {
        "batch": draw(st.integers(1, 2)),
        "groups": groups,
        "ins": groups * draw(st.integers(1, 2)),
        "outs": groups * draw(st.integers(1, 2)),
        "size": draw(st.lists(st.integers(1, 6 if dims < 3 else 4), min_size=dims, max_size=dims)),
        "kernel": draw(numbers),
        "stride": draw(numbers),
        "dilation": draw(numbers),
        "padding": [number - 1 for number in draw(numbers)],
        "bias": draw(st.booleans()),
    }


def layer(case: dict[str, Any], kinds: tuple[Any, Any, Any]) -> nn.Module:
    shared = {name: case[name] for name in ("stride", "padding", "dilation", "groups", "bias")}
    kind = kinds[len(case["size"]) - 1]
    return kind(case["ins"], case["outs"], case["kernel"], device="meta", **shared).eval()


@given(convolutions())
@COUNTED_BY_LOOPS
def test_convolution(case: dict[str, Any]) -> None:
    span = [d * (k - 1) + 1 for d, k in zip(case["dilation"], case["kernel"], strict=True)]
    padded = [s + 2 * p for s, p in zip(case["size"], case["padding"], strict=True)]
    assume(all(p >= s for p, s in zip(padded, span, strict=True)))
    count = 0
    # every window that fits, for every output channel, over the channels of its group
    starts = [range(0, p - s + 1, by) for p, s, by in zip(padded, span, case["stride"], strict=True)]
    for _ in itertools.product(range(case["batch"]), range(case["outs"]), *starts):
        for _ in each(case["ins"] // case["groups"], *case["kernel"]):
            count += 1
    conv = layer(case, (nn.Conv1d, nn.Conv2d, nn.Conv3d))
    assert contraction(conv, (case["batch"], case["ins"], *case["size"])) == count


@given(convolutions())
@COUNTED_BY_LOOPS
def test_transposed_convolution(case: dict[str, Any]) -> None:
    parts = zip(case["size"], case["stride"], case["padding"], case["dilation"], case["kernel"], strict=True)
    assume(all((n - 1) * s - 2 * p + d * (k - 1) + 1 >= 1 for n, s, p, d, k in parts))
    count = 0
    # every input element is spread over the kernel, into every output channel of its group
    for _ in each(case["batch"], case["ins"], *case["size"]):
        for _ in each(case["outs"] // case["groups"], *case["kernel"]):
            count += 1
    conv = layer(case, (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d))
    assert contraction(conv, (case["batch"], case["ins"], *case["size"])) == count


@given(st.lists(small, max_size=3), small, small, st.booleans())
@COUNTED_BY_LOOPS
def test_linear(positions: list[int], ins: int, outs: int, bias: bool) -> None:
    count = sum(1 for _ in each(*positions, outs, ins))
    assert contraction(nn.Linear(ins, outs, bias, device="meta"), (*positions, ins)) == count


@st.composite
def products(draw: st.DrawFn) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Vectors, matrices and batches of them that broadcast."""
    inner = draw(small)
    a, b = draw(st.integers(0, 3)), draw(st.integers(0, 3))
    common = draw(st.lists(small, min_size=2, max_size=2))
    batches = [[size if draw(st.booleans()) else 1 for size in common] for _ in "ab"]
    left = () if a == 0 else (*batches[0][3 - a :], draw(small))
    right = (inner,) if b == 0 else (*batches[1][3 - b :], inner, draw(small))
    return (*left, inner), right


@given(products())
@COUNTED_BY_LOOPS
def test_matmul(shapes: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    a, b = shapes
    rows, columns = a[-2:-1], b[-1:] if len(b) > 1 else ()
    depth = max(len(a), len(b), 2) - 2
    batch = []
    for place in range(depth):
        sizes = [shape[place - depth - 2] for shape in shapes if len(shape) >= depth + 2 - place]
        batch.append(max(sizes))
    count = sum(1 for _ in each(*batch, *rows, *columns, a[-1]))
    assert contraction(torch.matmul, a, b) == count


@st.composite
def equations(draw: st.DrawFn) -> tuple[str, dict[str, int]]:
    letters = "abcdef"
    sizes = {letter: draw(small) for letter in letters}
    operands = [draw(st.lists(st.sampled_from(letters), min_size=1, max_size=4, unique=True)) for _ in range(2)]
    kept = sorted({letter for operand in operands for letter in operand if draw(st.booleans())})
    return f"{','.join(''.join(operand) for operand in operands)}->{''.join(kept)}", sizes


@given(equations())
@COUNTED_BY_LOOPS
def test_einsum_of_two(case: tuple[str, dict[str, int]]) -> None:
    equation, sizes = case
    operands, result = equation.split("->")[0].split(","), equation.split("->")[1]
    # what only one operand has and the result lacks is added up before the two meet, as torch does
    met = [
        letter
        for letter in sorted(set("".join(operands)))
        if letter in result or all(letter in operand for operand in operands)
    ]
    summed = [letter for letter in met if letter not in result and sizes[letter] > 1]
    count = 0
    if summed:
        for _ in each(*(sizes[letter] for letter in met)):
            count += 1
    shapes = [tuple(sizes[letter] for letter in operand) for operand in operands]
    assert contraction(lambda a, b: torch.einsum(equation, a, b), *shapes) == count


@st.composite
def attentions(draw: st.DrawFn) -> tuple[int, int, int, int, int, int, int]:
    return tuple(draw(small) for _ in range(7))  # type: ignore[return-value]


@given(attentions(), st.booleans())
@COUNTED_BY_LOOPS
def test_attention(sizes: tuple[int, int, int, int, int, int, int], causal: bool) -> None:
    batch, groups, shared, length, source, width, value_width = sizes
    heads = groups * shared
    count = 0
    for _ in each(batch, heads, length, source):  # a mask spares nothing: all scores are computed
        for _ in range(width):
            count += 1  # of the score
        for _ in range(value_width):
            count += 1  # of the values that it weighs
    attend = lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=causal, enable_gqa=shared > 1)  # noqa: E731
    shapes = ((batch, heads, length, width), (batch, groups, source, width), (batch, groups, source, value_width))
    assert contraction(attend, *shapes) == count

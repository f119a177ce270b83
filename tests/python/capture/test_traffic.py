"""The bytes that an operator moves are those of its distinct inputs and results, as torch has them; views are free."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

import thoplw
from thoplw import _native
from thoplw._models import import_torchvision

SIZES = st.integers(1, 5)


class Once(nn.Module):
    """One operator on tensors that are its inputs."""

    def __init__(self, run) -> None:
        super().__init__()
        self.run = run

    def forward(self, *tensors):
        return self.run(*tensors)


# Each with the sizes of its inputs, from three numbers.
OPERATORS = {
    "relu": (torch.relu, lambda a, b, c: [(a, b)]),
    "add, broadcast": (torch.add, lambda a, b, c: [(a, b), (b,)]),
    "mul by itself": (lambda x: x * x, lambda a, b, c: [(a, b)]),
    "softmax": (lambda x: F.softmax(x, -1), lambda a, b, c: [(a, b, c)]),
    "sum": (lambda x: x.sum(0), lambda a, b, c: [(a, b)]),
    "max, with places": (lambda x: torch.max(x, 1), lambda a, b, c: [(a, b)]),
    "to another type": (lambda x: x.to(torch.float64), lambda a, b, c: [(a, b)]),
    "cat": (lambda *x: torch.cat(x), lambda a, b, c: [(a, b), (c, b)]),
    "where": (lambda x, y: torch.where(x > 0, x, y), None),
    "matmul": (torch.matmul, lambda a, b, c: [(a, b), (b, c)]),
    "linear": (F.linear, lambda a, b, c: [(a, b), (c, b), (c,)]),
    "conv2d": (F.conv2d, lambda a, b, c: [(a, b, 6, 7), (c, b, 3, 3), (c,)]),
    "layer_norm": (lambda x, w: F.layer_norm(x, w.shape, w), lambda a, b, c: [(a, b), (b,)]),
    "max_pool2d": (lambda x: F.max_pool2d(x, 2), lambda a, b, c: [(a, b, 6, 6)]),
    "attention": (
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v),
        lambda a, b, c: [(1, a, b, 4), (1, a, c, 4), (1, a, c, 4)],
    ),
    "relu_": (lambda x: x.relu_(), lambda a, b, c: [(a, b)]),
    "flip": (lambda x: x.flip(0), lambda a, b, c: [(a, b)]),
    "clone": (torch.clone, lambda a, b, c: [(a, b)]),
    "view": (lambda x: x.view(-1), lambda a, b, c: [(a, b)]),
    "transpose": (lambda x: x.transpose(0, 1), lambda a, b, c: [(a, b)]),
    "chunk": (lambda x: x.chunk(2), lambda a, b, c: [(a + 1, b)]),
    "squeeze": (lambda x: x.squeeze(0), lambda a, b, c: [(1, b)]),
    "unfold": (lambda x: x.unfold(0, 2, 1), lambda a, b, c: [(a + 1, b)]),
    "nothing to do": (lambda x: x.contiguous().to(torch.float32), lambda a, b, c: [(a, b)]),
}
OPERATORS = {name: case for name, case in OPERATORS.items() if case[1]}


def moved(run, inputs: list[torch.Tensor]) -> int:
    """Bytes of distinct inputs and results, of a real run: nothing where no result has memory of its own."""
    before = [t.detach().clone() for t in inputs]
    out = run(*inputs)
    results = [out] if isinstance(out, torch.Tensor) else list(out)
    theirs = {t.untyped_storage().data_ptr() for t in inputs}
    in_place = any(not torch.equal(a, b) for a, b in zip(inputs, before, strict=True))
    if not in_place and all(t.untyped_storage().data_ptr() in theirs for t in results):
        return 0
    return sum(t.nbytes for t in {id(t): t for t in [*inputs]}.values()) + sum(t.nbytes for t in results)


@given(name=st.sampled_from(sorted(OPERATORS)), a=SIZES, b=SIZES, c=SIZES)
@settings(max_examples=200, deadline=None)
def test_an_operator_moves_its_distinct_inputs_and_results(name: str, a: int, b: int, c: int) -> None:
    run, sizes = OPERATORS[name]
    inputs = [-torch.rand(size) - 1 for size in sizes(a, b, c)]  # negative, so that relu_ writes something else
    info = thoplw.profile(Once(run), tuple(t.clone() for t in inputs), verbose=False)[2]
    assert info.traffic == moved(run, inputs)


def test_every_view_of_torch_is_free() -> None:
    """By the schemas of torch: a result that may alias an input, and no input that is written."""
    copies_too = {
        "contiguous",
        "reshape",
        "reshape_as",
        "flatten",
        "ravel",
        "to",
        "cpu",
        "cuda",
        "pin_memory",
        "coalesce",
    }
    copies_too |= {"as_tensor", "resolve_conj", "resolve_neg"}  # free where they hand on their input
    no_tensors = {"get", "keys", "local_value", "to_here"}  # of dicts, and of remote references
    known_otherwise = copies_too | no_tensors
    views = set()
    for schema in torch._C._jit_get_all_schemas():
        namespace, _, name = schema.name.partition("::")
        if namespace != "aten" or name.startswith("_") or name.endswith("_"):
            continue
        aliased = [r for r in schema.returns if r.alias_info is not None and not r.alias_info.is_write]
        writes = any(a.alias_info is not None and a.alias_info.is_write for a in schema.arguments)
        if aliased and not writes:
            views.add(name)
    assert len(views) > 50
    free = {
        name for name in views - known_otherwise if _native.touches("aten::" + name) in ("nothing", "turned", "part")
    }
    left = views - known_otherwise - free
    assert not left, f"views that are counted as copies: {sorted(left)}"


def without_memory(trace: _native.Trace) -> _native.Trace:
    """The same, as if nobody had seen where values lie."""
    lines = trace.text().splitlines()
    kept = [line for line in lines if not line.lstrip().startswith(("storage ", "places "))]
    assert len(kept) < len(lines)
    return _native.Trace.parse("\n".join(kept) + "\n")


def traffic_seen_and_told(name: str) -> tuple[int, int]:
    model = import_torchvision().models.get_model(name, weights=None).to("meta")
    trace = _native.capture(model, (torch.empty(2, 3, 224, 224, device="meta"),), {}, {}, training=True)
    seen, told = _native.count(trace, "exact"), _native.count(without_memory(trace), "exact")
    assert seen.traffic is not None
    assert told.traffic is not None
    return seen.traffic, told.traffic


@pytest.mark.parametrize("name", ["vit_b_16", "convnext_tiny", "shufflenet_v2_x1_0"])
def test_where_memory_was_not_observed_sizes_tell_views_from_copies(name: str) -> None:
    seen, told = traffic_seen_and_told(name)
    assert seen == told


def test_where_sizes_leave_it_open_a_reshape_is_taken_for_a_copy() -> None:
    """In the last stage of Swin there is one window of 7 x 7: a permutation of 1 and 7 could be one of 7 and 7."""
    seen, told = traffic_seen_and_told("swin_t")
    blocks, reshapes, features = 2, 1, 2 * 49 * 768 * 4
    assert told - seen == blocks * reshapes * 2 * features

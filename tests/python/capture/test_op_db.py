"""Native rules against torch's own operator database: sizes, strides, element types, aliasing, and multiply-adds.

Every sample of every operator runs on the meta device, under inference mode, where composites arrive whole; in f32 also
under no_grad, where they arrive taken apart, and some on inputs of unusual layouts, of which the database has few.
Each ATen call on the way is put to the native rule; where that answers, it must say what torch then returns.
"""

from __future__ import annotations

import collections
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from thoplw import _native

pytest.importorskip("expecttest")  # which the database imports
from torch.testing._internal.common_methods_invocations import op_db

pytestmark = pytest.mark.skipif(
    not torch.__version__.startswith("2.13."), reason="the strides of meta kernels differ from one torch to another"
)

LAYOUT_SAMPLES = 10  # per operator and layout, evenly chosen

# These have no rule of their own and many or slow samples: LAYOUT_SAMPLES of each will do.
# fmt: off
SLOW = {
    "allclose", "cumulative_trapezoid", "grid_sampler_2d", "grid_sampler_3d", "linalg.lstsq", "linalg.pinv",
    "linalg.svd", "linspace", "logspace", "masked.logsumexp", "masked.norm", "masked.prod", "masked.std",
    "masked.var", "max_pool2d_with_indices_backward", "nn.functional.gaussian_nll_loss",
    "nn.functional.grid_sample", "nn.functional.linear_cross_entropy", "nn.functional.max_unpool1d",
    "nn.functional.max_unpool2d", "nn.functional.max_unpool3d", "nn.functional.nll_loss",
    "nn.functional.poisson_nll_loss", "nn.functional.unfold", "trapezoid", "unique", "unique_consecutive", "xlogy",
}
# fmt: on

answered: collections.Counter[str] = collections.Counter()
deferred: collections.Counter[str] = collections.Counter()
samples_run: collections.Counter[str] = collections.Counter()
entries_run: set[str] = set()  # of the database
counted_samples: collections.Counter[str] = collections.Counter()
contracting_samples: collections.Counter[str] = collections.Counter()


def storage(tensor: torch.Tensor) -> int:
    return tensor.untyped_storage()._cdata


def difference(ours: Any, theirs: Any, inputs: list[torch.Tensor]) -> str:
    """What a native result says wrongly about the tensor that torch returned; empty if nothing."""
    if not isinstance(theirs, torch.Tensor):
        return f"torch returned {theirs!r}"
    if ours[0] == "same":
        return "" if theirs is inputs[ours[1]] else "not the very input"
    layout = (tuple(theirs.shape), theirs.stride())
    if ours[0] == "view":
        _, index, sizes, strides, offset = ours
        if theirs is inputs[index] or storage(theirs) != storage(inputs[index]):
            return "no view"
        found = (*layout, theirs.storage_offset() - inputs[index].storage_offset(), theirs.dtype)
        said = (sizes, strides, offset, inputs[index].dtype)
    else:
        if storage(theirs) in map(storage, inputs):
            return "not new"
        found, said = (*layout, theirs.dtype), tuple(ours[1:])
    return "" if said == found else f"torch has {found}"


class Compare(TorchDispatchMode):
    """Puts each call to the native rule, then to torch."""

    def __init__(self) -> None:
        super().__init__()
        self.wrong: list[str] = []

    def ask(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if func._schema.is_mutable:
            return None
        try:
            return _native.shape_rule(func, args, kwargs)
        except Exception as error:
            self.wrong.append(f"{func} on {args}, {kwargs}: {error!r}")
            raise

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        ours = self.ask(func, args, kwargs)
        inputs = [leaf for leaf in pytree.tree_leaves((args, kwargs)) if isinstance(leaf, torch.Tensor)]
        described = [(tuple(x.shape), x.stride(), x.dtype) for x in inputs]
        result = func(*args, **kwargs)
        name = func._schema.name
        if ours is None:
            deferred[name] += 1
            return result
        answered[name] += 1
        theirs = list(result) if isinstance(result, (list, tuple)) else [result]
        if len(theirs) != len(ours):
            self.wrong.append(f"{func}: {len(ours)} results where torch has {len(theirs)}")
        for mine, other in zip(ours, theirs, strict=False):
            if what := difference(mine, other, inputs):
                self.wrong.append(f"{func} on {described}, {args}, {kwargs}: {mine}, but {what}")
        return result


def as_it_is(x: torch.Tensor) -> list[int]:
    return list(x.stride())


def dense(x: torch.Tensor, innermost_first: list[int]) -> list[int]:
    strides, stride = [0] * x.dim(), 1
    for d in innermost_first:
        strides[d] = stride
        stride *= max(x.shape[d], 1)
    return strides


def reversed_order(x: torch.Tensor) -> list[int]:
    return dense(x, list(range(x.dim())))


def channels_last(x: torch.Tensor) -> list[int]:
    rows = list(range(x.dim()))
    return dense(x, [1, *rows[:1:-1], 0] if x.dim() in (4, 5) else rows[::-1])


def with_gaps(x: torch.Tensor) -> list[int]:
    return [2 * stride for stride in dense(x, list(range(x.dim()))[::-1])]


def expanded(x: torch.Tensor) -> list[int]:
    return [0 if d == 0 else stride for d, stride in enumerate(dense(x, list(range(x.dim()))[::-1]))]


def on_meta(sample: Any, strides: Callable[[torch.Tensor], list[int]]) -> tuple[Any, Any, Any]:
    def convert(x: Any) -> Any:
        if not isinstance(x, torch.Tensor) or x.layout != torch.strided:
            return x
        return torch.empty_strided(x.shape, strides(x), dtype=x.dtype, device="meta")

    return pytree.tree_map(convert, (sample.input, sample.args, sample.kwargs))


def cases(op: Any) -> Iterator[tuple[Any, Callable[[torch.Tensor], list[int]], Any]]:
    """Samples, layouts and the modes to run under."""
    for dtype in (torch.float32, torch.bfloat16, torch.int64):
        if dtype not in op.supported_dtypes("cpu"):
            continue
        samples = list(op.sample_inputs("cpu", dtype, requires_grad=False))
        few = samples[:: len(samples) // LAYOUT_SAMPLES + 1]
        for sample in few if op.name in SLOW or dtype == torch.int64 else samples:
            yield sample, as_it_is, torch.inference_mode
            if dtype == torch.float32:
                yield sample, as_it_is, torch.no_grad
        if dtype == torch.float32:
            for sample in few:
                for layout in (reversed_order, channels_last, with_gaps, expanded):
                    yield sample, layout, torch.inference_mode


def full_name(op: Any) -> str:
    return f"{op.name}.{op.variant_test_name}".rstrip(".")


@pytest.mark.parametrize("op", op_db, ids=full_name)
def test_native_rules_agree_with_torch(op: Any) -> None:
    entries_run.add(full_name(op))
    wrong: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for sample, layout, mode in cases(op):
            try:
                inputs, args, kwargs = on_meta(sample, layout)
            except (RuntimeError, NotImplementedError):
                continue  # sparse and other tensors that do not convert
            compare = Compare()
            try:
                with mode(), compare:
                    op.op(inputs, *args, **kwargs)
            except Exception:
                pass  # torch itself cannot run it on meta; the calls before count
            samples_run[op.name] += 1
            wrong += compare.wrong
    assert not wrong, "\n".join(wrong[:10])


# What FlopCounterMode has no formula for. Worked out by hand in test_operators.py.
# fmt: off
ONLY_OURS = {
    "aten::_cdist_forward", "aten::_euclidean_dist", "aten::_linalg_det", "aten::_linalg_slogdet",
    "aten::_linalg_solve_ex", "aten::_pdist_forward", "aten::_sparse_mm_reduce_impl", "aten::_trilinear",
    "aten::addbmm", "aten::addmv", "aten::cholesky", "aten::cholesky_inverse", "aten::cholesky_solve", "aten::dot",
    "aten::geqrf", "aten::linalg_cholesky_ex", "aten::linalg_householder_product", "aten::linalg_inv_ex",
    "aten::linalg_lu", "aten::linalg_lu_factor_ex", "aten::linalg_lu_solve", "aten::linalg_qr",
    "aten::linalg_solve_triangular", "aten::mv", "aten::ormqr", "aten::sparse_sampled_addmm",
    "aten::triangular_solve", "aten::vdot",
}
# fmt: on


class Applied(torch.nn.Module):
    """An operator of the database on one sample, as a model. It arrives whole, or where it must not, taken apart."""

    def __init__(self, op: Any, sample: tuple[Any, Any, Any], whole: bool) -> None:
        super().__init__()
        self.applied = lambda: op(sample[0], *sample[1], **sample[2])
        self.whole = whole

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if torch.is_inference_mode_enabled() and not self.whole:
            raise RuntimeError("Inference tensors are refused")  # thoplw then takes no_grad
        self.applied()
        return x


def counted_by_torch(op: Any, sample: Any) -> tuple[int, tuple[Any, Any, Any]] | None:
    """Two operations per multiply-add, on meta where that works, and the sample so; nothing where torch refuses."""
    for convert in (lambda: on_meta(sample, as_it_is), lambda: (sample.input, sample.args, sample.kwargs)):
        try:
            inputs, args, kwargs = convert()
            with torch.no_grad(), FlopCounterMode(display=False) as counter:
                op(inputs, *args, **kwargs)
            return counter.get_total_flops(), (inputs, args, kwargs)
        except Exception:
            continue
    return None


@pytest.mark.parametrize("op", op_db, ids=full_name)
@pytest.mark.filterwarnings("ignore")
def test_contractions_are_those_that_torch_counts(op: Any) -> None:
    if torch.float32 not in op.supported_dtypes("cpu"):
        pytest.skip("not for float32 on the CPU")
    samples = list(op.sample_inputs("cpu", torch.float32, requires_grad=False))
    for sample in samples[:: len(samples) // LAYOUT_SAMPLES + 1]:
        found = counted_by_torch(op.op, sample)
        if not found:
            continue
        whole, parts = (_native.capture(Applied(op.op, found[1], w), (torch.zeros(1),), {}, {}) for w in (True, False))
        ours = 2 * _native.count(whole, "exact").macs
        apart = 2 * _native.count(parts, "exact").macs
        if "aten::tensordot" in whole.operators and apart == 0:
            continue  # torch sums over all dimensions by an elementwise product: 4 of [2,2] and [2,2] are missed there
        assert ours == apart
        assert ours == found[0] or (ours > found[0] and ONLY_OURS.intersection(parts.operators)), sample
        counted_samples[op.name] += 1
        contracting_samples[op.name] += ours > 0


X = torch.empty(2, 3, 4, 4, device="meta")
TRUTH = torch.empty(2, 3, dtype=torch.bool, device="meta")
KERNEL = torch.empty(5, 3, 2, 2, device="meta")
# fmt: off
UNREACHED = [
    ("_convolution", lambda: torch._convolution(
        X, KERNEL, None, [1, 1], [0, 0], [1, 1], False, [0, 0], 1, False, False, True, True)),
    ("_upsample_bicubic2d_aa", lambda: torch.ops.aten._upsample_bicubic2d_aa(X, [3, 5], False)),
    ("clamp", lambda: X.mT.clamp(0, 6)),
    ("clamp_max", lambda: X.clamp_max(6)),
    ("concat", lambda: torch.concat([X, X])),
    ("concatenate", lambda: torch.concatenate([X, X])),
    ("logical_and", lambda: TRUTH.logical_and(TRUTH[0])),
    ("logical_or", lambda: TRUTH.logical_or(TRUTH[0])),
    ("logical_xor", lambda: TRUTH.logical_xor(TRUTH[0])),
    ("moveaxis", lambda: X.moveaxis(1, -1)),
    ("rand_like", lambda: torch.rand_like(X.mT)),
    ("swapaxes", lambda: X.swapaxes(1, 3)),
    ("swapdims", lambda: X.swapdims(1, 3)),
]
# fmt: on


@pytest.mark.parametrize(("name", "call"), UNREACHED)
def test_native_rules_that_the_database_does_not_reach(name: str, call: Callable[[], torch.Tensor]) -> None:
    before = answered[f"aten::{name}"]
    compare = Compare()
    with torch.inference_mode(), compare:
        call()
    assert not compare.wrong
    assert answered[f"aten::{name}"] == before + 1


def test_the_database_was_really_put_to_the_rules() -> None:
    """Lower bounds, so that the test above cannot pass by checking nothing."""
    if not entries_run.issuperset(map(full_name, op_db)):
        pytest.skip("only a part of the operator database was run")
    print(f"\n{sum(samples_run.values())} runs of samples")
    print(f"{sum(answered.values())} calls answered, {sum(deferred.values())} left to torch:")
    for name in sorted(answered):
        print(f"  {name} {answered[name]}/{deferred[name]}")
    print(f"{sum(counted_samples.values())} samples counted, {sum(contracting_samples.values())} with multiply-adds")
    assert sum(counted_samples.values()) >= 4_000
    assert sum(contracting_samples.values()) >= 200
    assert len(answered) >= 185
    assert sum(answered.values()) >= 60_000
    assert sum(samples_run.values()) >= 50_000

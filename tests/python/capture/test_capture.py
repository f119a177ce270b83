"""Capture of live models on any torch: nothing computed, the model left as found, the same numbers on every path."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

import thoplw
from thoplw import _native

TORCH = tuple(int(part) for part in torch.__version__.split("+")[0].split(".")[:2])


class Convolutions(nn.Module):
    """Conv, norm, activation, pool, linear: each leaf class once, one of them twice."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.norm = nn.BatchNorm2d(8)
        self.relu = nn.ReLU(inplace=True)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.drop = nn.Dropout(0.5)
        self.fc = nn.Linear(8, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.relu(self.norm(self.conv(x)))
        x = self.relu(x + 1)
        return self.fc(self.drop(self.pool(x).flatten(1)))

    def input(self, batch: int = 2) -> torch.Tensor:
        return torch.randn(batch, 3, 16, 16)

    @staticmethod
    def macs(batch: int = 2) -> int:
        conv = 8 * 3 * 9 * 256 + 8  # weights * positions + bias
        norm = 4 * 8 * 256
        pool = 8 * 2  # outputs * spatial dimensions
        return batch * (conv + norm + pool + 8 * 5 + 5)


class Attention(nn.Module):
    """A transformer block with functional attention, normalised twice."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(16)
        self.qkv = nn.Linear(16, 48)
        self.out = nn.Linear(16, 16)
        self.scale = nn.Parameter(torch.ones(16))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q, k, v = self.qkv(self.norm(x)).view(*x.shape[:2], 3, 2, 8).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v)
        return x + self.out(self.norm(y.transpose(1, 2).reshape(x.shape))) * self.scale

    def input(self, batch: int = 2) -> torch.Tensor:
        return torch.randn(batch, 10, 16)

    @staticmethod
    def macs(batch: int = 2) -> int:
        norm = 2 * 2 * 10 * 16
        linear = 10 * (16 * 48 + 48) + 10 * (16 * 16 + 16)
        attention = 2 * 10 * 10 * (8 + 8)  # heads * L * S * (E_qk + E_v)
        return batch * (norm + linear + attention)


class Recurrent(nn.Module):
    """Token ids into an embedding, an LSTM and a tied output."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(11, 6)
        self.lstm = nn.LSTM(6, 6, batch_first=True)
        self.head = nn.Linear(6, 11, bias=False)
        self.head.weight = self.embed.weight

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.head(self.lstm(self.embed(ids))[0])

    def input(self, batch: int = 2) -> torch.Tensor:
        return torch.randint(0, 11, (batch, 7))

    @staticmethod
    def macs(batch: int = 2) -> int:
        gates = 4 * (6 * 6 + 6 * 6 + 6 + 6)
        return batch * 7 * (gates + 6 * 11)


MODELS = [Convolutions, Attention, Recurrent]


def profile(model: nn.Module, tensor: Any, **options: Any) -> tuple[int, int, thoplw.LayerInfo]:
    return thoplw.profile(model, tensor, verbose=False, **options)


def rows_of(model: nn.Module, *args: Any, **options: Any) -> list[tuple[Any, ...]]:
    info = _native.count(_native.capture(model, args, {}, {}, **options), "thoplw")
    return [(r.name, r.cls, r.input_shape, r.output_shape, r.macs, r.params, r.calls, r.exact) for r in info]


# --- numbers


@pytest.mark.parametrize("kind", MODELS)
def test_by_hand(kind):
    model = kind()
    total, _, info = profile(model, model.input())
    assert total == kind.macs()
    assert info.exact
    assert sum(row.macs for row in info) == total
    assert sum(row.params for row in info) == info.params
    assert info.all_params == sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize("kind", MODELS)
def test_batch_n_is_n_times_batch_1(kind):
    model = kind()
    assert profile(model, model.input(7))[0] == 7 * profile(model, model.input(1))[0] == kind.macs(7)


@pytest.mark.parametrize("kind", MODELS)
def test_meta_weights_are_as_good_as_real_ones(kind):
    model = kind()
    x = model.input()
    with torch.device("meta"):
        on_meta = kind()
    assert all(tensor.is_meta for tensor in on_meta.state_dict().values())
    assert rows_of(model, x) == rows_of(on_meta, x)


@pytest.mark.parametrize("kind", MODELS)
def test_native_shape_rules_change_nothing(kind):
    model = kind()
    assert rows_of(model, model.input(), native_rules=True) == rows_of(model, model.input(), native_rules=False)


@pytest.mark.parametrize("kind", MODELS)
def test_a_real_forward_gives_the_same(kind):
    model = kind()
    assert rows_of(model, model.input()) == rows_of(model, model.input(), real=True)


@pytest.mark.parametrize("kind", [Convolutions, Attention])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_any_type_of_weights(kind, dtype):
    model = kind().to(dtype)
    assert profile(model, model.input().to(dtype))[0] == kind.macs()
    assert profile(model, tuple(model.input().shape))[0] == kind.macs()


@pytest.mark.parametrize("kind", MODELS)
def test_train_and_eval_give_the_same(kind):
    model = kind()
    assert rows_of(model.train(), model.input()) == rows_of(model.eval(), model.input())


@pytest.mark.parametrize("kind", [Convolutions, Attention])
def test_autocast(kind):
    model = kind()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert profile(model, model.input())[0] == kind.macs()
        assert torch.is_autocast_cpu_enabled() if TORCH < (2, 4) else torch.is_autocast_enabled("cpu")


def test_autocast_on_the_device_of_an_activation():
    """Which is meta, where torch has no autocast; models ask for it mostly to be without."""

    class Asks(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(4, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            with torch.autocast(x.device.type, enabled=False):
                x = self.fc(x)
            with torch.autocast(device_type=x.device.type, dtype=torch.bfloat16):
                return torch.relu(x)

    init = torch.autocast.__init__
    macs, _, info = thoplw.profile(Asks(), (2, 4), verbose=False)
    assert (macs, info.notes) == (2 * (4 * 3 + 3), [])
    assert torch.autocast.__init__ is init
    with pytest.raises(RuntimeError):
        torch.autocast("meta", enabled=False)


@pytest.mark.parametrize("mode", [torch.no_grad, torch.enable_grad, torch.inference_mode])
def test_under_any_grad_mode(mode):
    model = Convolutions()
    with mode():
        before = (torch.is_grad_enabled(), torch.is_inference_mode_enabled())
        assert profile(model, model.input())[0] == Convolutions.macs()
        assert (torch.is_grad_enabled(), torch.is_inference_mode_enabled()) == before


@pytest.mark.parametrize("kind", MODELS)
def test_data_parallel(kind):
    model = kind()
    wrapped = profile(nn.DataParallel(model), model.input())
    assert wrapped[0] == kind.macs()
    assert wrapped[1] == profile(model, model.input())[1]


@pytest.mark.skipif(TORCH < (2, 1), reason="torch.compile before 2.1 does not know Python 3.11")
@pytest.mark.parametrize("kind", MODELS)
def test_compiled_model(kind):
    model = kind()
    compiled = profile(torch.compile(model, backend="eager"), model.input())
    assert compiled[:2] == profile(model, model.input())[:2]


@pytest.mark.filterwarnings("ignore:.*deprecated")
def test_traced_models_are_counted_by_operator():
    model = Convolutions().eval()
    traced = torch.jit.trace(model, model.input())
    contractions = profile(model, model.input(), convention="exact")[0]
    assert profile(traced, model.input())[0] == contractions == 2 * (8 * 3 * 9 * 256 + 8 * 5)


def test_tied_weights_count_once():
    info = profile(Recurrent(), Recurrent().input())[2]
    assert info.all_params == 11 * 6 + 4 * (6 * 6 + 6 * 6 + 6 + 6)


def test_a_module_that_runs_twice_has_one_row_with_the_sum():
    shared = nn.Linear(4, 4)
    info = profile(nn.Sequential(shared, nn.ReLU(), shared), (3, 4))[2]
    assert [(row.name, row.calls, row.macs, row.params) for row in info] == [
        ("0", 2, 2 * 3 * 20, 20),
        ("1", 1, 0, 0),
    ]


def test_autograd_inside_the_forward():
    class Gradient(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(4, 4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            with torch.enable_grad():
                y = x.detach().requires_grad_(True)
                (slope,) = torch.autograd.grad(self.fc(y).sum(), y)
            return x + slope

    total, _, _ = profile(Gradient(), torch.randn(2, 4))
    assert total >= 2 * 20


# --- left as found


def state(model: nn.Module) -> list[Any]:
    """All that profile() must not change: keys, hooks, flags, bits, generators."""
    modules = [
        (
            name,
            list(m.__dict__),
            {k: list(v) for k, v in m.__dict__.items() if isinstance(v, dict) and "hooks" in k},
            {k: id(v) for k, v in m.__dict__.items() if k not in ("training",)},
            m.training,
            "forward" in m.__dict__,
        )
        for name, m in model.named_modules()
    ]
    bits = {key: (value.clone(), value.data_ptr()) for key, value in model.state_dict().items()}
    grads = [(name, p.requires_grad, p.grad is None) for name, p in model.named_parameters()]
    return [modules, bits, grads, torch.get_rng_state(), random.getstate()]


def assert_same(before: list[Any], after: list[Any]) -> None:
    assert before[0] == after[0]
    assert before[1].keys() == after[1].keys()
    for key, (value, pointer) in before[1].items():
        assert torch.equal(value, after[1][key][0]), key
        assert pointer == after[1][key][1], key
    assert before[2] == after[2]
    assert torch.equal(before[3], after[3])
    assert before[4] == after[4]


def scatter_flags(model: nn.Module, seed: int) -> None:
    """Gives each module a flag of its own."""
    pick = random.Random(seed)
    for module in model.modules():
        module.training = pick.random() < 0.5


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("real", [False, True])
def test_left_as_found(kind, seed, real):
    model = kind()
    scatter_flags(model, seed)
    calls: list[str] = []
    model.register_forward_hook(lambda *_: calls.append("mine"))
    x = model.input()
    copied = x.clone()
    before = state(model)
    _native.capture(model, (x,), {}, {}, real=real)
    assert_same(before, state(model))
    assert torch.equal(x, copied)
    assert calls == ["mine"]  # the user's own hooks do run
    assert model(x) is not None


class Relay(nn.Module):
    """Runs its layers; each may raise when its turn comes."""

    def __init__(self, layers: list[nn.Module]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in self.layers:
            x = layer(x)
        return x


class Bomb(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        raise LookupError("stop here")


# Trees of layers on 6 features, each with its multiply-adds for one row of input; None raises.
PRICED_LEAVES: list[tuple[Callable[[], nn.Module], int | None]] = [
    (lambda: nn.Linear(6, 6), 6 * 6 + 6),
    (lambda: nn.Linear(6, 6, bias=False), 6 * 6),
    (lambda: nn.BatchNorm1d(6), 4 * 6),
    (lambda: nn.LayerNorm(6), 2 * 6),
    (lambda: nn.Softmax(-1), 6),
    (lambda: nn.ReLU(inplace=True), 0),
    (lambda: nn.Dropout(0.9), 0),
    (Bomb, None),
]
priced_trees = st.recursive(
    st.sampled_from(PRICED_LEAVES).map(lambda leaf: (leaf[0](), leaf[1])),
    lambda children: st.lists(children, min_size=1, max_size=4).map(
        lambda parts: (
            Relay([module for module, _ in parts]),
            None if any(macs is None for _, macs in parts) else sum(macs for _, macs in parts),
        )
    ),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tree=priced_trees, seed=st.integers(0, 99), rows=st.integers(1, 5), real=st.booleans())
def test_any_tree_is_counted_and_left_as_found(tree, seed, rows, real):
    model, macs = tree
    scatter_flags(model, seed)
    x = torch.randn(rows, 6)
    before = state(model)
    if macs is None:
        with pytest.raises(thoplw.Error, match="stop here"):
            _native.capture(model, (x,), {}, {}, real=real)
    else:
        assert _native.count(_native.capture(model, (x,), {}, {}, real=real), "thoplw").macs == rows * macs
    assert_same(before, state(model))


class Raises(nn.Module):
    """Works for a while, changing what it can, then raises."""

    def __init__(self, error: type[BaseException]) -> None:
        super().__init__()
        self.body = Convolutions()
        self.error = error
        self.seen = 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        torch.rand(3)
        random.random()
        self.body(x)
        self.seen += 1
        self.cache = x
        self.body.norm.running_mean.add_(1)
        raise self.error("stop here")


@pytest.mark.parametrize("error", [KeyError, RuntimeError, ValueError, NotImplementedError, StopIteration])
def test_left_as_found_when_the_forward_raises(error):
    model = Raises(error)
    scatter_flags(model, 1)
    before = state(model)
    with pytest.raises(thoplw.Error, match="stop here") as caught:
        profile(model, (1, 3, 16, 16))
    assert isinstance(caught.value.__cause__, error)
    assert_same(before, state(model))
    assert model.seen == 0
    assert not hasattr(model, "cache")


def test_keyboard_interrupt_passes_through():
    model = Raises(KeyboardInterrupt)
    before = state(model)
    with pytest.raises(KeyboardInterrupt):
        profile(model, (1, 3, 16, 16))
    assert_same(before, state(model))


def test_after_an_error_the_next_model_counts_right():
    with pytest.raises(thoplw.Error):
        profile(Raises(RuntimeError), (1, 3, 16, 16))
    assert profile(Convolutions(), (2, 3, 16, 16))[0] == Convolutions.macs()
    torch.rand(3).sum().item()


def test_buffers_that_a_forward_replaces_or_fills_are_put_back():
    class Counter(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(4, 4)
            self.register_buffer("steps", torch.zeros(()))
            self.register_buffer("history", torch.zeros(3, 4))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            self.steps += 1
            self.history[0] = x[0]
            self.last = x
            self.history = self.history * 2
            return self.fc(x)

    model = Counter()
    x = torch.randn(2, 4)
    for real in (False, True):
        before = state(model)
        _native.capture(model, (x,), {}, {}, real=real)
        assert_same(before, state(model))


def test_inputs_that_a_forward_writes_to_are_put_back():
    x = torch.randn(2, 4)
    copied = x.clone()
    profile(nn.Sequential(nn.ReLU(inplace=True), nn.Linear(4, 4)), x)
    assert torch.equal(x, copied)


def test_hooks_of_the_user_see_the_model_run():
    seen: list[Any] = []
    model = Convolutions()
    model.conv.register_forward_pre_hook(lambda module, args: seen.append(tuple(args[0].shape)))
    model.fc.register_forward_hook(lambda module, args, out: seen.append(tuple(out.shape)))
    profile(model, (2, 3, 16, 16))
    assert seen == [(2, 3, 16, 16), (2, 5)]


# --- models that look at values


class EarlyExit(nn.Module):
    """Looks at its activations."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.second = nn.Linear(4, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.first(x)
        if y.abs().sum().item() >= 0:  # this line looks at a value
            y = self.second(y)
        return y


def test_fallback_to_a_real_forward_says_so(capsys):
    model, x = EarlyExit(), torch.randn(2, 4)
    before = state(model)
    total, _, info = thoplw.profile(model, x)
    assert total == 2 * 20 + 2 * 20
    assert len(info.notes) == 1
    assert "real forward" in info.notes[0]
    assert "test_capture.py" in info.notes[0]
    assert "y.abs().sum().item()" in info.notes[0]
    assert capsys.readouterr().err == f"thoplw: {info.notes[0]}\n"
    assert_same(before, state(model))


def test_fallback_with_a_shape_for_input():
    assert profile(EarlyExit(), (2, 4))[0] == 2 * 20 + 2 * 20


def test_weights_on_meta_and_a_look_at_values_name_the_line():
    with pytest.raises(thoplw.Error, match="looks at values") as caught:
        profile(EarlyExit().to("meta"), (2, 4))
    assert "test_capture.py" in str(caught.value)
    assert "y.abs().sum().item()" in str(caught.value)
    assert "real weights" in str(caught.value)


def test_token_ids_and_masks_can_be_looked_at():
    class Masked(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed = nn.Embedding(10, 4)
            self.fc = nn.Linear(4, 4)

        def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            x = self.embed(ids)
            positions = torch.arange(ids.shape[1], device=x.device)
            if not mask.all() or int(positions.max()) > 100:
                x = x * mask.unsqueeze(-1)
            return self.fc(x[:, : int(mask.sum(1).max())])

    ids, mask = torch.zeros(2, 6, dtype=torch.long), torch.ones(2, 6, dtype=torch.bool)
    mask[:, 3:] = False
    total, _, info = profile(Masked().to("meta"), [ids, mask])
    assert total == 2 * 3 * 20  # three positions are left of six
    assert info.notes == []


# --- operators without a rule


@pytest.fixture(scope="module")
def mystery() -> Callable[..., torch.Tensor]:
    """A user's own operator, as torch.library makes them."""
    library = torch.library.Library("thoplw_test", "DEF")
    library.define("mystery(Tensor x) -> Tensor")
    library.impl("mystery", lambda x: x * 2, "CPU")
    library.impl("mystery", lambda x: torch.empty_like(x), "Meta")
    mystery.library = library  # type: ignore[attr-defined]
    return torch.ops.thoplw_test.mystery


def test_an_unknown_operator_gives_a_lower_bound(mystery, capsys):
    class Block(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return mystery(mystery(x))

    model = nn.Sequential(nn.Linear(4, 4), nn.Sequential(Block()))
    total, _, info = thoplw.profile(model, (2, 4))
    assert total == 2 * 20
    assert not info.exact
    assert [(u.op, u.path, u.times) for u in info.uncounted] == [("thoplw_test::mystery", "1.0", 2)]
    assert "thoplw_test::mystery" in capsys.readouterr().err
    assert "1.0" in info.summary()
    assert "thoplw_test::mystery" in info.summary()
    assert [(row.name, row.exact) for row in info if not row.exact] == [("1.0", False)]


def test_strict_names_operator_and_layer(mystery):
    class Block(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return mystery(x)

    with pytest.raises(thoplw.Error, match=r"lower bound.*thoplw_test::mystery in 1"):
        profile(nn.Sequential(nn.Linear(4, 4), Block()), (2, 4), strict=True)


def test_an_unknown_operator_without_a_meta_kernel_runs_for_real():
    library = torch.library.Library("thoplw_test_cpu", "DEF")
    library.define("only_cpu(Tensor x) -> Tensor")
    library.impl("only_cpu", lambda x: x * 2, "CPU")

    class Block(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.ops.thoplw_test_cpu.only_cpu(x)

    _, _, info = profile(nn.Sequential(nn.Linear(4, 4), Block()), (2, 4))
    assert (info.macs, info.exact) == (2 * 20, False)
    assert "real forward" in info.notes[0]


def test_a_composite_without_a_rule_is_taken_apart():
    class Block(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.linalg.multi_dot([x, x, x])

    _, _, info = profile(Block(), (8, 8))
    assert info.macs == 2 * 8 * 8 * 8
    assert info.exact


# --- the trace


@pytest.mark.parametrize("kind", MODELS)
def test_the_trace_reads_back(kind):
    model = kind()
    trace = _native.capture(model, (model.input(),), {}, {})
    text = trace.text()
    assert text.startswith("thoplw trace 1\n")
    again = _native.Trace.parse(text)
    assert again.text() == text
    assert _native.count(again, "thoplw").summary() == _native.count(trace, "thoplw").summary()


def test_nothing_is_computed_and_no_memory_is_taken():
    # A product of 2^20 x 2^20 would need 4 TB for its result alone.
    model = nn.Linear(2**20, 2**20, bias=False, device="meta")
    assert profile(model, (2**20, 2**20))[0] == 2**60


class Writes(nn.Module):
    """Operators that change a tensor's layout in place, or write to one that they are given."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = x.relu()
        y.unsqueeze_(0)
        y.transpose_(1, 2)
        out = torch.empty_like(y)
        torch.mul(y, y, out=out)
        return out @ out.mT


def test_operators_that_write_to_a_tensor():
    macs, _, info = profile(Writes(), torch.randn(3, 4))
    assert macs == 1 * 4 * 3 * 4  # (1, 4, 3) @ (1, 3, 4)
    assert info.notes == []  # without a real forward
    assert [row.output_shape for row in info] == [(4, 4)]

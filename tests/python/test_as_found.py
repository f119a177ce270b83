"""A model, its inputs and the process are left as they were found, whatever a forward keeps or sets."""

from __future__ import annotations

import collections
import random
import threading
import types
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

import thoplw
from thoplw import _native

LINEAR = 2 * (32 * 32 + 32)  # Linear(32, 32) on two rows, with its biases


class Keeps(nn.Module):
    """A layer, and what `make` gives; `use` does to it what a forward might do."""

    def __init__(self, make: Callable[[], Any], use: Callable[[Any, torch.Tensor], Any]) -> None:
        super().__init__()
        self.layer = nn.Linear(32, 32)
        self.kept = make()
        self.use = use

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.layer(x)
        self.use(self.kept, y)
        return y


def profile(model: nn.Module, tensor: Any = (2, 32), **options: Any) -> Any:
    return thoplw.profile(model, tensor, verbose=False, **options)


# --- weights


def cast_to_double_and_back(layer: nn.Linear) -> None:
    layer.double().float()


def clamp_data(layer: nn.Linear) -> None:
    layer.weight.data = layer.weight.data.clamp(0, 1)


def other_sizes(layer: nn.Linear) -> None:
    layer.bias.data = torch.zeros(3, 5)
    layer.bias.data = torch.zeros(32)


def swap(layer: nn.Linear) -> None:
    with torch.no_grad():
        other = nn.Parameter(layer.weight * 2, requires_grad=False)
    torch.utils.swap_tensors(layer.weight, other)


def other_parameter(layer: nn.Linear) -> None:
    layer.weight = nn.Parameter(torch.zeros(32, 32))


def in_place(layer: nn.Linear) -> None:
    layer.weight.data.clamp_(0, 1)
    layer.bias.detach().add_(1)
    layer.bias.data[:3].zero_()


def set_flags(layer: nn.Linear) -> None:
    layer.requires_grad_(not layer.weight.requires_grad)
    layer.bias.requires_grad = False


def set_gradients(layer: nn.Linear) -> None:
    layer.weight.grad = None
    layer.bias.grad = torch.zeros(32)
    layer.weight.hook = layer.bias.register_hook(print) if layer.bias.requires_grad else None


def set_attributes(layer: nn.Linear) -> None:
    layer.weight.scale = layer.weight * 2
    layer.__dict__ = {**layer.__dict__, "scale": layer.weight * 2}
    layer.__class__ = type("Other", (nn.Linear,), {})


TO_WEIGHTS = [
    cast_to_double_and_back,
    clamp_data,
    other_sizes,
    swap,
    other_parameter,
    in_place,
    set_flags,
    set_gradients,
    set_attributes,
]


def bits(tensor: torch.Tensor) -> bytes:
    return bytes(tensor.detach().cpu().contiguous().view(torch.uint8).numpy().tobytes())


@pytest.mark.parametrize("real", [False, True])
@pytest.mark.parametrize("raises", [False, True])
@pytest.mark.parametrize("to_weights", TO_WEIGHTS)
def test_weights(to_weights, raises, real):
    class Changes(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(32, 32)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y = self.layer(x)
            to_weights(self.layer)
            if raises:
                raise LookupError("no more")
            return y

    model = Changes()
    model.layer.requires_grad_(to_weights is not swap)  # torch swaps no tensor of which autograd knows
    model.layer.weight.grad = torch.ones(32, 32)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    layer, parameters = model.layer, list(model.parameters())

    def state() -> list[Any]:
        return [
            (
                id(p),
                type(p),
                bits(p),
                p.shape,
                p.dtype,
                p.device,
                p.is_inference(),
                p.requires_grad,
                id(p.grad),
                dict(vars(p)),
                p._backward_hooks,
            )
            for p in model.parameters()
        ]

    before = state()
    if raises:
        with pytest.raises(thoplw.Error, match="no more"):
            _native.capture(model, (torch.ones(2, 32),), {}, {}, real=real)
    else:
        trace = _native.capture(model, (torch.ones(2, 32),), {}, {}, real=real)
        assert _native.count(trace, "thoplw").macs == LINEAR
    assert state() == before
    assert (model.layer, type(layer)) == (layer, nn.Linear)
    assert [id(p) for p in optimizer.param_groups[0]["params"]] == [id(p) for p in parameters]
    model.requires_grad_(True)
    for _ in range(2):
        model.zero_grad()
        layer(torch.ones(2, 32)).sum().backward()
        optimizer.step()
    assert torch.equal(layer.weight.grad, torch.full((32, 32), 2.0))  # of two rows of ones


def test_running_statistics_in_a_real_forward():
    class Norm(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(32, 32)
            self.register_buffer("mean", torch.zeros(32))
            self.var = torch.ones(32)  # no buffer

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y = F.batch_norm(self.layer(x), self.mean, self.var, training=True)
            return y * y.sum().item()

    model = Norm()
    assert profile(model, torch.randn(2, 32), convention="exact")[0] == 2 * 32 * 32
    assert torch.equal(model.mean, torch.zeros(32))
    assert torch.equal(model.var, torch.ones(32))


def test_a_gradient_that_a_forward_computes():
    class Learns(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(32, 32)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            with torch.enable_grad():
                y = self.layer(x.detach().requires_grad_(True))
                y.sum().backward()
            return y

    model = Learns()
    profile(model, torch.randn(2, 32))
    assert [p.grad for p in model.parameters()] == [None, None]


def test_weights_outside_of_the_model():
    outside, counter = nn.Parameter(torch.ones(32)), torch.zeros(3)

    def use(_: None, y: torch.Tensor) -> None:
        outside.data = outside.data.clamp(0, 1) * y.mean(0)
        counter.add_(1)

    assert profile(Keeps(lambda: None, use))[0] == LINEAR
    assert torch.equal(outside, torch.ones(32))
    assert torch.equal(counter, torch.zeros(3))


# --- Python state


class Plain:
    def __init__(self) -> None:
        self.grid = [torch.zeros(1)]
        self.size: Any = None


class Slotted:
    __slots__ = ("cache", "unset")

    def __init__(self) -> None:
        self.cache: Any = [1]


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
    model = Keeps(make, use)
    x, kept = torch.ones(2, 32), model.kept
    before = look(kept)
    for _ in range(2):
        trace = _native.capture(model, (x,), {}, {}, real=real)
        assert _native.count(trace, "thoplw").macs == LINEAR
        assert model.kept is kept
        assert look(kept) == before
    use(kept, x)  # and the use was one that shows
    assert look(kept) != before


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


# What a forward sets for the whole process, and what tells it.
SETTINGS: list[tuple[Callable[[], Any], Callable[[], Any]]] = [
    (lambda: torch.set_default_dtype(torch.float64), torch.get_default_dtype),
    (lambda: torch.set_default_device("meta"), lambda: torch.empty(1).device),
    (lambda: torch.use_deterministic_algorithms(True, warn_only=True), torch.are_deterministic_algorithms_enabled),
    (lambda: torch.set_grad_enabled(False), torch.is_grad_enabled),
    (lambda: torch.set_float32_matmul_precision("high"), torch.get_float32_matmul_precision),
    (lambda: torch.set_num_threads(torch.get_num_threads() + 1), torch.get_num_threads),
    (lambda: torch._C._set_cudnn_benchmark(True), torch._C._get_cudnn_benchmark),
    (lambda: torch.autograd.set_detect_anomaly(True), torch.is_anomaly_enabled),
]


@pytest.mark.parametrize("real", [False, True])
@pytest.mark.parametrize(("change", "look"), SETTINGS)
def test_settings_of_the_process(change, look, real):
    before = look()
    _native.capture(Keeps(lambda: None, lambda kept, y: change()), (torch.ones(2, 32),), {}, {}, real=real)
    assert look() == before


# --- flags


def test_a_delegated_flag_is_no_flag_of_its_own():
    class Wraps(nn.Module):
        """Ultralytics' YOLO: what it lacks, its model has."""

        def __init__(self) -> None:
            super().__init__()
            self.model = nn.Linear(32, 32)
            del self.training

        def __getattr__(self, name: str) -> Any:
            return getattr(super().__getattr__("model"), name) if name != "model" else super().__getattr__(name)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            assert not self.model.training
            return self.model(x)

    model = Wraps()
    assert profile(model)[0] == LINEAR
    assert "training" not in vars(model)
    assert model.model.training


def test_a_flag_of_the_class_and_one_that_is_a_property():
    class OfClass(nn.Linear):
        training = True

    class Property(nn.Linear):
        mode = True

        @property
        def training(self) -> bool:  # type: ignore[override]
            return self.mode

        @training.setter
        def training(self, mode: bool) -> None:
            self.mode = mode

    model = nn.Sequential(OfClass(32, 32), Property(32, 32))
    del model[0].training
    before = [list(vars(layer)) for layer in model]
    assert profile(model)[0] == 2 * LINEAR
    assert [list(vars(layer)) for layer in model] == before
    assert (model[0].training, model[1].training) == (True, True)


class Detector(nn.Module):
    """As Silero's: scripted, with a state between calls."""

    def __init__(self) -> None:
        super().__init__()
        self.cell = nn.Linear(32, 32)
        self.state = torch.zeros(0)
        self.history = []
        self.calls = 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.state.size(0) == 0:
            self.state = torch.zeros(2, 32)
        self.state = torch.tanh(self.cell(x) + self.state)
        self.history.append(self.state)
        self.calls += 1
        return self.state


# What TorchScript reads: types, not their names.
Detector.__annotations__ = {"state": torch.Tensor, "history": list[torch.Tensor], "calls": int}
Detector.forward.__annotations__ = {"x": torch.Tensor, "return": torch.Tensor}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("warm", [0, 1])
def test_scripted_modules(warm, tmp_path):
    scripted = torch.jit.script(Detector())
    torch.jit.save(scripted, tmp_path / "detector.pt")
    for model in (scripted, torch.jit.load(tmp_path / "detector.pt")):
        x = torch.randn(2, 32)
        for _ in range(warm):
            model(x)
        state, history = model.state, len(model.history)
        for _ in range(2):
            assert profile(model, x, convention="exact")[0] == 2 * 32 * 32
            assert model.state is state
            assert (len(model.history), model.calls, model.training) == (history, warm, True)
        wanted = torch.tanh(model.cell(x) + (state if warm else 0))
        assert torch.equal(model(x), wanted)


# --- inputs


class Handed(nn.Module):
    """A layer, and what is done with an input that is an object."""

    def __init__(self, use: Callable[[Any, nn.Module], Any]) -> None:
        super().__init__()
        self.layer = nn.Linear(32, 32)
        self.use = use

    def forward(self, given: Any, again: Any = None) -> Any:
        return (
            self.use(given, self.layer) if again is None else self.use(given, self.layer) + self.use(again, self.layer)
        )


class Lockable:
    """What deepcopy refuses."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.x: Any = torch.ones(2, 32)


def namespace() -> Any:
    return types.SimpleNamespace(x=torch.ones(2, 32), seen=[])


def consume(given: Any, layer: nn.Module) -> Any:
    given.x = layer(given.x)
    return given.x


def slotted() -> Slotted:
    given = Slotted()
    given.cache = [torch.ones(2, 32), (torch.ones(2, 32), "text")]
    return given


# An object, its use, and what of it is to be as it was.
OBJECTS: list[tuple[Callable[[], Any], Callable[[Any, nn.Module], Any], Callable[[Any], torch.Tensor]]] = [
    (namespace, consume, lambda given: given.x),
    (Lockable, consume, lambda given: given.x),
    (lambda: [torch.ones(2, 32)], lambda given, layer: layer(given.pop()), lambda given: given[0]),
    (lambda: {"a": torch.ones(2, 32)}, lambda given, layer: layer(given.pop("a")), lambda given: given["a"]),
    (
        lambda: collections.UserDict(a=torch.ones(2, 32)),
        lambda given, layer: layer(given.pop("a")),
        lambda given: given["a"],
    ),
    (lambda: collections.deque([torch.ones(2, 32)]), lambda given, layer: layer(given.pop()), lambda given: given[0]),
    (slotted, lambda given, layer: layer(given.cache.pop()[0]), lambda given: given.cache[1][0]),
]


@pytest.mark.parametrize("real", [False, True])
@pytest.mark.parametrize(("make", "use", "look"), OBJECTS)
def test_inputs_that_are_objects(make, use, look, real):
    model, given = Handed(use), make()
    tensor = look(given)
    for _ in range(2):
        trace = _native.capture(model, (given,), {}, {}, real=real)
        assert _native.count(trace, "thoplw").macs == LINEAR
        assert look(given) is tensor
        assert torch.equal(tensor, torch.ones(2, 32))


def test_one_object_given_twice_is_one():
    def use(given: Any, layer: nn.Module) -> Any:
        given.seen.append(layer(given.x))
        return given.seen[0]

    given = namespace()
    model = Handed(lambda given, layer: use(given, layer))
    inner = model.forward
    model.forward = lambda given, again: (inner(given, again), len(given.seen) == 2, given is again, given.x is again.x)  # type: ignore[method-assign]
    assert profile(model, [given, given])[0] == 2 * LINEAR
    assert (given.seen, given.x.device.type) == ([], "cpu")
    x = torch.ones(2, 32)
    same = Handed(lambda given, layer: layer(given[0] if given[0] is given[1] else given[0][:1]))
    assert profile(same, [[x, x]])[0] == LINEAR


def test_meta_tensors_in_objects_get_values_for_a_real_forward():
    given = types.SimpleNamespace(x=torch.empty(2, 32, device="meta"))
    model = Handed(lambda given, layer: layer(given.x) * given.x.sum().item())
    assert profile(model, [given])[0] == LINEAR
    assert given.x.is_meta


def test_iterators_serve_one_forward():
    model = Handed(lambda given, layer: layer(next(given)) + layer(next(given)))
    items = iter([torch.ones(2, 32)] * 2)
    for _ in range(2):
        assert profile(model, [items])[0] == 2 * LINEAR
    assert len(list(items)) == 2
    generator = (torch.ones(2, 32) for _ in range(2))
    assert profile(model, [generator])[0] == 2 * LINEAR
    with pytest.raises(thoplw.Error, match="a generator that an earlier forward has begun to use up: give a list"):
        profile(model, [generator])


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_a_decoding_step_with_the_callers_cache():
    transformers = pytest.importorskip("transformers")
    sizes = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4}
    config = transformers.LlamaConfig(vocab_size=100, num_key_value_heads=2, **sizes)
    model = transformers.LlamaForCausalLM(config).eval()
    cache = transformers.DynamicCache(config=config)
    prompt = torch.arange(10)[None]
    with torch.no_grad():
        model(prompt, past_key_values=cache)
    layers = [(layer.keys, layer.values) for layer in cache.layers]
    given = {"input_ids": torch.tensor([[11]]), "past_key_values": cache, "cache_position": torch.tensor([10])}
    # Queries and results, keys and values of 2 heads of 16, attention to 11 positions, three products of the MLP; head
    step = 2 * (2 * 64 * 64 + 2 * 64 * 32 + 2 * 11 * 64 + 3 * 64 * 128) + 64 * 100
    for _ in range(3):
        assert profile(model, given, convention="exact")[0] == step == 82944
        for layer, (keys, values) in zip(cache.layers, layers, strict=True):
            assert (layer.keys is keys, layer.values is values) == (True, True)
    assert cache.get_seq_length() == 10
    with torch.no_grad():
        assert model(**given).logits.isfinite().all()

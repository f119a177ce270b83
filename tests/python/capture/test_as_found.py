"""Weights and flags of a model are left as they were found, whatever a forward sets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

import thoplw
from keeps import LINEAR, Keeps, profile
from thoplw import _native


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


ACCUMULATES = hasattr(torch.Tensor, "register_post_accumulate_grad_hook")  # from torch 2.1 on


def add_hooks(layer: nn.Linear) -> None:
    for parameter in layer.parameters():
        if parameter.requires_grad:
            parameter.register_hook(print)
            if ACCUMULATES:
                parameter.register_post_accumulate_grad_hook(print)


def set_attributes(layer: nn.Linear) -> None:
    layer.weight.scale = layer.weight * 2
    layer.__dict__ = {**layer.__dict__, "scale": layer.weight * 2}
    layer.__class__ = type("Other", (nn.Linear,), {})


TO_WEIGHTS = [
    cast_to_double_and_back,
    clamp_data,
    other_sizes,
    pytest.param(swap, marks=pytest.mark.skipif(not hasattr(torch.utils, "swap_tensors"), reason="from torch 2.3 on")),
    other_parameter,
    in_place,
    set_flags,
    set_gradients,
    add_hooks,
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
                getattr(p, "_post_accumulate_grad_hooks", None),
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


def tripled(parameter: nn.Parameter) -> None:
    parameter.grad *= 3  # type: ignore[operator]


@pytest.mark.skipif(not ACCUMULATES, reason="from torch 2.1 on")
@pytest.mark.parametrize("real", [False, True])
def test_hooks_beside_others(real):
    class Hooks(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(32, 32)
            self.first = self.layer.weight.register_hook(lambda grad: grad * 2)
            self.layer.bias.register_post_accumulate_grad_hook(tripled)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            self.first.remove()
            for parameter in self.layer.parameters():
                parameter.register_hook(lambda grad: grad * 5)
                parameter.register_post_accumulate_grad_hook(tripled)
            return self.layer(x)

    model = Hooks()
    trace = _native.capture(model, (torch.ones(2, 32),), {}, {}, real=real)
    assert _native.count(trace, "thoplw").macs == LINEAR
    model.layer(torch.ones(2, 32)).sum().backward()
    assert torch.equal(model.layer.weight.grad, torch.full((32, 32), 2.0 * 2))  # of two rows of ones, by the first hook
    assert torch.equal(model.layer.bias.grad, torch.full((32,), 2.0 * 3))


class Doubled(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * 2


def add_parametrization(layer: nn.Linear) -> None:
    nn.utils.parametrize.register_parametrization(layer, "bias", Doubled())
    nn.utils.parametrize.register_parametrization(layer, "weight", Doubled())


def remove_parametrization(layer: nn.Linear) -> None:
    nn.utils.parametrize.remove_parametrizations(layer, "weight")


def remove_and_norm(layer: nn.Linear) -> None:
    remove_parametrization(layer)
    if hasattr(nn.utils.parametrizations, "weight_norm"):  # from torch 2.1 on
        nn.utils.parametrizations.weight_norm(layer)
        nn.utils.parametrizations.spectral_norm(layer, "bias" if layer.bias.dim() > 1 else "weight")


def patch_class(layer: nn.Linear) -> None:
    type(layer).scale = 2  # type: ignore[attr-defined]
    del type(layer).weight
    type(layer).weight = torch.zeros(32, 32)


@pytest.mark.parametrize("change", [add_parametrization, remove_parametrization, remove_and_norm, patch_class])
@pytest.mark.parametrize("twice", [False, True])
def test_parametrizations_on_a_layer_that_has_some(change, twice):
    class Changes(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(32, 32)
            nn.utils.parametrize.register_parametrization(self.layer, "weight", Doubled())
            if twice:
                nn.utils.parametrize.register_parametrization(self.layer, "bias", Doubled())

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y = self.layer(x)
            change(self.layer)
            return y

    model, x = Changes(), torch.randn(2, 32)
    layer, wanted = model.layer, model.layer(x)
    before = (type(layer), sorted(vars(type(layer))), sorted(model.state_dict()))
    for _ in range(2):
        profile(model)
        assert (type(layer), sorted(vars(type(layer))), sorted(model.state_dict())) == before
        assert torch.equal(layer(x), wanted)
    layer(x).sum().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


class Named(nn.Parameter):
    pass


# Nobody has looked at the bias: it has no dictionary yet.
ON_A_BARE_TENSOR = {
    "an attribute": lambda layer: setattr(layer.bias, "scale", layer.bias * 2),
    "another's dictionary": lambda layer: setattr(layer.bias, "__dict__", layer.weight.__dict__),
    "another class": lambda layer: setattr(layer.bias, "__class__", Named),
}


@pytest.mark.parametrize("raises", [False, True])
@pytest.mark.parametrize("change", ON_A_BARE_TENSOR.values(), ids=ON_A_BARE_TENSOR.keys())
def test_a_parameter_without_attributes(change, raises):
    class Sets(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(32, 32)
            self.layer.weight.seen = 1

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y = self.layer(x)
            change(self.layer)
            if raises:
                raise LookupError("no more")
            return y

    model = Sets()
    if raises:
        with pytest.raises(thoplw.Error, match="no more"):
            profile(model, torch.ones(2, 32))
    else:
        assert profile(model, torch.ones(2, 32))[0] == LINEAR
    assert type(model.layer.bias) is nn.Parameter
    assert (vars(model.layer.weight), vars(model.layer.bias)) == ({"seen": 1}, {})


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


class Shares(nn.Module):
    """Tensors, and arrays that share memory with them."""

    def __init__(self, write: Callable[[Any], Any]) -> None:
        super().__init__()
        self.layer = nn.Linear(32, 32)
        self.register_buffer("buffer", torch.zeros(4))
        self.plain, self.integers = torch.zeros(4), torch.zeros(4, dtype=torch.int64)
        self.array = np.zeros(4)
        self.of_array = torch.from_numpy(self.array)
        self.view = self.plain.numpy()
        self.write = write

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.layer(x)
        self.write(self)
        return y


def write_to(array: Any) -> None:
    array += 1


WRITES: list[Callable[[Any], Any]] = [
    lambda model: write_to(model.buffer.numpy()[1:]),
    lambda model: write_to(model.plain.numpy()),
    lambda model: write_to(model.integers[:2].numpy()),
    lambda model: write_to(np.asarray(model.buffer)),
    lambda model: write_to(model.layer.weight.data.numpy()),
    lambda model: write_to(model.layer.bias.detach().numpy()) if not model.layer.bias.detach().is_meta else None,
    lambda model: write_to(model.array),
    lambda model: write_to(model.view),
    lambda model: model.of_array.add_(1),
    lambda model: model.of_array.numpy().fill(3),
]


@pytest.mark.parametrize("real", [False, True])
@pytest.mark.parametrize("write", WRITES)
def test_arrays_that_share_memory(write, real):
    model = Shares(write)
    weights = [parameter.detach().clone() for parameter in model.parameters()]
    for _ in range(2):
        trace = _native.capture(model, (torch.ones(2, 32),), {}, {}, real=real)
        assert _native.count(trace, "thoplw").macs == LINEAR
        assert [kept.tolist() for kept in (model.buffer, model.plain, model.integers, model.of_array)] == [[0] * 4] * 4
        assert (model.array.tolist(), model.view.tolist()) == ([0] * 4, [0] * 4)
        assert all(map(torch.equal, model.parameters(), weights))


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


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "error::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("prepare", [torch.jit.freeze, torch.jit.optimize_for_inference])
def test_frozen_modules_hold_what_only_inference_mode_may_write_to(prepare):
    layers = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(inplace=True), nn.ReLU(inplace=True))
    model, x = prepare(torch.jit.script(layers.eval())), torch.randn(1, 3, 8, 8)
    wanted = model(x)
    for _ in range(2):
        _native.capture(model, (x,), {}, {}, real=True)
        assert torch.equal(model(x), wanted)


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


@pytest.mark.skipif(torch.__version__ < "2.1", reason="its scripts know no list[...] as a type")
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

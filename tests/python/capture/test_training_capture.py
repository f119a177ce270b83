"""A capture for training: the mode, where autograd records, what it treats as one, and how long memory lives."""

from __future__ import annotations

import copy
import inspect
import os
import subprocess
import sys
import threading
from typing import Any, ClassVar

import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from found import found as found_with_versions
from live_memory import peak, storages, true_peak
from thoplw import _native
from torch_version import VERSION
from transformer_models import ids
from vision import build_on_meta, import_torchvision

KB = 1024  # a tensor of 4 rows and 64 floats
has_early_stop = "early_stop" in inspect.signature(checkpoint).parameters
needs_early_stop = pytest.mark.skipif(not has_early_stop, reason="this torch has no such option of a checkpoint")


def captured(model: nn.Module, *args: Any, **kwargs: Any) -> _native.Trace:
    return _native.capture(model, args, kwargs, {}, training=True)


def lines(model: nn.Module, *args: Any, **kwargs: Any) -> list[str]:
    """Of the trace: operators, regions and storages, without indentation."""
    text = captured(model, *args, **kwargs).text().splitlines()
    return [line.strip() for line in text if line.lstrip().startswith(("aten::", "region", "storage"))]


def found(model: nn.Module) -> list[Any]:
    """All that is to be as it was: values, but not how often torch has written them."""
    modules, held, *rest = found_with_versions(model)
    return [modules, [(name, which, values) for name, which, _, values in held], *rest]


def starting(with_: str, among: list[str]) -> list[str]:
    return [line for line in among if line.startswith(with_)]


class Unet(nn.Module):
    """Keeps what goes down until it comes up."""

    def __init__(self, c: int = 8) -> None:
        super().__init__()
        self.down, self.deep = self.block(3, c), self.block(c, 2 * c)
        self.pool, self.up = nn.MaxPool2d(2), nn.ConvTranspose2d(2 * c, c, 2, stride=2)
        self.last = nn.Sequential(self.block(2 * c, c), nn.Conv2d(c, 2, 1))

    def block(self, i: int, o: int) -> nn.Module:
        return nn.Sequential(nn.Conv2d(i, o, 3, padding=1), nn.BatchNorm2d(o), nn.ReLU(inplace=True))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        a = self.down(x)
        b = self.deep(self.pool(a))
        return self.last(torch.cat([self.up(b), a], 1))


def vision(name: str) -> Any:
    return lambda: (build_on_meta(name).to("meta"), (torch.zeros(2, 3, 64, 64, device="meta"),), {})


def language(model: str, config: str, **settings: Any) -> Any:
    def build() -> Any:
        transformers = pytest.importorskip("transformers", minversion="5.0")
        made = getattr(transformers, config)(**settings, attn_implementation="sdpa")
        return getattr(transformers, model)(made), (), {"input_ids": ids(2, 16)}

    return build


LLAMA = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4}
LLAMA |= {"num_key_value_heads": 2, "vocab_size": 100, "use_cache": False}
BERT = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4}
GPT2 = {"n_embd": 64, "n_layer": 2, "n_head": 4, "vocab_size": 100, "n_positions": 32, "use_cache": False}
VIT = {"image_size": 64, "patch_size": 16, "num_layers": 2, "num_heads": 2, "hidden_dim": 64, "mlp_dim": 128}


def vit() -> Any:
    return import_torchvision().models.VisionTransformer(**VIT), (torch.zeros(2, 3, 64, 64),), {}


MODELS = {
    "resnet18": vision("resnet18"),
    "mobilenet_v3_large": vision("mobilenet_v3_large"),
    "densenet121": vision("densenet121"),
    "swin_t": vision("swin_t"),
    "convnext_tiny": vision("convnext_tiny"),
    "vit": vit,
    "unet": lambda: (Unet(), (torch.zeros(2, 3, 16, 16),), {}),
    "bert": language("BertForSequenceClassification", "BertConfig", **BERT, vocab_size=100),
    "gpt2": language("GPT2LMHeadModel", "GPT2Config", **GPT2),
    "llama": language("LlamaForCausalLM", "LlamaConfig", **LLAMA),
}


@pytest.mark.parametrize("name", MODELS if os.environ.get("THOPLW_SWEEP") else ["resnet18", "swin_t", "bert", "llama"])
def test_the_most_memory_is_what_torch_holds(name):
    model, args, kwargs = MODELS[name]()
    model.train()
    trace = _native.capture(model, args, kwargs, {}, training=True)
    assert peak(trace) == true_peak(model, args, kwargs) > 0
    own = {tensor.untyped_storage()._cdata: tensor.untyped_storage().nbytes() for tensor in model.parameters()}
    own |= {tensor.untyped_storage()._cdata: tensor.untyped_storage().nbytes() for tensor in model.buffers()}
    given = sum(tensor.untyped_storage().nbytes() for tensor in (*args, *kwargs.values()))
    assert sum(size for size, born, _ in storages(trace) if born is None) == sum(own.values()) + given


class Branches(nn.Module):
    """Operators 0 to 8; what died at 9 outlived them all, and is gone with the forward's variables."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = x * 2
        z = y.t().reshape(4, 64).detach()  # a copy, and a view of it
        y.relu_()
        w = z[1:] + 1
        del z
        return w + y[1:]


def test_storages():
    assert starting("storage", lines(Branches(), torch.zeros(4, 64))) == [
        "storage 1024 (%0:f32[4,64], %1:f32[4,64])",  # the input, and what stands for it
        "storage 1024 born=0 died=9 (%2:f32[4,64], %3:f32[64,4]@[1,64], %8:f32[3,64])",
        "storage 1024 born=2 died=7 (%4:f32[4,64], %5:f32[4,64], %6:f32[3,64])",  # del z, and its slice is read by add
        "storage 768 born=6 died=9 (%7:f32[3,64])",
        "storage 768 born=8 (%9:f32[3,64])",
    ]


LOADS_THE_COMPILER = """
import torch
from thoplw import _native

class Model(torch.nn.Module):
    def forward(self, x):
        y = torch.lgamma(x)
        z = torch.digamma(y)  # torch's own meta kernel, in Python
        del y
        return torch.erfinv(z)

captured = [_native.capture(Model(), (torch.zeros(4),), {}, {}, training=True).text() for _ in range(2)]
assert captured[0] == captured[1], captured
"""


def test_the_first_capture_of_a_process_sees_the_same():
    subprocess.run([sys.executable, "-c", LOADS_THE_COMPILER], check=True)


class Data(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = (x * 2).data
        return y + 1


def test_the_data_of_an_activation():
    assert len(starting("storage", lines(Data(), torch.zeros(4, 64)))) == 3  # x, y, and what is returned


class Keeps(nn.Module):
    """A cache outlives the forward that fills it."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.cache = x + 1
        return (self.cache * 2).sum()


def test_what_the_model_keeps_stays():
    kept, gone, result = starting("storage", lines(Keeps(), torch.zeros(4, 64)))[1:]
    assert kept == "storage 1024 born=0 (%2:f32[4,64])"
    assert gone == "storage 1024 born=1 died=3 (%3:f32[4,64])"
    assert result == "storage 4 born=2 (%4:f32[])"


class Teacher(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.teacher, self.student = nn.Linear(64, 64), nn.Linear(64, 64)

    @torch.no_grad()
    def labels(self, x: torch.Tensor) -> torch.Tensor:
        with torch.enable_grad():
            y = x * 2
        return self.teacher(y)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        with torch.inference_mode():
            x.sum()
        return self.student(x) - self.labels(x)


def test_where_autograd_is_off():
    operators = [
        (line.split("(")[0], line.endswith(" no_grad"))
        for line in starting("aten", lines(Teacher(), torch.zeros(4, 64)))
    ]
    assert operators == [
        ("aten::sum", True),
        ("aten::linear", False),
        ("aten::mul", False),
        ("aten::linear", True),
        ("aten::sub", False),
    ]


class Checkpointed(nn.Module):
    def __init__(self, **options: Any) -> None:
        super().__init__()
        self.layer, self.options = nn.Linear(64, 64), options

    def part(self, x: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
        return self.layer(x * scale).relu()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = x + 1
        y = checkpoint(self.part, y, torch.ones(64), **self.options)
        with torch.no_grad():
            checkpoint(self.part, y, torch.ones(64), **self.options)
        return y.sum()


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("checkpoint" if VERSION > (2, 0) else "reentrant", {"use_reentrant": False}),
        ("reentrant", {"use_reentrant": True}),
        pytest.param("reentrant", {"use_reentrant": False, "early_stop": False}, marks=needs_early_stop),
    ],
)
def test_checkpoints(kind, options):
    given = "(%4:f32[4,64], %5:f32[64])"
    assert starting("region", lines(Checkpointed(**options), torch.zeros(4, 64))) == [
        f'region {kind} "" 2 5 {given} -> (%8:f32[4,64]) keeps {given}'  # mul, linear, relu
    ]


class InThreads(nn.Module):
    """Each thread waits for the other in the middle of its checkpoint, so that their operators mix."""

    def __init__(self) -> None:
        super().__init__()
        self.parts = nn.ModuleList([Part(nn.ReLU()), Part(nn.Tanh())])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        results: dict[int, torch.Tensor] = {}
        both = threading.Barrier(2)

        def work(i: int) -> None:
            results[i] = checkpoint(self.parts[i], x, both, use_reentrant=False)

        threads = [threading.Thread(target=work, args=(i,)) for i in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return results[0] + results[1]


class Part(nn.Module):
    def __init__(self, last: nn.Module) -> None:
        super().__init__()
        self.last = last

    def forward(self, x: torch.Tensor, both: threading.Barrier) -> torch.Tensor:
        y = x * 2
        both.wait()
        z = y + 1
        both.wait()
        return self.last(z)


def test_checkpoints_of_threads():
    found = lines(InThreads(), torch.zeros(4, 64))
    operators = [line.split("(")[0] for line in starting("aten", found)]
    regions = [[int(number) for number in line.split()[3:5]] for line in starting("region", found)]
    inside = [operators[first:end] for first, end in regions]
    assert sorted(inside) == [[*["aten::mul", "aten::add"], last] for last in ("aten::relu", "aten::tanh")]
    assert len(starting("storage 1024", found)) == 8  # the input, three of each thread, and what is returned


class Square(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, factor: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(x)
        ctx.double = x * 2 if ctx.needs_input_grad[1] else None
        return x * x * factor

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> Any:
        return grad * ctx.double, None


class Cube(torch.autograd.Function):
    """The newer style, which calls another function."""

    @staticmethod
    def forward(x: torch.Tensor, factor: float = 3) -> torch.Tensor:
        return Square.apply(x, torch.ones(64)) * x

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: torch.Tensor) -> None:
        ctx.save_for_backward(inputs[0], output)
        ctx.factor = inputs[1]

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> Any:
        return grad, None


class Functions(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.ones(64))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return Cube.apply(Square.apply(x + 1, self.factor))


def test_custom_functions():
    inner = "(%3:f32[4,64], %0:f32[64]) -> (%6:f32[4,64]) keeps (%3:f32[4,64], %4:f32[4,64])"
    outer = "(%6:f32[4,64]) -> (%10:f32[4,64]) keeps (%6:f32[4,64], %10:f32[4,64])"
    assert starting("region", lines(Functions(), torch.zeros(4, 64))) == [
        f'region function "{__name__}.Square" 1 4 {inner}',
        f'region function "{__name__}.Cube" 4 8 {outer}',  # what is inside records nothing: autograd is off there
    ]


square = Square.apply  # as many models have it


class Asks(torch.autograd.Function):
    """Of its context what it was told, or what only torch's own has."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, more: bool) -> torch.Tensor:
        ctx.save_for_backward(x)
        y = x * 2
        assert (not ctx.metadata) if more else (ctx.name() == "AsksBackward" and ctx.saved_tensors[0] is x)
        return y

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> Any:
        return grad, None


@pytest.mark.parametrize("more", [False, True])
def test_what_a_function_asks_of_its_context(more):
    class Model(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return Asks.apply(x, more)

    found = lines(Model(), torch.zeros(4, 64))
    assert [line.split("(")[0] for line in starting("aten", found)] == ["aten::mul"]  # once in either case
    kept = "" if more else "%1:f32[4,64]"
    tensors = f"(%1:f32[4,64]) -> (%{3 if more else 2}:f32[4,64]) keeps ({kept})"
    assert starting("region", found) == [f'region function "{__name__}.Asks" 0 1 {tensors}']
    assert bool(captured(Model(), torch.zeros(4, 64)).notes) is more


class Named(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return square(x, torch.ones(64))


def test_a_function_under_another_name():
    tensors = "(%1:f32[4,64], %2:f32[64]) -> (%4:f32[4,64]) keeps (%1:f32[4,64])"
    assert starting("region", lines(Named(), torch.zeros(4, 64))) == [
        f'region function "{__name__}.Square" 1 3 {tensors}',
    ]


class Hooked(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(64, 64)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.layer(x)
        y.register_hook(lambda grad: grad.clamp(-1, 1))
        y.retain_grad()
        return y * 2


def test_hooks_of_gradients():
    trace = captured(Hooked(), torch.zeros(4, 64))
    assert (trace.notes, peak(trace)) == ([], 2 * KB)
    with pytest.raises(RuntimeError, match="register a hook"):  # torch's own is back
        torch.ones(2).register_hook(print)


class ChangesLayout(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = x + 1
        y.unsqueeze_(0)
        return (y * 2).detach_()


def test_what_goes_into_an_operator_that_changes_the_layout():
    assert [line.split(" {")[0] for line in starting("aten", lines(ChangesLayout(), torch.zeros(4, 64)))] == [
        "aten::add(%1:f32[4,64]) -> %2:f32[4,64]",
        "aten::unsqueeze_(%2:f32[4,64]) -> %3:f32[1,4,64]",
        "aten::mul(%3:f32[1,4,64]) -> %4:f32[1,4,64]",
        "aten::detach_(%4:f32[1,4,64]) -> %5:f32[1,4,64]",
    ]


class Attends(nn.Module):
    def __init__(self, learned: bool) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(5, 5), requires_grad=learned)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        heads = x.view(2, 5, 4, 8).transpose(1, 2)
        out = nn.functional.scaled_dot_product_attention(heads, heads, heads, attn_mask=self.bias * 1)
        return out.transpose(1, 2).contiguous()


@pytest.mark.parametrize(("learned", "copied"), [(False, False), (True, True)])
def test_the_layout_of_an_attention(learned, copied):
    model, x = Attends(learned), torch.zeros(2, 5, 32)
    out = nn.functional.scaled_dot_product_attention(
        *[x.view(2, 5, 4, 8).transpose(1, 2)] * 3, attn_mask=model.bias * 1
    )
    if VERSION > (2, 5):  # a fused kernel takes the mask, unless it wants a gradient
        assert out.transpose(1, 2).is_contiguous() is not copied
    assert bool(starting("aten::contiguous", lines(model, x))) is copied


class Requires(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x.requires_grad = True
        y = (x * 2).detach()
        return y.requires_grad_().sum()


def test_gradients_asked_for_in_forward():
    operators = starting("aten", lines(Requires(), torch.zeros(4, 64)))
    assert [line.split("(")[0] for line in operators] == [
        "aten::requires_grad_", "aten::mul", "aten::detach", "aten::requires_grad_", "aten::sum",
    ]  # fmt: skip
    assert operators[0] == "aten::requires_grad_(%1:f32[4,64]) -> %1:f32[4,64]"
    assert not starting(
        "aten::requires_grad_", _native.capture(Requires(), (torch.zeros(4, 64),), {}, {}).text().split()
    )


class Needs(torch.autograd.Function):
    asked: ClassVar[list[Any]] = []

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        Needs.asked += [ctx.needs_input_grad, x.requires_grad, (x * 2).requires_grad]
        return x * y

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> Any:
        return grad, grad


class Hears(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.layer(x)
        Needs.asked += [t.requires_grad for t in (x, y, y.detach(), y > 0, y.detach().requires_grad_(), y[0], x * 2)]
        return Needs.apply(y, x * 2)


def test_what_the_forward_hears_of_gradients():
    model, x = Hears(), torch.zeros(3, 4)
    Needs.asked = []
    model(x)
    truth, Needs.asked = Needs.asked, []
    _native.capture(model, (x,), {}, {}, training=True)
    assert truth == [False, True, False, False, True, True, False, (True, False), True, False] == Needs.asked


class Norms(nn.Module):
    """The second norm is frozen: in eval, whatever the model is."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.drop = nn.BatchNorm2d(3), nn.BatchNorm2d(3), nn.Dropout(0.5)
        self.register_buffer("calls", torch.zeros((), dtype=torch.int64))
        self.second.eval()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        torch.rand(3)
        return self.drop(self.second(self.first(x)))


@pytest.mark.parametrize("real", [False, True])
@pytest.mark.parametrize("training", [False, True])
def test_modes_and_statistics_are_as_found(training, real):
    model = Norms()
    if not training:
        model.eval()
    x = torch.rand(2, 3, 4, 4)
    before = found(model)
    trace = _native.capture(model, (x,), {}, {}, training=True, real=real)
    assert found(model) == before
    counted = trace.text().count("aten::add_(")
    assert counted == (2 if training else 3)  # of calls, and of batches by each norm that trains
    assert "\nmode train\n" in trace.text()
    assert "\nmode train\n" not in _native.capture(model, (x,), {}, {}).text()


def test_a_norm_counts_its_batches_by_either_way():
    shortcut, hooked = Norms(), Norms()
    hooked.first.register_forward_hook(lambda *_: None)
    x = torch.zeros(2, 3, 4, 4)
    assert captured(shortcut, x).text() == captured(hooked, x).text()


def test_a_failing_forward_leaves_all_as_found():
    class Fails(Norms):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            checkpoint(super().forward, x, use_reentrant=False)
            raise LookupError("no more")

    model = Fails().eval()
    before = found(model)
    with pytest.raises(_native.Error, match="no more"):
        captured(model, torch.zeros(2, 3, 4, 4))
    assert found(model) == before
    y = checkpoint(nn.Linear(2, 2), torch.ones(1, 2), use_reentrant=False)  # torch's own is back
    y.sum().backward()


class Frozen(Norms):
    """Sets its own modes."""

    def train(self, mode: bool = True) -> Frozen:
        super().train(mode)
        self.first.eval()
        return self


def test_a_model_trains_its_own_way():
    model = Frozen().eval()
    before = found(model)
    trace = captured(model, torch.zeros(2, 3, 4, 4))
    assert found(model) == before
    batches = [f"add_(%{value}:i64[]) -> %{value}:i64[]" for value in (5, 10)]
    assert [batches in trace.text() for batches in batches] == [False, True]


def test_a_checkpoint_that_raises():
    class Catches(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            with pytest.raises(LookupError):
                checkpoint(self.part, x, use_reentrant=False)
            return x * 2

        def part(self, x: torch.Tensor) -> torch.Tensor:
            raise LookupError(str((x + 1).shape))

    assert [line.split("(")[0] for line in starting("aten", lines(Catches(), torch.zeros(4, 64)))] == [
        "aten::add",
        "aten::mul",
    ]


def test_a_capture_within_a_capture():
    class Profiles(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            self.inner = captured(Functions(), torch.zeros(4, 64)).text()
            return checkpoint(torch.relu, square(x, torch.ones(64)), use_reentrant=False)

    outer = captured(Profiles(), torch.zeros(4, 64)).text()
    assert outer.count("\nregion function") == outer.count("\nregion checkpoint") == 1


def test_autocast_in_the_forward_is_told():
    class Mixes(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            with torch.autocast("cpu", torch.bfloat16, enabled=self.on):
                return x * 2

    model = Mixes()
    for on in (False, True):
        model.on = on
        assert [note for note in captured(model, torch.zeros(2)).notes if "autocast" in note] == (
            ["the model enters autocast by itself: types and bytes are those without it"] if on else []
        )


def test_a_forward_that_differentiates():
    class Force(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = x.detach().requires_grad_()
            return torch.autograd.grad((x * x).sum(), x, create_graph=True)[0]

    trace = captured(Force(), torch.ones(4))
    assert storages(trace) == []
    assert any("is not known" in note for note in trace.notes)


def test_a_model_with_data_of_its_own():
    class Looks(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y = x * 2
            return checkpoint(torch.relu, y, use_reentrant=False) if y.sum() >= 0 else y

    model = Looks()
    trace = captured(model, torch.ones(4, 64))
    assert peak(trace) == true_peak(model, (torch.ones(4, 64),), {}) == 2 * KB
    assert "\nregion checkpoint" in trace.text()


def test_pickled_and_read_again():
    trace = captured(Functions(), torch.zeros(4, 64))
    assert _native.Trace.parse(trace.text()) == trace
    assert copy.copy(trace) == trace

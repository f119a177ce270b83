"""What torch.autocast does to a model is what our transformation of its trace does."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from live import Live
from thoplw import _native
from thoplw._models import import_torchvision
from thoplw._precision import in_type, inputs_in_type

Model = tuple[nn.Module, tuple[Any, ...], dict[str, Any]]
OPERATOR = re.compile(r"^ *aten::(\w+)\((.*)\) -> (.*?)( \{.*\})?( no_grad)?$")
TYPES = {torch.float32: "f32", torch.bfloat16: "bf16", torch.float16: "f16", torch.int64: "i64", torch.bool: "bool"}


def vision(name: str, size: int, **settings: int) -> Callable[[], Model]:
    return lambda: (getattr(import_torchvision().models, name)(**settings), (torch.rand(2, 3, size, size),), {})


def text_model(cls: str, config: str, **sizes: Any) -> Callable[[], Model]:
    def build() -> Model:
        transformers = pytest.importorskip("transformers")
        model = getattr(transformers, cls)(getattr(transformers, config)(**sizes))
        return model, (), {"input_ids": torch.randint(0, 100, (2, 12))}

    return build


SMALL = {"hidden_size": 32, "num_hidden_layers": 2, "intermediate_size": 64, "vocab_size": 100}
MODELS = {
    "resnet18": vision("resnet18", 64),
    "convnext_tiny": vision("convnext_tiny", 32),
    "vit_b_16": vision("vit_b_16", 32, image_size=32),
    "densenet121": vision("densenet121", 64),
    "efficientnet_b0": vision("efficientnet_b0", 64),  # noise in the type of what it is multiplied with
    "bert": text_model("BertModel", "BertConfig", num_attention_heads=2, **SMALL),
    "gpt2": text_model(
        "GPT2LMHeadModel", "GPT2Config", n_embd=32, n_layer=2, n_head=2, vocab_size=100, use_cache=False
    ),
    "llama": text_model(
        "LlamaForCausalLM", "LlamaConfig", num_attention_heads=4, num_key_value_heads=2, use_cache=False, **SMALL
    ),
    "lstm": lambda: (nn.LSTM(4, 8), (torch.rand(3, 2, 4),), {}),
}


class Seen(TorchDispatchMode):
    """Operators with the element types of what goes in and comes out: "linear(bf16 bf16) -> bf16"."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        def in_words(tree: Any) -> str:
            return " ".join(TYPES[leaf.dtype] for leaf in tree_leaves(tree) if isinstance(leaf, torch.Tensor))

        result = func(*args, **(kwargs or {}))
        name = func._schema.name.removeprefix("aten::")
        self.lines.append(f"{name}({in_words((args, kwargs))}) -> {in_words(result)}")
        return result


def lines_of(trace: _native.Trace) -> list[str]:
    found = (OPERATOR.match(line) for line in trace.text().splitlines())
    types = re.compile(r"%\d+:(\w+)")
    return [f"{op[1]}({' '.join(types.findall(op[2]))}) -> {' '.join(types.findall(op[3]))}" for op in found if op]


# What changes no type, and what our capture has in other places: it asks of layouts as they are on other devices.
SILENT = ("detach(", "contiguous(")


# Models whose code asks for fp32: in a trace in fp32 that does not show.
ASKING = {
    "qwen3": text_model(  # norms of heads in fp32
        "Qwen3ForCausalLM",
        "Qwen3Config",
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=8,
        use_cache=False,
        **SMALL,
    ),
}


@pytest.mark.parametrize("name", [*MODELS, *ASKING])
def test_autocast_is_torchs(name: str) -> None:
    model, args, kwargs = (MODELS | ASKING)[name]()
    model.train()
    torch.manual_seed(0)
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16), Seen() as seen:
        model(*args, **kwargs)
    trace = _native.capture(model, args, kwargs, {}, training=True, autocast="bf16")
    ours, theirs = ([line for line in lines if not line.startswith(SILENT)] for lines in (lines_of(trace), seen.lines))
    assert ours == theirs
    if name in MODELS:
        variant = _native.in_precision(_native.capture(model, args, kwargs, {}, training=True), "amp-bf16")
        assert lines_of(variant) == lines_of(trace)


class Switching(nn.Module):
    """Asks whether autocast is on, switches it off for a part, and on in that."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        assert torch.is_autocast_enabled("cpu")
        assert torch.get_autocast_dtype("cpu") == torch.bfloat16
        x = self.layer(x)
        with torch.autocast("cpu", enabled=False):
            assert not torch.is_autocast_enabled("cpu")
            x = self.layer(x.float())
            with torch.autocast("cpu", dtype=torch.bfloat16):
                assert torch.is_autocast_enabled("cpu")
                x = self.layer(x)
        return self.layer(x)


def test_a_forward_may_switch_autocast_off() -> None:
    model = Switching()
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16), Seen() as seen:
        model(torch.rand(2, 4))
    before = vars(torch.autocast).copy(), torch.is_autocast_enabled, torch.get_autocast_dtype
    trace = _native.capture(model, (torch.rand(2, 4),), {}, {}, training=True, autocast="bf16")
    assert before == (vars(torch.autocast).copy(), torch.is_autocast_enabled, torch.get_autocast_dtype)
    products = [line.replace("addmm", "linear") for line in seen.lines if line.startswith("addmm")]
    ours = lines_of(trace)
    assert [line for line in ours if line.startswith("linear")] == products
    # Copies of weight and bias are made once, also for the inner part.
    casts = [line for line in seen.lines if line.startswith("_to_copy") and line.endswith("bf16")]
    assert [line for line in ours if line == "to(f32) -> bf16"] == ["to(f32) -> bf16"] * len(casts)


@pytest.mark.parametrize("name", MODELS)
def test_a_model_in_bf16_is_torchs(name: str) -> None:
    """The copy that is captured is as the model is after model.bfloat16()."""
    model, args, kwargs = MODELS[name]()
    args = inputs_in_type(args, torch.bfloat16)
    model.train()
    ours = _native.capture(in_type(model, torch.bfloat16), args, kwargs, {}, training=True)
    assert {param.dtype for param in model.parameters()} == {torch.float32}
    assert ours == _native.capture(model.bfloat16(), args, kwargs, {}, training=True)


@pytest.mark.parametrize("name", sorted(set(MODELS) - {"llama"}))  # whose norms are in fp32 whatever its type
def test_a_trace_in_bf16_is_torchs(name: str) -> None:
    model, args, kwargs = MODELS[name]()
    model.train()

    def captured(dtype: torch.dtype) -> _native.Trace:
        return _native.capture(model.to(dtype), inputs_in_type(args, dtype), kwargs, {}, training=True)

    assert _native.in_precision(captured(torch.float32), "bf16") == captured(torch.bfloat16)


def test_a_copy_keeps_ties_and_what_is_frozen() -> None:
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3), nn.BatchNorm1d(3))
    model[1].weight = model[0].weight
    model[0].bias.requires_grad_(False)
    copied = in_type(model, torch.float16)
    assert copied[1].weight is copied[0].weight
    assert not copied[0].bias.requires_grad
    assert copied[2].running_mean.dtype == torch.float16
    assert copied[2].num_batches_tracked.dtype == torch.int64
    assert model[0].weight.dtype == torch.float32


STORAGE = re.compile(r"^storage (\d+) born=(\d+)(?: died=(\d+))?", re.MULTILINE)


def peak_of(trace: _native.Trace) -> int:
    """The most bytes that storages made by operators have at a time."""
    changes = []
    for size, born, died in STORAGE.findall(trace.text()):
        changes.append((int(born), int(size)))
        if died:
            changes.append((int(died), -int(size)))
    return max(itertools.accumulate(change for _, change in sorted(changes)))


@pytest.mark.parametrize(
    "name", sorted(set(MODELS) - {"bert", "lstm"})
)  # whose kernels have memory of their own inside
def test_memory_under_autocast_is_torchs(name: str) -> None:
    """With its copies of weights, which live to the end. Under inference mode torch would not keep them."""
    model, args, kwargs = MODELS[name]()
    model.train()
    inputs = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, torch.Tensor)]
    with (
        torch.no_grad(),
        torch.autocast("cpu", torch.bfloat16),
        Live([*model.parameters(), *model.buffers(), *inputs]) as live,
    ):
        model(*args, **kwargs)
    trace = _native.capture(model, args, kwargs, {}, training=True)
    assert peak_of(_native.in_precision(trace, "amp-bf16")) == live.peak
    assert peak_of(_native.capture(model, args, kwargs, {}, training=True, autocast="bf16")) == live.peak


@pytest.mark.parametrize("cuda", [False, True], ids=["cpu", "cuda"])
def test_each_operator_that_torch_casts_is_known(cuda: bool) -> None:
    key = "AutocastCUDA" if cuda else "AutocastCPU"
    names = torch._C._dispatch_get_registrations_for_dispatch_key(key)
    theirs = {name.removeprefix("aten::").split(".")[0] for name in names if name.startswith("aten::")}
    if cuda:
        theirs.remove("binary_cross_entropy")  # it raises an error
        # What these run by cuDNN is cast; a build for CPUs lacks it.
        theirs = theirs - {"_cudnn_rnn"} | {"lstm", "gru", "rnn_tanh", "rnn_relu"}
    assert set(_native.autocast_ops(cuda)) == theirs


@pytest.mark.parametrize("cuda", [False, True], ids=["cpu", "cuda"])
def test_casts_are_those_of_torchs_own_tests(cuda: bool) -> None:
    from torch.testing._internal import autocast_test_lists

    lists = autocast_test_lists.AutocastTestLists if cuda else autocast_test_lists.AutocastCPUTestLists
    kinds = {"16": {"lower"}, "fp16": {"lower"}, "fp32": {"fp32", "output"}, "promote": {"widest"}}
    ours = _native.autocast_ops(cuda)
    checked = 0
    for name, rows in vars(lists(torch.device("cpu"))).items():
        group, _, kind = name.partition("_")
        if group not in ("torch", "nn", "linalg") or "builtin" in kind:
            continue
        for row in rows:
            assert ours[row[0]] in kinds[kind.split("_")[-1]]
            checked += 1
    assert checked > 30

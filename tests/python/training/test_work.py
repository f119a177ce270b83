"""The work of a training step is what FlopCounterMode sees around a backward that really runs; rows add up to it."""

from __future__ import annotations

import dataclasses
import os
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

import thoplw
from step_flops import step_macs
from thoplw._models import import_torchvision
from transformer_models import MODELS, ids
from transformer_models import build as build_transformer

if not torch.__version__.startswith("2.13."):
    pytest.skip("formulas of FlopCounterMode change between releases of torch", allow_module_level=True)

SWEEP = bool(os.environ.get("THOPLW_SWEEP"))
Made = tuple[nn.Module, tuple[Any, ...], dict[str, Any]]

# Windows and grids have fixed sizes.
FULL_SIZE = ("vit", "swin", "maxvit", "inception_v3")
HUGE = ("vit_h_14", "vit_l_", "regnet_y_128gf", "efficientnet_b7", "resnext101_64x4d", "wide_resnet101_2")
TORCHVISION = (
    "resnet18 googlenet mobilenet_v3_small efficientnet_b0 densenet121 densenet121?memory_efficient swin_t "
    "convnext_tiny regnet_y_400mf"
)
TIMM = "levit_128s maxvit_nano_rw_256 mixnet_s edgenext_xx_small gcvit_xxtiny volo_d1_224 xcit_nano_12_p16_224"
MORE_TIMM = (
    "resnet18 resnetv2_50x1_bit res2net50_48w_2s vit_tiny_patch16_224 vit_relpos_small_patch16_224 sam2_hiera_tiny "
    "vitamin_small_224 deit_tiny_distilled_patch16_224 swinv2_tiny_window8_256 convnext_zepto_rms convnextv2_atto "
    "efficientnet_cc_b0_4e mobilenetv4_hybrid_medium_075 regnetz_005 coatnet_pico_rw_224 cait_xxs24_224 pit_ti_224 "
    "sequencer2d_s gmlp_ti16_224 poolformerv2_s12 efficientformer_l1 efficientvit_b0 fastvit_t8 ghostnetv2_100 "
    "hrnet_w18_small "
    "inception_v3 nfnet_l0 pvt_v2_b2_li repvgg_a0 repvit_m0_9 tnt_s_patch16_224 twins_svt_small visformer_tiny "
    "davit_tiny dla34 crossvit_9_240 convit_tiny mobilevit_xxs mvitv2_tiny"
)
TRANSFORMERS = "bert gpt2 bloom llama mamba t5 whisper swin wav2vec2 mixtral deberta-v2 olmo-hybrid"


def torchvision_models() -> Any:
    try:
        return import_torchvision().models
    except thoplw.Error as error:
        pytest.skip(str(error))


def vision(name: str) -> Made:
    models = torchvision_models()
    settings = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
    name, _, option = name.partition("?")
    settings |= {option: True} if option else {}
    size = (299 if name == "inception_v3" else 224) if name.startswith(FULL_SIZE) else 64
    return models.get_model(name, **settings), (torch.zeros(2, 3, size, size),), {}


def timm_model(name: str) -> Made:
    torchvision_models()  # which timm imports
    model = pytest.importorskip("timm").create_model(name, pretrained=False, num_classes=8)
    return model, (torch.zeros(2, *model.pretrained_cfg["input_size"]),), {}


def transformer(name: str, attention: str = "sdpa") -> Made:
    pytest.importorskip("transformers")
    try:
        model = build_transformer(name, attention)
    except ValueError:  # it has no other
        model = build_transformer(name, "eager")
    if hasattr(model.config, "layerdrop"):
        model.config.layerdrop = 0.0  # which layers run is drawn anew each time
    return model, (), MODELS[name].inputs()


def image_model_names() -> list[str]:
    models = import_torchvision().models
    names: list[str] = models.list_models(module=models)
    return [name for name in names if not name.startswith(HUGE)]


class UNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.down, self.deep = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 8, 3, stride=2, padding=1, groups=2)
        self.up, self.out = nn.ConvTranspose2d(8, 4, 2, stride=2, groups=4), nn.Conv2d(8, 2, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        skip = self.down(x).relu_()
        return self.out(torch.cat([self.up(self.deep(skip).relu_()), skip], 1))


class Recurrent(nn.Module):
    def __init__(self, kind: str, both: bool) -> None:
        super().__init__()
        self.embed, self.out = nn.Embedding(50, 6), nn.Linear(16 if both else 8, 3)
        self.rnn = getattr(nn, kind)(6, 8, 2, batch_first=True, bidirectional=both)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        return self.out(self.rnn(self.embed(tokens))[0])


class Cells(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm, self.gru, self.out = nn.LSTMCell(6, 5), nn.GRUCell(5, 4), nn.Linear(4, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h, c, g = x.new_zeros(4, 5), x.new_zeros(4, 5), x.new_zeros(4, 4)
        for _ in range(3):
            h, c = self.lstm(x, (h, c))
            g = self.gru(h, g)
        return self.out(g)


class NoInputs(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.queries, self.out = nn.Parameter(torch.zeros(3, 4)), nn.Linear(4, 2)

    def forward(self) -> torch.Tensor:
        return self.out(self.queries)


class Written(nn.Module):
    """A model as a function of three layers and its input."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self.a, self.b, self.c = nn.Linear(6, 6), nn.Linear(6, 6), nn.Linear(6, 6)
        self.w = nn.Parameter(torch.zeros(6, 6))
        self.function = function

    def forward(self, x: torch.Tensor) -> Any:
        return self.function(self, x)


def teacher(m: Written, x: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        wanted = m.a(m.b(x))
    return m.c(m.b(m.a(x))) - wanted


def straight_through(m: Written, x: torch.Tensor) -> torch.Tensor:
    y = m.a(x)
    return m.c(y + (m.b(y).round() - y).detach())


def in_views(m: Written, x: torch.Tensor) -> torch.Tensor:
    y = x.new_zeros(4, 2, 6)
    y[:, 0] = m.a(x)
    y[:, 1].copy_(m.b(x))
    return m.c(y)


def through_views(m: Written, x: torch.Tensor) -> torch.Tensor:
    y = torch.zeros(4, 12)
    left = y[:, :6]
    left += m.a(x)
    return m.c(left) + m.b(y[:, 6:])


def nested_checkpoints(m: Written, x: torch.Tensor) -> torch.Tensor:
    inner = lambda y: m.b(y).relu()  # noqa: E731
    return m.c(
        checkpoint(lambda y: checkpoint(inner, m.a(y).tanh(), use_reentrant=False).tanh(), x, use_reentrant=False)
    )


def checkpoint_without_grad(m: Written, x: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        y = checkpoint(lambda z: m.b(z).tanh(), m.a(x), use_reentrant=False)
    return m.c(y)


def checkpoint_in_two(m: Written, x: torch.Tensor) -> torch.Tensor:
    """Of its two results one is never used."""
    used, _ = checkpoint(lambda z: (m.a(z).tanh(), m.b(z).tanh()), x, use_reentrant=False)
    return m.c(used)


def checkpoint_to_the_end(m: Written, x: torch.Tensor) -> torch.Tensor:
    return checkpoint(lambda z: m.c(m.b(m.a(z))), x, use_reentrant=False)


def reentrant(m: Written, x: torch.Tensor) -> torch.Tensor:
    return checkpoint(lambda z: m.c(m.b(z)), m.a(x), use_reentrant=True)


def reentrant_at_the_input(m: Written, x: torch.Tensor) -> torch.Tensor:
    return m.c(checkpoint(lambda z: m.b(z).tanh(), x, use_reentrant=True))


def input_alone(m: Written, x: torch.Tensor) -> torch.Tensor:
    y = x.detach().requires_grad_()
    return m.b(m.a(y) @ m.w)


class Square(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> torch.Tensor:
        return 2 * grad * ctx.saved_tensors[0]


def function_in_checkpoint(m: Written, x: torch.Tensor) -> torch.Tensor:
    return m.c(checkpoint(lambda z: m.b(Square.apply(m.b(z))), m.a(x), use_reentrant=False))


@dataclasses.dataclass
class Outputs:
    aside: torch.Tensor
    main: torch.Tensor


def switched(m: Written, x: torch.Tensor) -> torch.Tensor:
    torch.set_grad_enabled(False)
    y = m.a(x)
    torch.set_grad_enabled(True)
    return m.b(y) + m.c(x)


def enabled_inside(m: Written, x: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        with torch.enable_grad():
            y = m.a(x)
        z = m.b(x)
    return m.c(y) + z


def overwritten(m: Written, x: torch.Tensor) -> torch.Tensor:
    y = m.a(x)
    y[:] = m.b(x)
    return m.c(y)


def base_of_a_view(m: Written, x: torch.Tensor) -> torch.Tensor:
    y = torch.zeros(4, 6)
    y.view(-1)[:6] = m.a(x)[0]
    return m.c(y)


def data_of(m: Written, x: torch.Tensor) -> torch.Tensor:
    y = m.a(x)
    return m.b(y.data) + F.linear(y, m.w.data)


def generates(m: Written, x: torch.Tensor) -> torch.Tensor:
    seen = [x]
    for _ in range(3):
        with torch.no_grad():
            seen.append(m.a(torch.stack(seen).sum(0)))
    return m.b(seen[-1])


def asks(m: Written, x: torch.Tensor) -> torch.Tensor:
    """As layers that run as a checkpoint only where a gradient is wanted."""
    with torch.no_grad():
        y = m.a(x)
    z = torch.zeros(4, 6)
    z[:, :2] = m.b(x)[:, :2]
    for tensor in (x, y, m.b(x).detach(), m.b(x) > 0, x + m.w[0, 0].detach(), z, z[0]):
        if tensor.requires_grad:
            y = checkpoint(lambda y: m.c(m.b(y)).tanh(), y, use_reentrant=False)
    return m.c(y)


def loop(m: Written, x: torch.Tensor) -> torch.Tensor:
    for _ in range(3):
        x = m.a(x).relu_()
    return x


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "teacher": teacher,
    "straight-through": straight_through,
    "a branch that nothing uses": lambda m, x: (m.a(x), m.b(x))[0],
    "results in a dict of lists": lambda m, x: {"aside": [m.a(x).detach()], "out": [m.b(x), m.c(x)]},
    "written into views": in_views,
    "views written in place": through_views,
    "a layer that runs three times": loop,
    "a parameter outside of modules": lambda m, x: F.linear(x @ m.w, m.w.T),
    "a product of parameters": lambda m, x: x @ (m.w @ m.a.weight),
    "an input with a gradient": input_alone,
    "einsum of three": lambda m, x: torch.einsum("bi,ij,kj->bk", x, m.w, m.b.weight),
    "einsum of heads": lambda m, x: torch.einsum("bhi,hij->bhj", m.a(x).view(4, 2, 3), m.w.view(2, 6, 3)[:, :3]),
    "addmm": lambda m, x: torch.addmm(m.a(x), m.b(x), m.w),
    "baddbmm": lambda m, x: torch.baddbmm(m.a(x)[None], m.b(x)[None], m.w[None]),
    "matmul of batches": lambda m, x: m.a(x).view(2, 2, 6) @ m.w.expand(2, 6, 6),
    "nothing differentiable": lambda m, x: m.a(x).argmax(-1),
    "detached at the end": lambda m, x: m.a(x).detach(),
    "nothing": lambda m, x: x,
    "a dataclass": lambda m, x: Outputs(m.a(x).detach(), m.b(m.c(x))),
    "recording switched off and on": switched,
    "recording within none": enabled_inside,
    "overwritten": overwritten,
    "a view whose base is used": base_of_a_view,
    "data of": data_of,
    "what it made itself": generates,
    "asks who has a gradient": asks,
    "a sign": lambda m, x: m.b(m.a(x).sign()),
    "a comparison": lambda m, x: m.b((m.a(x) > 0).float()),
    "values of a sort": lambda m, x: m.b(m.a(x).sort(1).values),
    "indices of a sort": lambda m, x: m.b(m.a(x).sort(1).indices.float()),
    "a hard choice": lambda m, x: m.b(F.gumbel_softmax(m.a(x), hard=True)),
    "a call with other parameters": lambda m, x: torch.func.functional_call(m.a, {"weight": m.w}, (x,)),
    "complex": lambda m, x: (torch.complex(m.a(x), m.b(x)) @ torch.complex(m.w, m.w)).abs(),
    "a function in a checkpoint": function_in_checkpoint,
    "nested checkpoints": nested_checkpoints,
    "a checkpoint without gradients": checkpoint_without_grad,
    "a checkpoint of which half is used": checkpoint_in_two,
    "a checkpoint whose last layer keeps its input alone": checkpoint_to_the_end,
    "a reentrant checkpoint": reentrant,
    "a reentrant checkpoint at the input": reentrant_at_the_input,
}


def frozen(*starts: str) -> Made:
    model, args, kwargs = vision("resnet18")
    for name, param in model.named_parameters():
        if name.startswith(starts):
            param.requires_grad_(False)
    return model, args, kwargs


def small_llama() -> nn.Module:
    torchvision_models()  # which transformers imports
    transformers = pytest.importorskip("transformers")
    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "intermediate_size": 24, "vocab_size": 50}
    return transformers.LlamaForCausalLM(  # type: ignore[no-any-return]
        transformers.LlamaConfig(num_attention_heads=4, num_key_value_heads=2, use_cache=False, **sizes)
    )


def checkpointed(reentrant: bool) -> Made:
    model: Any = small_llama()
    if reentrant:
        model.enable_input_require_grads()
    model.gradient_checkpointing_enable({"use_reentrant": reentrant})
    return model.train(), (), {"input_ids": ids(2, 9)}


def adapted() -> Made:
    peft = pytest.importorskip("peft")
    config = peft.LoraConfig(r=2, target_modules=["q_proj", "v_proj", "down_proj"], lora_dropout=0.1)
    return peft.get_peft_model(small_llama(), config), (), {"input_ids": ids(2, 9)}


def evaluated_norms() -> Made:
    """A backbone's norms stay in eval while the rest is trained."""
    model, args, kwargs = vision("resnet18")
    model.train()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()
    return model, args, kwargs


def written(name: str) -> Made:
    return Written(FUNCTIONS[name]), (torch.zeros(4, 6),), {}


OWN: dict[str, Callable[[], Made]] = {
    "unet": lambda: (UNet(), (torch.zeros(2, 3, 16, 16),), {}),
    "lstm": lambda: (Recurrent("LSTM", False), (ids(2, 5),), {}),
    "gru, both ways": lambda: (Recurrent("GRU", True), (ids(2, 5),), {}),
    "rnn": lambda: (Recurrent("RNN", False), (ids(2, 5),), {}),
    "frozen backbone": lambda: frozen("conv", "bn", "layer"),
    "frozen half": lambda: frozen("conv1", "bn1", "layer1", "layer2"),
    "frozen middle": lambda: frozen("layer2", "layer3"),
    "frozen head": lambda: frozen("fc"),
    "norms in eval": evaluated_norms,
    "llama with adapters": adapted,
    "llama, checkpoints": lambda: checkpointed(False),
    "llama, reentrant checkpoints": lambda: checkpointed(True),
    "data parallel": lambda: (nn.DataParallel(UNet()), (torch.zeros(2, 3, 16, 16),), {}),
    "cells": lambda: (Cells(), (torch.zeros(4, 6),), {}),
    "no inputs": lambda: (NoInputs(), (), {}),
    "compiled": lambda: (torch.compile(UNet(), backend="eager"), (torch.zeros(2, 3, 16, 16),), {}),
    "empty": lambda: (nn.Sequential(), (torch.zeros(2, 3),), {}),
    "attention": lambda: (nn.MultiheadAttention(8, 2, batch_first=True), (*[torch.zeros(2, 5, 8)] * 3,), {}),
    "transformer layer": lambda: (nn.TransformerEncoderLayer(8, 2, 12, batch_first=True), (torch.zeros(2, 5, 8),), {}),
    **{name: lambda name=name: written(name) for name in FUNCTIONS},  # type: ignore[misc]
}

CASES: dict[str, Callable[[], Made]] = {
    **OWN,
    **{
        f"torchvision {name}": lambda n=name: vision(n)
        for name in (image_model_names() if SWEEP else TORCHVISION.split())
    },  # type: ignore[misc]
    **{f"timm {name}": lambda n=name: timm_model(n) for name in (f"{TIMM} {MORE_TIMM}" if SWEEP else TIMM).split()},  # type: ignore[misc]
    **{f"transformers {name}": lambda n=name: transformer(n) for name in (MODELS if SWEEP else TRANSFORMERS.split())},  # type: ignore[misc]
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", CASES)
def test_a_step_computes_what_torch_computes(name):
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model, args, kwargs = CASES[name]()
    info = thoplw.training(model, list(args), kwargs=kwargs, attention="math", verbose=False)
    assert info.exact, info.uncounted
    assert info.macs == step_macs(model, args, kwargs)
    assert info.macs == info.forward + info.input_gradient + info.weight_gradient + info.recompute
    for measure in ("macs", "forward", "input_gradient", "weight_gradient", "recompute"):
        assert sum(getattr(row, measure) for row in info) == getattr(info, measure), measure


class Between(nn.Module):
    """A layer whose input needs a gradient, if the scale before it does."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.scale, self.layer = nn.Parameter(torch.ones(())), layer

    def forward(self, x: torch.Tensor) -> Any:
        return self.layer(x * self.scale)


LAYERS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "Linear": (lambda: nn.Linear(6, 5), (2, 3, 6)),
    "Conv1d": (lambda: nn.Conv1d(6, 4, 3, stride=2), (2, 6, 9)),
    "Conv2d, grouped": (lambda: nn.Conv2d(6, 4, 3, groups=2, padding=1), (2, 6, 5, 5)),
    "Conv2d, depthwise": (lambda: nn.Conv2d(6, 12, 3, groups=6, dilation=2), (2, 6, 7, 7)),
    "Conv3d": (lambda: nn.Conv3d(2, 3, 2), (1, 2, 3, 4, 5)),
    "ConvTranspose1d": (lambda: nn.ConvTranspose1d(6, 4, 3, stride=2), (2, 6, 5)),
    "ConvTranspose2d, grouped": (lambda: nn.ConvTranspose2d(6, 4, 3, groups=2, stride=2), (2, 6, 3, 3)),
    "BatchNorm2d": (lambda: nn.BatchNorm2d(6), (2, 6, 3, 3)),
    "LSTM": (lambda: nn.LSTM(6, 4, 2), (5, 2, 6)),
    "LSTM, both ways": (lambda: nn.LSTM(6, 4, 2, bidirectional=True, batch_first=True), (2, 5, 6)),
    "GRU": (lambda: nn.GRU(6, 4, 2, bidirectional=True), (5, 2, 6)),
    "RNN": (lambda: nn.RNN(6, 4), (5, 2, 6)),
    "MultiheadAttention": (lambda: Twice(nn.MultiheadAttention(6, 2), 3), (5, 2, 6)),
    "MultiheadAttention, biased keys": (lambda: Twice(nn.MultiheadAttention(6, 2, add_bias_kv=True), 3), (5, 2, 6)),
    "TransformerDecoderLayer": (lambda: Twice(nn.TransformerDecoderLayer(6, 2, 8)), (5, 2, 6)),
}


class Twice(nn.Module):
    """A layer that takes its input more than once."""

    def __init__(self, inner: nn.Module, times: int = 2) -> None:
        super().__init__()
        self.inner, self.times = inner, times

    def forward(self, x: torch.Tensor) -> Any:
        return self.inner(*[x] * self.times)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize(("of_input", "of_weights"), [(True, True), (True, False), (False, True)])
def test_a_layer_inside_of_a_model_costs_what_it_costs_alone(name, of_input, of_weights):
    make, sizes = LAYERS[name]
    model = Between(make())
    model.scale.requires_grad_(of_input)
    model.layer.requires_grad_(of_weights)
    info = thoplw.training(model, torch.zeros(sizes), attention="math", verbose=False)
    alone = step_macs(model.layer, [torch.zeros(sizes, requires_grad=of_input)], {})
    assert info.macs == alone
    assert sum(row.macs for row in info if row.name.startswith("layer")) == alone


@pytest.mark.parametrize(("trained", "wanted"), [(True, (0, 0, 0)), (False, (0, 0, 0))])
def test_an_embedding_is_looked_up_and_has_no_products(trained, wanted):
    model = nn.Embedding(50, 6).requires_grad_(trained)
    info = thoplw.training(model, ids(2, 5), verbose=False)
    assert (info.forward, info.input_gradient, info.weight_gradient) == wanted
    assert info.exact
    assert step_macs(model, [ids(2, 5)], {}) == 0

"""Small models of what tools disagree about, each with its inputs."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional as F

Case = tuple[nn.Module, tuple[torch.Tensor, ...]]


class Functional(nn.Module):
    """Convolutions, products and activations without modules."""

    def __init__(self) -> None:
        super().__init__()
        self.kernel = nn.Parameter(torch.rand(4, 3, 3, 3))
        self.matrix = nn.Parameter(torch.rand(4, 5))
        self.bias = nn.Parameter(torch.rand(5))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.relu(F.conv2d(x, self.kernel, padding=1))
        x = F.adaptive_avg_pool2d(F.max_pool2d(x, 2), 2).flatten(2).transpose(1, 2)
        x = x @ self.matrix + self.bias
        x = F.softmax(F.layer_norm(x, (5,)), -1)
        return torch.bmm(x, x.transpose(1, 2)).sigmoid() * 2


class Attention(nn.Module):
    """Attention by the fused operator, with a projection of all three at once."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.Linear(16, 48, bias=False)
        self.norm = nn.LayerNorm(16)
        self.out = nn.Linear(16, 16)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, length, _ = x.shape
        q, k, v = self.qkv(self.norm(x)).reshape(batch, length, 3, 4, 4).permute(2, 0, 3, 1, 4).unbind(0)
        y = F.scaled_dot_product_attention(q, k, v)
        return self.out(y.transpose(1, 2).reshape(batch, length, 16))


class MultiHead(nn.Module):
    """torch's own attention layer."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(16, 4, batch_first=True)
        self.head = nn.Linear(16, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.attention(x, x, x, need_weights=False)[0])


class Recurrent(nn.Module):
    """A layer of each kind, one of them of two layers and directions."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(8, 6, num_layers=2, bidirectional=True, batch_first=True)
        self.gru = nn.GRU(12, 5, batch_first=True)
        self.rnn = nn.RNN(5, 4, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.rnn(self.gru(self.lstm(x)[0])[0])[0]


class Cells(nn.Module):
    """One step at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm, self.gru, self.rnn = nn.LSTMCell(8, 6), nn.GRUCell(6, 5), nn.RNNCell(5, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h, c = self.lstm(x)
        for _ in range(2):
            h, c = self.lstm(x, (h, c))
        return self.rnn(self.gru(h))


class Shared(nn.Module):
    """One layer in two places, called three times; a weight that two layers have."""

    def __init__(self) -> None:
        super().__init__()
        both = nn.Linear(8, 8)
        self.left, self.right = nn.Sequential(both, nn.ReLU()), nn.Sequential(both, nn.Tanh())
        self.embed, self.head = nn.Embedding(10, 8), nn.Linear(8, 10, bias=False)
        self.head.weight = self.embed.weight

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.right(self.left(self.left(self.embed(x)))))


class UNet(nn.Module):
    """Down, up again by a transposed convolution and by resizing, and joined."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2))
        self.middle = nn.Sequential(nn.Conv2d(8, 16, 3, stride=2, padding=1), nn.GroupNorm(4, 16), nn.SiLU())
        self.up1 = nn.ConvTranspose2d(16, 8, 2, stride=2)
        self.up2 = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
        self.out = nn.Conv2d(8, 2, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        down = self.down(x)
        return self.out(self.up2(self.up1(self.middle(down)) + down))


class Products(nn.Module):
    """Products by all their names."""

    def __init__(self) -> None:
        super().__init__()
        self.square = nn.Parameter(torch.rand(6, 6))
        self.bilinear = nn.Bilinear(6, 6, 3)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        first = x[0]
        return (
            torch.einsum("bij,jk->bik", x, self.square),
            torch.einsum("bij,bkj->bik", x, x),
            torch.tensordot(x, self.square, dims=([2], [0])),
            torch.baddbmm(x, x, self.square.expand(2, 6, 6)),
            torch.addmm(self.square, first.t(), first),
            torch.mm(first, self.square),
            torch.inner(first, first),
            torch.matmul(x, self.square),
            torch.addbmm(self.square, x.transpose(1, 2), x),
            self.bilinear(first, first),
        )


class Vectors(nn.Module):
    """Products of vectors, and of pairs."""

    def __init__(self) -> None:
        super().__init__()
        self.square = nn.Parameter(torch.rand(6, 6))

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return torch.mv(self.square, x[0]), torch.dot(x[0], x[1]), torch.outer(x[0], x[1]), torch.cdist(x, x)


class Sampled(nn.Module):
    """Samples taken of an image in three ways, and equations of all kinds."""

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        grid = torch.rand(x.shape[0], 3, 5, 2)
        row, column = x[:, 0, 0], x[:, 0, :, :1]
        return (
            *(F.grid_sample(x, grid, mode=mode, align_corners=False) for mode in ("bilinear", "nearest", "bicubic")),
            torch.einsum("b...i,b...j->b...ij", x, x),
            torch.einsum("bchw,bdhw", x, x),
            torch.einsum("bi,bij->bj", row, column),
            torch.einsum("bi->b", row),
        )


class Chain(nn.Module):
    """An equation of three operands."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.einsum("bi,bj,bk->ijk", x, x, x)


class Path(nn.Module):
    """Equations of several operands, of which pairs are contracted in the best order."""

    def __init__(self) -> None:
        super().__init__()
        self.wide, self.narrow = nn.Parameter(torch.rand(5, 7)), nn.Parameter(torch.rand(7, 3))

    def forward(self, a: torch.Tensor) -> tuple[torch.Tensor, ...]:
        b, c = self.wide, self.narrow
        return (
            torch.einsum("ij,jk,kl->il", a, b, c),
            torch.einsum("ij,jk,kl->ijkl", a, b, c),
            torch.einsum("ij,jk,lm->il", a, b, c),
            torch.einsum("ij,jk,kl,ml->m", a, b, c, c),
        )


class Inner(nn.Module):
    """Attention of other keys, of keys and values of other sizes, with more keys than were given."""

    def __init__(self) -> None:
        super().__init__()
        self.cross = nn.MultiheadAttention(16, 4, batch_first=True)
        self.sizes = nn.MultiheadAttention(16, 2, kdim=12, vdim=8, bias=False)
        self.added = nn.MultiheadAttention(16, 4, add_bias_kv=True)

    def forward(self, x: torch.Tensor, keys: torch.Tensor) -> torch.Tensor:
        x = self.cross(x, keys, keys)[0].transpose(0, 1)
        x = self.sizes(x, x[..., :12], x[..., :8], need_weights=False)[0]
        return self.added(x, x, x)[0]


class Weights(nn.Module):
    """Attention that gives its weights, of masked positions and keys; and a layer that torch runs as one operator."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.ModuleList(nn.MultiheadAttention(16, 4, batch_first=True) for _ in range(3))
        self.encoder = nn.TransformerEncoderLayer(16, 2, 24, batch_first=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        masked, hidden = torch.zeros(5, 5, dtype=torch.bool), torch.zeros(x.shape[0], 5, dtype=torch.bool)
        x = self.attention[0](x, x, x)[0]
        x = self.attention[1](x, x, x, attn_mask=masked)[0]
        return self.encoder(self.attention[2](x, x, x, key_padding_mask=hidden, average_attn_weights=False)[0])


class Norms(nn.Module):
    """With weights and without."""

    def __init__(self) -> None:
        super().__init__()
        self.norms = nn.ModuleList([
            nn.BatchNorm2d(4, affine=False), nn.InstanceNorm2d(4, affine=True), nn.GroupNorm(2, 4, affine=False),
            nn.LayerNorm(6, bias=False), nn.LayerNorm(6, elementwise_affine=False), nn.Softmin(1), nn.LogSoftmax(-1),
            nn.Softmax2d(), nn.Softmax(-2),
        ])  # fmt: skip

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for norm in self.norms:
            x = norm(x)
        return x


class Pools(nn.Module):
    """Average pooling over an edge, with padding that counts and that does not."""

    def __init__(self) -> None:
        super().__init__()
        self.pools = nn.ModuleList([
            nn.AvgPool2d(3, 2, 1, ceil_mode=True), nn.AvgPool2d((3, 2), stride=1, padding=1, count_include_pad=False),
            nn.AdaptiveAvgPool2d((5, 3)), nn.AvgPool2d(2),
        ])  # fmt: skip

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for pool in self.pools:
            x = pool(x)
        return F.avg_pool2d(x, 1).mean((2, 3))


class Resized(nn.Module):
    """To sizes and by factors, as a function takes them."""

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return (
            F.interpolate(x, size=5),
            F.interpolate(x, (7, 4), mode="bilinear", align_corners=False),
            F.interpolate(x, scale_factor=1.5, mode="bicubic"),
        )


class Twice(nn.Module):
    """A layer that runs on two sizes, parameters outside of layers, a layer that never runs."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.act = nn.Conv2d(3, 3, 3, padding=1, groups=3), nn.ELU()
        self.unused, self.scale = nn.Conv2d(3, 3, 1), nn.Parameter(torch.ones(3, 1, 1))
        self.head = nn.Sequential(nn.Flatten(), nn.Linear(3 * 4 * 4, 5), nn.PReLU(), nn.Tanh())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.act(self.conv(x)) * self.scale
        x.mul_(2)
        return self.head(self.act(self.conv(F.max_pool2d(x, 2))))


class Spelt(nn.Module):
    """Sums, products and activations by function, by method and by operator, and inside of what torch takes apart."""

    def __init__(self) -> None:
        super().__init__()
        self.shift = nn.Parameter(torch.rand(5))

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        y = torch.add(x, self.shift).mul(2) * 3 + torch.mul(x, x)
        y = F.leaky_relu(F.silu(F.elu(torch.relu(y), inplace=True)), 0.2).softmax(-1)
        return (
            y @ x.transpose(1, 2), torch.matmul(x, x.transpose(1, 2)), torch.bmm(y, y.transpose(1, 2)),
            F.cosine_similarity(x, y, dim=-1), F.softmin(x, dim=-1), F.relu6(x).relu_(), F.glu(x[..., :4]),
        )  # fmt: skip


class Logits(nn.Module):
    """A language model as one that gives a tensor."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.model(input_ids=ids).logits


def several(*layers: nn.Module) -> nn.Module:
    return nn.Sequential(*layers).eval()


def bert() -> Case:
    from transformers import BertConfig, BertModel

    config = BertConfig(
        vocab_size=50, hidden_size=16, num_hidden_layers=2, num_attention_heads=4, intermediate_size=24,
        max_position_embeddings=32, return_dict=False, attn_implementation="eager",
    )  # fmt: skip
    return BertModel(config), (torch.arange(18).reshape(2, 9),)


def gpt2() -> Case:
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config(
        vocab_size=50, n_embd=16, n_layer=2, n_head=4, n_positions=32, use_cache=False,
        bos_token_id=0, eos_token_id=0, attn_implementation="eager",
    )  # fmt: skip
    return Logits(GPT2LMHeadModel(config)), (torch.arange(18).reshape(2, 9),)


def llama() -> Case:
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=50, hidden_size=16, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
        intermediate_size=24, max_position_embeddings=32, use_cache=False,
        attn_implementation="sdpa",
    )  # fmt: skip
    return Logits(LlamaForCausalLM(config)), (torch.arange(18).reshape(2, 9),)


MODELS: dict[str, Callable[[], Case]] = {
    "functional": lambda: (Functional(), (torch.rand(2, 3, 8, 8),)),
    "attention": lambda: (Attention(), (torch.rand(2, 5, 16),)),
    "multi-head": lambda: (MultiHead(), (torch.rand(2, 5, 16),)),
    "recurrent": lambda: (Recurrent(), (torch.rand(2, 7, 8),)),
    "cells": lambda: (Cells(), (torch.rand(3, 8),)),
    "shared": lambda: (Shared(), (torch.arange(6).reshape(2, 3),)),
    "unet": lambda: (UNet(), (torch.rand(2, 3, 16, 16),)),
    "conv1d": lambda: (
        several(nn.Conv1d(3, 6, 3, groups=3), nn.BatchNorm1d(6), nn.LeakyReLU(), nn.AvgPool1d(2),
                nn.AdaptiveAvgPool1d(3), nn.ConvTranspose1d(6, 4, 3, groups=2, stride=2), nn.InstanceNorm1d(4)),
        (torch.rand(2, 3, 20),),
    ),
    "conv3d": lambda: (
        several(nn.Conv3d(2, 4, 3, padding=1), nn.BatchNorm3d(4), nn.PReLU(4), nn.AvgPool3d(2),
                nn.AdaptiveAvgPool3d(3), nn.ConvTranspose3d(4, 2, 2, stride=2), nn.Softmax(1)),
        (torch.rand(1, 2, 8, 8, 8),),
    ),
    "grouped-transposed": lambda: (
        several(nn.ConvTranspose2d(8, 4, 3, stride=2, groups=4), nn.ReLU6(), nn.ConvTranspose2d(4, 4, 3, groups=4)),
        (torch.rand(2, 8, 5, 5),),
    ),
    "linear-3d": lambda: (
        several(nn.Linear(8, 12), nn.GELU(), nn.LayerNorm(12), nn.Linear(12, 4, bias=False), nn.Softmax(-1)),
        (torch.rand(2, 5, 8),),
    ),
    "resize": lambda: (
        several(nn.Upsample(scale_factor=2), nn.UpsamplingBilinear2d(scale_factor=2), nn.PixelShuffle(2),
                nn.Upsample(scale_factor=2, mode="bicubic"), nn.ZeroPad2d(1), nn.AdaptiveAvgPool2d(7)),
        (torch.rand(2, 4, 3, 3),),
    ),
    "products": lambda: (Products(), (torch.rand(2, 5, 6),)),
    "vectors": lambda: (Vectors(), (torch.rand(5, 6),)),
    "sampled": lambda: (Sampled(), (torch.rand(2, 3, 4, 4),)),
    "chain": lambda: (Chain(), (torch.rand(2, 4),)),
    "inner": lambda: (Inner(), (torch.rand(2, 5, 16), torch.rand(2, 7, 16))),
    "norms": lambda: (Norms(), (torch.rand(2, 4, 6, 6),)),
    "pools": lambda: (Pools(), (torch.rand(2, 4, 14, 11),)),
    "twice": lambda: (Twice(), (torch.rand(2, 3, 8, 8),)),
    "projected": lambda: (nn.LSTM(8, 6, num_layers=2, bidirectional=True, proj_size=3), (torch.rand(7, 2, 8),)),
    "unbatched": lambda: (nn.LSTM(8, 6), (torch.rand(7, 8),)),
    "spelt": lambda: (Spelt(), (torch.rand(2, 3, 5),)),
    "resized": lambda: (Resized(), (torch.rand(2, 3, 6, 4),)),
    "weights": lambda: (Weights(), (torch.rand(2, 5, 16),)),
    "convolutions": lambda: (
        several(nn.Conv2d(4, 6, (4, 3), padding="same"), nn.SiLU(),
                nn.ConvTranspose2d(6, 4, (3, 4), (2, 3), (1, 0), 1, 2, dilation=(1, 2)),
                nn.Conv2d(4, 4, 3, padding=1, padding_mode="reflect"), nn.ConvTranspose2d(4, 3, 4, bias=False)),
        (torch.rand(2, 4, 5, 6),),
    ),
    "path": lambda: (Path(), (torch.rand(2, 5),)),
    "resize-3d": lambda: (
        several(nn.Upsample(scale_factor=2, mode="trilinear"), nn.LeakyReLU(inplace=True), nn.ConstantPad3d(1, 0.0)),
        (torch.rand(2, 3, 2, 2, 2),),
    ),
    "resize-1d": lambda: (
        several(nn.Upsample(scale_factor=2, mode="linear"), nn.Upsample(scale_factor=2, mode="nearest-exact")),
        (torch.rand(2, 3, 6),),
    ),
    "linear-alone": lambda: (nn.Linear(8, 4), (torch.rand(2, 8),)),
    "bert": bert,
    "gpt2": gpt2,
    "llama": llama,
}  # fmt: skip

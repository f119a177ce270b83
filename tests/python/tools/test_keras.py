"""The convention of Keras: weights against Keras's own layers, FLOPs against what TensorFlow's profiler printed."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
import torch
from torch import nn

import thoplw
from vision import build, input_shape


class Pair(NamedTuple):
    """A layer of torch and the one of Keras that does the same, each with the size of its input."""

    ours: nn.Module
    shape: tuple[int, ...]
    keras: Callable[[Any], Any]
    keras_shape: tuple[int, ...]
    flops: int


IMAGE, IMAGE_KERAS = (2, 4, 8, 8), (2, 8, 8, 4)
TEXT = (2, 7, 8)
N, N_IMAGE = math.prod(TEXT), math.prod(IMAGE)

# What tf.compat.v1.profiler (float_operation) of TensorFlow 2.21.0 printed for the frozen graphs of Keras 3.15.1: two
# FLOPs per multiply-add, one per element of a bias.
PAIRS: dict[str, Pair] = {
    "dense": Pair(nn.Linear(8, 5), (2, 8), lambda layers: layers.Dense(5), (2, 8), 2 * 2 * 8 * 5 + 2 * 5),
    "dense-no-bias": Pair(
        nn.Linear(8, 5, bias=False), (2, 8), lambda layers: layers.Dense(5, use_bias=False), (2, 8), 2 * 2 * 8 * 5,
    ),
    "dense-3d": Pair(nn.Linear(8, 5), TEXT, lambda layers: layers.Dense(5), TEXT, 2 * 14 * 8 * 5 + 14 * 5),
    "conv1d": Pair(
        nn.Conv1d(4, 6, 3), (2, 4, 8), lambda layers: layers.Conv1D(6, 3), (2, 8, 4),
        2 * (2 * 6 * 6) * (4 * 3) + 2 * 6 * 6,  # 6 of 8 places
    ),
    "conv2d": Pair(
        nn.Conv2d(4, 6, 3, padding=1), IMAGE, lambda layers: layers.Conv2D(6, 3, padding="same"), IMAGE_KERAS,
        2 * (2 * 6 * 64) * (4 * 9) + 2 * 6 * 64,
    ),
    "conv2d-groups": Pair(  # compiled apart, where the profiler does not look: the bias
        nn.Conv2d(4, 6, 3, groups=2), IMAGE, lambda layers: layers.Conv2D(6, 3, groups=2), IMAGE_KERAS, 2 * 6 * 36,
    ),
    "conv3d": Pair(
        nn.Conv3d(2, 6, 3), (1, 2, 8, 8, 8), lambda layers: layers.Conv3D(6, 3), (1, 8, 8, 8, 2),
        2 * (6 * 216) * (2 * 27) + 6 * 216,
    ),
    "depthwise": Pair(
        nn.Conv2d(4, 4, 3, groups=4), IMAGE, lambda layers: layers.DepthwiseConv2D(3), IMAGE_KERAS,
        2 * (2 * 4 * 36) * 9 + 2 * 4 * 36,
    ),
    "depthwise-twice": Pair(
        nn.Conv2d(4, 8, 3, groups=4, bias=False), IMAGE,
        lambda layers: layers.DepthwiseConv2D(3, depth_multiplier=2, use_bias=False), IMAGE_KERAS,
        2 * (2 * 8 * 36) * 9,
    ),
    "separable": Pair(
        nn.Sequential(nn.Conv2d(4, 4, 3, groups=4, bias=False), nn.Conv2d(4, 6, 1)), IMAGE,
        lambda layers: layers.SeparableConv2D(6, 3), IMAGE_KERAS,
        2 * (2 * 4 * 36) * 9 + 2 * (2 * 6 * 36) * 4 + 2 * 6 * 36,
    ),
    "transposed": Pair(  # 17 x 17 come out; the weight has 6 * 4 * 9
        nn.ConvTranspose2d(4, 6, 3, stride=2), IMAGE, lambda layers: layers.Conv2DTranspose(6, 3, strides=2),
        IMAGE_KERAS, 2 * (2 * 6 * 289) * (6 * 4 * 9) // (6 * 2 * 2) + 2 * 6 * 289,
    ),
    "transposed-1d": Pair(
        nn.ConvTranspose1d(4, 6, 3, stride=2), (2, 4, 8), lambda layers: layers.Conv1DTranspose(6, 3, strides=2),
        (2, 8, 4), 2 * (2 * 6 * 17) * (6 * 4 * 3) // (6 * 2) + 2 * 6 * 17,
    ),
    "transposed-3d": Pair(  # nothing but the bias
        nn.ConvTranspose3d(2, 6, 3, stride=2), (1, 2, 4, 4, 4),
        lambda layers: layers.Conv3DTranspose(6, 3, strides=2), (1, 4, 4, 4, 2), 6 * 9**3,
    ),
    "batch-norm": Pair(  # a product and a sum; per channel 2 of a root, a sum, two products, a difference
        nn.BatchNorm2d(4), IMAGE, lambda layers: layers.BatchNormalization(), IMAGE_KERAS, 2 * N_IMAGE + 6 * 4,
    ),
    "batch-norm-alone": Pair(
        nn.BatchNorm2d(4, affine=False), IMAGE, lambda layers: layers.BatchNormalization(scale=False, center=False),
        IMAGE_KERAS, 2 * N_IMAGE + 5 * 4,
    ),
    "layer-norm": Pair(  # mean, variance, two of each squared difference, three products, two sums; 4 per row
        nn.LayerNorm(8), TEXT, lambda layers: layers.LayerNormalization(), TEXT, 9 * N + 4 * 14,
    ),
    "layer-norm-no-bias": Pair(
        nn.LayerNorm(8, bias=False), TEXT, lambda layers: layers.LayerNormalization(center=False), TEXT,
        8 * N + 4 * 14,
    ),
    "layer-norm-alone": Pair(
        nn.LayerNorm(8, elementwise_affine=False), TEXT,
        lambda layers: layers.LayerNormalization(scale=False, center=False), TEXT, 6 * N + 5 * 14,
    ),
    "layer-norm-2d": Pair(
        nn.LayerNorm((7, 8)), TEXT, lambda layers: layers.LayerNormalization(axis=(1, 2)), TEXT, 9 * N + 4 * 2,
    ),
    "rms-norm": Pair(nn.RMSNorm(8), TEXT, lambda layers: layers.RMSNormalization(), TEXT, 4 * N + 3 * 14),
    "group-norm": Pair(
        nn.GroupNorm(2, 4), IMAGE, lambda layers: layers.GroupNormalization(2), IMAGE_KERAS,
        6 * N_IMAGE + 4 * (2 * 2) + 3 * (2 * 4),
    ),
    "group-norm-alone": Pair(
        nn.GroupNorm(2, 4, affine=False), IMAGE,
        lambda layers: layers.GroupNormalization(2, scale=False, center=False), IMAGE_KERAS,
        6 * N_IMAGE + 5 * (2 * 2),
    ),
    "max-pool": Pair(nn.MaxPool2d(2), IMAGE, lambda layers: layers.MaxPooling2D(2), IMAGE_KERAS, 2 * 4 * 16 * 4),
    "max-pool-1d": Pair(nn.MaxPool1d(2), (2, 4, 8), lambda layers: layers.MaxPooling1D(2), (2, 8, 4), 2 * 4 * 4 * 2),
    "max-pool-3d": Pair(nn.MaxPool3d(2), (2, 4, 8, 8, 8), lambda layers: layers.MaxPooling3D(2), (2, 8, 8, 8, 4), 0),
    "average-pool": Pair(
        nn.AvgPool2d(2), IMAGE, lambda layers: layers.AveragePooling2D(2), IMAGE_KERAS, 2 * 4 * 16 * 4,
    ),
    "global-pool": Pair(
        nn.AdaptiveAvgPool2d(1), IMAGE, lambda layers: layers.GlobalAveragePooling2D(keepdims=True), IMAGE_KERAS,
        N_IMAGE,
    ),
    "relu": Pair(nn.ReLU(), TEXT, lambda layers: layers.ReLU(), TEXT, 0),
    "gelu": Pair(nn.GELU(), TEXT, lambda layers: layers.Activation("gelu"), TEXT, 4 * N),
    "silu": Pair(nn.SiLU(), TEXT, lambda layers: layers.Activation("silu"), TEXT, 2 * N),
    "hard-sigmoid": Pair(nn.Hardsigmoid(), TEXT, lambda layers: layers.Activation("hard_sigmoid"), TEXT, 2 * N),
    "hard-swish": Pair(nn.Hardswish(), TEXT, lambda layers: layers.Activation("hard_silu"), TEXT, 3 * N),
    "mish": Pair(nn.Mish(), TEXT, lambda layers: layers.Activation("mish"), TEXT, N),
    "tanh": Pair(nn.Tanh(), TEXT, lambda layers: layers.Activation("tanh"), TEXT, 0),
    "softmax": Pair(nn.Softmax(-1), TEXT, lambda layers: layers.Softmax(), TEXT, 5 * N),
    "prelu": Pair(  # two negations, of slopes and of inputs, a product and a sum
        nn.PReLU(4), IMAGE, lambda layers: layers.PReLU(shared_axes=[1, 2]), IMAGE_KERAS, 3 * N_IMAGE + 4,
    ),
    "up": Pair(nn.Upsample(scale_factor=2), IMAGE, lambda layers: layers.UpSampling2D(2), IMAGE_KERAS, 2),
    "up-bilinear": Pair(
        nn.Upsample(scale_factor=2, mode="bilinear"), IMAGE,
        lambda layers: layers.UpSampling2D(2, interpolation="bilinear"), IMAGE_KERAS, 0,
    ),
    "embedding": Pair(nn.Embedding(50, 8), (2, 7), lambda layers: layers.Embedding(50, 8), (2, 7), 2 * 14),
    # Two samples, 4 gates of 6: a step with both products, two sums and four of states; one without the second product.
    "lstm": Pair(
        nn.LSTM(8, 6, batch_first=True), TEXT, lambda layers: layers.LSTM(6), TEXT,
        (2 * 48 * (8 + 6) + 48 + 48 + 4 * 12) + (2 * 48 * 8 + 48 + 48 + 12),
    ),
    "lstm-no-bias": Pair(
        nn.LSTM(8, 6, batch_first=True, bias=False), TEXT, lambda layers: layers.LSTM(6, use_bias=False), TEXT,
        (2 * 48 * (8 + 6) + 48 + 4 * 12) + (2 * 48 * 8 + 48 + 12),
    ),
    "lstm-both-ways": Pair(
        nn.LSTM(8, 6, batch_first=True, bidirectional=True), TEXT,
        lambda layers: layers.Bidirectional(layers.LSTM(6, return_sequences=True)), TEXT,
        2 * ((2 * 48 * (8 + 6) + 48 + 48 + 4 * 12) + (2 * 48 * 8 + 48 + 48 + 12)),
    ),
    "gru": Pair(
        nn.GRU(8, 6, batch_first=True), TEXT, lambda layers: layers.GRU(6), TEXT,
        (2 * 36 * (8 + 6) + 2 * 36 + 8 * 12) + (2 * 36 * 8 + 36 + 6 * 12),
    ),
    "rnn": Pair(
        nn.RNN(8, 6, batch_first=True), TEXT, lambda layers: layers.SimpleRNN(6), TEXT,
        (2 * 12 * (8 + 6) + 12 + 12) + (2 * 12 * 8 + 12 + 12),
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def keras() -> Any:
    os.environ["KERAS_BACKEND"] = "torch"
    return pytest.importorskip("keras")


@pytest.mark.parametrize("name", PAIRS)
def test_layers(name: str, keras: Any) -> None:
    pair = PAIRS[name]
    x = torch.zeros(pair.shape, dtype=torch.long) if name == "embedding" else torch.rand(pair.shape)
    flops, params, info = thoplw.profile(pair.ours.eval(), (x,), convention="keras", verbose=False)
    layer = pair.keras(keras.layers)
    layer.build(pair.keras_shape)
    assert params == layer.count_params()
    assert flops == pair.flops
    assert info.unit == "FLOP"


@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize("bias", [True, False])
def test_attention(fused: bool, bias: bool, keras: Any) -> None:
    ours = nn.MultiheadAttention(16, 4, bias=bias, batch_first=True).eval()
    x, y = torch.rand(2, 7, 16), torch.rand(2, 7 if fused else 5, 16)
    y = x if fused else y
    flops, params, _ = thoplw.profile(ours, (x, y, y), convention="keras", verbose=False)
    layer = keras.layers.MultiHeadAttention(4, 4, use_bias=bias)
    layer.build(x.shape, y.shape)
    assert params == layer.count_params()
    rows = 14 + 14 + 2 * 2 * y.shape[1]  # queries and results; keys and values
    scores = 2 * 4 * 7 * y.shape[1]
    assert flops == 2 * rows * 16 * 16 + (rows * 16 if bias else 0) + 6 * scores  # 31,920 and 26,256 were printed


# The two of keras.applications that are the same network as torchvision's.
MODELS = {"vgg16": (30_960_211_824, 138_357_544), "densenet121": (5_702_474_160, 8_062_504)}


@pytest.mark.parametrize("name", MODELS)
def test_applications(name: str) -> None:
    flops, params, _ = thoplw.profile(build(name), (torch.zeros(input_shape(name)),), convention="keras", verbose=False)
    softmax = 5 * 1000  # with which Keras's ends
    assert (flops + softmax, params) == MODELS[name]

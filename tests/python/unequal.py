"""Pairs of a tool and a small model that cannot be equal, and why."""

from __future__ import annotations

CANNOT: dict[tuple[str, str], str] = {
    ("ptflops", "inner"): "of several inputs, which it takes by name, it does not see the batch",
    ("torchprofile", "llama"): "tracing makes operators of products of sizes, 4 in all, which are no tensors here",
    ("torchprofile", "weights"): "it raises AssertionError: a mask that is smaller than what baddbmm adds it to",
    ("torchstat", "resize"): "it raises RecursionError: it wraps a class and its subclass",
    ("torchstat", "resized"): "it raises AttributeError: the model gives a tuple, and has no layer inside",
    ("torchstat", "sampled"): "it raises AttributeError: a leaf module that gives a tuple has no size",
}

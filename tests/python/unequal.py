"""Pairs of a tool and a small model that cannot be equal, and why."""

from __future__ import annotations

# What a tool cannot run, or is not equal, and why.
CHAIN = "the order in which numpy would contract three operands is not looked for here"
CANNOT: dict[tuple[str, str], str] = {
    ("fvcore", "chain"): CHAIN,
    ("mmengine", "chain"): CHAIN,
    ("ptflops", "inner"): "of several inputs, which it takes by name, it does not see the batch",
    ("torchprofile", "llama"): "tracing makes operators of products of sizes, 4 in all, which are no tensors here",
    ("torchstat", "resize"): "it raises RecursionError: it wraps a class and its subclass",
    ("torchstat", "sampled"): "it raises AttributeError: a leaf module that gives a tuple has no size",
}

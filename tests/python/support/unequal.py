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

# The same of tools that read files.
EQUATIONS = "the tool raises IndexError: it reads equations of two operands with a result alone"
CANNOT_EXPORTED: dict[tuple[str, str], str] = {
    ("onnx-tool", "chain"): EQUATIONS,
    ("onnx-tool", "conv3d"): "torch's exporter has no adaptive pooling to sizes that do not divide the input's",
    ("onnx-tool", "llama"): "the tool raises NotImplementedError: it has no rule for IsNaN",
    ("onnx-tool", "path"): EQUATIONS,
    ("onnx-tool", "projected"): "torch's exporter writes a file that onnxruntime refuses, as does the reader here",
    ("onnx-tool", "recurrent"): "the tool raises IndexError: it wants both results of a GRU",
    ("onnx-tool", "sampled"): EQUATIONS,
    ("onnx-tool", "spelt"): "the tool takes a norm along an axis for one of all elements, and goes on with that size",
    ("onnx-tool", "vectors"): "torch's exporter has no outer product of vectors",
}

# The same of torchvision's models, by how their names begin.
FLAT = "it raises AssertionError: linear layers and norms read rows and images alone"
CANNOT_VISION: dict[tuple[str, str], str] = {
    **{("torchstat", family): FLAT for family in ("convnext", "maxvit", "swin", "vit")},
    ("onnx-tool", "swin_v2"): "the tool takes a norm along an axis for one of all elements, and goes on with that size",
}


def why_not_vision(tool: str, name: str) -> str | None:
    """Why the tool's number of one of torchvision's models cannot be equal."""
    return next((why for (of, family), why in CANNOT_VISION.items() if of == tool and name.startswith(family)), None)


# The same of onnx's node tests, as onnx-tool opens them.
SHAPES = "the tool works out other sizes than onnx says"
CANNOT_NODES: dict[str, str] = {
    "test_averagepool_2d_ceil_last_window_starts_on_pad": SHAPES,
    "test_causal_conv_with_state_decode_step_expanded": "the tool overlooks where Shape starts and ends",
    "test_causal_conv_with_state_with_bias_and_past_state_expanded": "the tool overlooks where Shape starts and ends",
    "test_causal_conv_with_state_with_past_state_expanded": "the tool overlooks where Shape starts and ends",
    "test_convtranspose_autopad_same": SHAPES,
    "test_matmul_bcast": SHAPES,
    "test_maxpool_2d_ceil_output_size_reduce_by_one": SHAPES,
    "test_reduce_log_sum_default_expanded": SHAPES,
    "test_resize_tf_crop_and_resize_axes_2_3": SHAPES,
    "test_resize_tf_crop_and_resize_axes_3_2": SHAPES,
}

"""Sizes of inputs that the command line varies: the batch, the length of sequences, the side of images."""

from __future__ import annotations

from thoplw._native import Error

Shape = tuple[int, ...]
Input = tuple[Shape, str]  # sizes and element type, "" for that of the weights
Sizes = tuple[int, int, int]  # batch, sequence, image; 0: as the inputs say


def resized(name: str, inputs: list[Input], sizes: Sizes) -> list[Input]:
    """The inputs of the model `name` with other sizes.

    Raises:
        Error: no input is a sequence, or none is an image.
    """
    batch, length, side = sizes
    if length:
        inputs = _with_length(name, inputs, length)
    if side:
        inputs = _with_side(name, inputs, side)
    return [((batch, *shape[1:]), dtype) if batch and shape else (shape, dtype) for shape, dtype in inputs]


def _with_length(name: str, inputs: list[Input], length: int) -> list[Input]:
    """Of inputs of integers, which are tokens; where there are none, of those with three sizes."""
    of_tokens = [len(shape) == 2 and dtype[:1] in ("i", "u") for shape, dtype in inputs]
    sequences = of_tokens if any(of_tokens) else [len(shape) == 3 for shape, _ in inputs]
    if not any(sequences):
        raise Error(f"{name}: no input is a sequence, [batch, tokens] or [batch, steps, features]; vary another size")
    return [
        ((shape[0], length, *shape[2:]), dtype) if is_one else (shape, dtype)
        for (shape, dtype), is_one in zip(inputs, sequences, strict=True)
    ]


def _with_side(name: str, inputs: list[Input], side: int) -> list[Input]:
    """The height of images; their width keeps its proportion to it."""
    if not any(len(shape) >= 4 for shape, _ in inputs):
        raise Error(f"{name}: no input is an image, with four sizes; vary another size")
    return [
        ((*shape[:-2], side, side * shape[-1] // shape[-2]), dtype) if len(shape) >= 4 else (shape, dtype)
        for shape, dtype in inputs
    ]

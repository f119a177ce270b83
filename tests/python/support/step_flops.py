"""The work of a training step, by torch's own FlopCounterMode around a forward and its backward."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils import _pytree as pytree
from torch.utils.flop_counter import FlopCounterMode, conv_backward_flop

# Of a model's tensors, those that the loss reads.
Read = Callable[[list[torch.Tensor]], list[torch.Tensor]]


def tensors_of(given: Any) -> list[torch.Tensor]:
    """In order; a transformers output is a dict with attributes."""
    if isinstance(given, torch.Tensor):
        return [given]
    if dataclasses.is_dataclass(given) and not isinstance(given, Mapping):
        given = vars(given)
    parts = given.values() if isinstance(given, Mapping) else given if isinstance(given, Sequence) else []
    return [] if isinstance(given, str) else [tensor for part in parts for tensor in tensors_of(part)]


def first(tensors: list[torch.Tensor]) -> list[torch.Tensor]:
    return [tensor for tensor in tensors if tensor.requires_grad][:1]


def ungrouped(grad: Any, x: Any, weight: Any, *rest: Any, out_shape: Any, **_: Any) -> int:
    """torch 2.13 forgets to divide the product of the weight's gradient by the groups, of which each sees its part."""
    *settings, groups, (of_input, of_weight, of_bias) = rest
    formula = lambda *mask: conv_backward_flop(grad, x, weight, *settings, groups, mask, out_val=out_shape)  # noqa: E731
    return int(formula(of_input, False, of_bias) + formula(False, of_weight, of_bias) // groups)


def grouped_product(a: Any, b: Any, *_: Any, **__: Any) -> int:
    """Rows in groups, each with a matrix of its own; in backward, a product for each group of rows."""
    return 2 * int(a[-2] * a[-1] * b[-1])


def triangular_solution(a: Any, b: Any, *_: Any, out_shape: Any, **__: Any) -> int:
    return int(torch.Size(out_shape).numel() * (a[-1] - 1))


# What torch has no formula for.
MORE = {
    torch.ops.aten._grouped_mm: grouped_product,
    torch.ops.aten.linalg_solve_triangular: triangular_solution,
}


class StepCounter(FlopCounterMode):
    def __init__(self, as_torch: bool = False) -> None:
        mapping = {} if as_torch else {torch.ops.aten.convolution_backward: ungrouped, **MORE}
        super().__init__(display=False, custom_mapping=mapping)


def step_macs(
    model: nn.Module, args: Sequence[Any], kwargs: Mapping[str, Any], read: Read = first, as_torch: bool = False
) -> int:
    """Of a step in training mode, on meta where the model can; attention is two products forward and four backward.

    as_torch: with the factor of grouped convolutions that torch 2.13 has.
    """
    try:
        return counted(copy.deepcopy(model).to("meta"), *pytree.tree_map(on_meta, (args, kwargs)), read, as_torch)
    except (RuntimeError, NotImplementedError, ValueError, TypeError):  # the value of a tensor was asked for
        return counted(copy.deepcopy(model), args, kwargs, read, as_torch)


def on_meta(value: Any) -> Any:
    if not isinstance(value, torch.Tensor):
        return value
    return value.detach().to("meta").requires_grad_(value.requires_grad)


def counted(model: nn.Module, args: Sequence[Any], kwargs: Mapping[str, Any], read: Read, as_torch: bool) -> int:
    if not any(module.training for module in model.modules()):
        model.train()
    with sdpa_kernel(SDPBackend.MATH), StepCounter(as_torch) as counter:
        outputs = read(tensors_of(model(*args, **kwargs)))
        if outputs:
            torch.autograd.backward([output.float().sum() for output in outputs])
    return counter.get_total_flops() // 2

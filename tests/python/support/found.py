"""All that profile() must leave as it found it, as a value that can be compared."""

from __future__ import annotations

import random
from typing import Any

import torch


def found(model: torch.nn.Module) -> list[Any]:
    """Attributes, tables of hooks and flags of each module; the bits of each tensor that has some; random numbers."""
    modules = [
        (path, module.training, [(key, id(value), _entries(value)) for key, value in vars(module).items()])
        for path, module in model.named_modules()
    ]
    tensors = [
        (name, id(tensor), tensor._version, None if tensor.is_meta else tensor.detach().numpy().tobytes())
        for name, tensor in model.state_dict(keep_vars=True).items()
    ]
    grads = [(parameter.requires_grad, parameter.grad is None) for parameter in model.parameters()]
    return [modules, tensors, grads, torch.get_rng_state().tolist(), random.getstate()]


def _entries(value: Any) -> Any:
    return [(key, id(item)) for key, item in value.items()] if isinstance(value, dict) else None

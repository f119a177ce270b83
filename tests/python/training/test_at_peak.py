"""What is alive at the peak of a training step adds up to it, wherever in the step that is."""

from __future__ import annotations

from typing import Any

import pytest
from torch import nn

import thoplw
from thoplw._models import import_torchvision


@pytest.mark.parametrize("settings", [{}, {"accumulate": 3}, {"optimizer": "sgd"}, {"precision": "bf16-masters"}])
@pytest.mark.parametrize("name", ["linear", "resnet18", "mobilenet_v3_large"])
def test_what_is_alive_adds_up_to_the_peak(name: str, settings: dict[str, Any]) -> None:
    model = nn.Linear(4, 5) if name == "linear" else import_torchvision().models.get_model(name)
    step = thoplw.training(model, (2, 4) if name == "linear" else (8, 3, 64, 64), verbose=False, **settings)
    assert step.training is not None
    assert sum(piece.bytes for piece in step.training.at_peak) == step.peak
    moments = [moment.parameters + moment.gradients + moment.states + moment.activations
               for moment in step.training.timeline]  # fmt: skip
    assert max(moments) == step.peak


def test_the_peak_of_a_small_layer_is_in_the_step_of_the_optimizer() -> None:
    # AdamW holds two of each (weight 4 x 5, bias 5), and 4 bytes for each tensor: 2 x 4 x 25 + 2 x 4; its step makes
    # two of the largest: 2 x 4 x 20. Beside them: parameters 100, inputs 32, gradients 100, outputs 40.
    step = thoplw.training(nn.Linear(4, 5), (2, 4), verbose=False)
    assert step.peak == (100 + 32) + 100 + (200 + 8) + (40 + 160)
    assert "in the optimizer's step" in str(step)

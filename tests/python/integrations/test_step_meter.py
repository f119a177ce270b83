"""What callbacks have in common: which GPU is known, and what is said of one that is not."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import thoplw
from thoplw.integrations import _running_device
from thoplw.integrations._step_meter import StepMeter

# Names as torch.cuda.get_device_name() gives them. Others, such as a slice of a GPU or one of a laptop, are not known.
GPUS = [
    ("NVIDIA H100 80GB HBM3", "h100-sxm"),
    ("NVIDIA H100 PCIe", "h100-pcie"),
    ("NVIDIA A100-SXM4-40GB", "a100-sxm-40gb"),
    ("NVIDIA L4", "l4"),
    ("Tesla T4", "t4"),
    ("NVIDIA GeForce RTX 4090", "rtx-4090"),
    ("NVIDIA GeForce RTX 4090 Laptop GPU", None),
    ("NVIDIA H100 80GB HBM3 MIG 1g.10gb", None),
    ("NVIDIA A10G", None),
]


@pytest.mark.parametrize(("name", "row"), GPUS, ids=[name for name, _ in GPUS])
def test_gpus_are_known_by_their_whole_names(name: str, row: str | None) -> None:
    assert _running_device.known_device(name) == row


def test_names_of_gpus_are_rows_of_the_table() -> None:
    assert set(_running_device._NAMES.values()) <= {device.name for device in thoplw.devices()}


def test_a_cpu_has_no_mfu() -> None:
    meter = StepMeter()
    meter.begin(torch.nn.Linear(4, 4), None)
    meter.add("key", torch.nn.Linear(4, 4), [torch.empty(2, 4)], None)
    meter.step()
    figures = meter.read()
    assert figures["flops_per_step"] == 2 * 2 * (2 * 4 * 4)  # forward, and the gradient of the weights: 2 * 4 * 4 each
    assert set(figures) == {"flops_per_step", "flops_per_second", "total_flops"}


def test_two_devices_have_twice_the_peak(tmp_path: Path) -> None:
    """As under DataParallel, where each replica is a batch of this process."""
    (tmp_path / "device.toml").write_text('[slow]\ntitle = "Slow"\n[slow.peak]\nfp32 = "1G"\n')
    meter = StepMeter(f"{tmp_path}/device.toml")
    model = torch.nn.Linear(4, 4)
    meter.begin(model, None, of_process=2)
    for _ in range(2):
        meter.add("key", model, [torch.empty(2, 4)], None)
    meter.step()
    figures = meter.read()
    assert figures["flops_per_step"] == 2 * 2 * 2 * (2 * 4 * 4)
    assert figures["mfu"] == pytest.approx(figures["flops_per_second"] / 2e9)


def test_a_second_training_is_of_its_own_model() -> None:
    meter = StepMeter()
    for width in (4, 8):
        model = torch.nn.Linear(4, width)
        meter.begin(model, None)
        meter.add("key", model, [torch.empty(2, 4)], None)
        meter.step()
        assert meter.read()["total_flops"] == 2 * 2 * (2 * 4 * width)


class Frozen(torch.nn.Module):
    """The loss is made by another method than the forward, which that calls."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = torch.nn.Linear(8, 8), torch.nn.Linear(8, 4)
        self.first.requires_grad_(False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.second(self.first(x))  # type: ignore[no-any-return]

    def training_step(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        return torch.nn.functional.mse_loss(self(batch["x"]), batch["y"])


@pytest.mark.parametrize("precision", [None, "amp-bf16", "bf16"])
def test_training_of_a_method(precision: str | None) -> None:
    """What it returns is what the loss is; a copy in another type calls its own method."""
    model, batch = Frozen(), {"x": torch.empty(2, 8), "y": torch.empty(2, 4)}
    step = thoplw.training(
        model, [thoplw.as_is(batch)], method="training_step", precision=precision, optimizer="sgd", verbose=False
    )
    assert (step.forward, step.input_gradient, step.weight_gradient) == (2 * (64 + 32), 0, 2 * 32)
    assert step.parameters == (72 + 36) * (2 if precision == "bf16" else 4)
    assert "forward" not in vars(model)
    with pytest.raises(thoplw.Error, match="Frozen has no method 'train_step'"):
        thoplw.training(model, [thoplw.as_is(batch)], method="train_step")

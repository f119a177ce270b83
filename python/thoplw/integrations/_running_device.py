"""Which row of the table of devices a GPU is, by the name that torch has for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from thoplw._devices import devices

if TYPE_CHECKING:
    import torch

# Names of drivers that are not the title of a row. Only whole names are taken: "... Laptop GPU", "... MIG 1g.10gb" and
# the like are other, slower devices.
_NAMES = {
    "NVIDIA H100 80GB HBM3": "h100-sxm",
    "NVIDIA H200": "h200-sxm",
    "NVIDIA GH200 480GB": "gh200",
    "NVIDIA B200": "b200-sxm",
    "NVIDIA GB200": "gb200",
    "NVIDIA A100-SXM4-80GB": "a100-sxm-80gb",
    "NVIDIA A100-SXM4-40GB": "a100-sxm-40gb",
    "NVIDIA A100 80GB PCIe": "a100-pcie-80gb",
    "NVIDIA RTX 6000 Ada Generation": "rtx-6000-ada",
    "NVIDIA RTX PRO 6000 Blackwell Workstation Edition": "rtx-pro-6000",
    "Tesla T4": "t4",
    "Tesla V100-SXM2-16GB": "v100-sxm2",
    "Tesla V100-SXM2-32GB": "v100-sxm2",
}


def running_device(where: torch.device) -> str | None:
    """The device's name in the table; None where it is not known, as no CPU is."""
    import torch

    return known_device(torch.cuda.get_device_name(where)) if where.type == "cuda" else None


def known_device(name: str) -> str | None:
    return {device.title: device.name for device in devices()}.get(name) or _NAMES.get(name)

"""TensorBoard: what a model costs, beside the curves of its training."""

import torch
import torchvision
from torch.utils.tensorboard import SummaryWriter

import thoplw

macs, params, layers = thoplw.profile(torchvision.models.resnet18(), (1, 3, 224, 224))
with SummaryWriter("runs/resnet18") as writer:
    writer.add_text("cost", layers.summary("md", "clever", depth=1))
    writer.add_scalar("macs", macs)
    writer.add_histogram("macs of layers", torch.tensor([row["macs"] for row in layers.to_dict()["rows"]]))

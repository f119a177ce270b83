"""Weights & Biases: the totals in the summary of a run, the layers as a table. Offline it needs no account."""

import torchvision
import wandb

import thoplw

counts = thoplw.profile(torchvision.models.resnet18(), (1, 3, 224, 224))[2].to_dict()
with wandb.init(project="models", mode="offline") as run:
    run.summary.update(counts["total"])
    rows = [[row["name"], row["class"], row["macs"], row["params"]] for row in counts["rows"]]
    run.log({"layers": wandb.Table(columns=["name", "class", "macs", "params"], data=rows)})

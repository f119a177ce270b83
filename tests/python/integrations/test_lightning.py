"""The callback of Lightning in real training: FLOPs worked out by hand, MFU of a device of ours."""

from __future__ import annotations

import csv
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch

pl = pytest.importorskip("lightning.pytorch")

from lightning.pytorch.loggers import CSVLogger  # noqa: E402

from thoplw.integrations.lightning import CostMonitor  # noqa: E402


@pytest.fixture
def device(tmp_path: Path) -> str:
    """Of a billion operations a second in fp32, and four billions in bf16."""
    (tmp_path / "device.toml").write_text('[slow]\ntitle = "Slow"\n[slow.peak]\nfp32 = "1G"\nbf16 = "4G"\n')
    return f"{tmp_path}/device.toml:slow"


def test_lightning(tmp_path: Path, device: str, capsys: pytest.CaptureFixture[str]) -> None:
    class Net(pl.LightningModule):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.body, self.head = torch.nn.Linear(16, 32), torch.nn.Linear(32, 4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.head(self.body(x))  # type: ignore[no-any-return]

        def training_step(self, batch: Any) -> Any:
            x, y = batch
            loss = torch.nn.functional.cross_entropy(self(x), y)
            self.log_dict({"loss": loss})
            return loss

        def validation_step(self, batch: Any, batch_idx: int) -> None:
            self(batch[0])

        def configure_optimizers(self) -> Any:
            return torch.optim.SGD(self.parameters(), 0.1)

    def step(batch: int) -> int:
        return 2 * batch * (2 * 16 * 32 + 3 * 32 * 4)  # the first layer needs no gradient of its input

    data = torch.utils.data.TensorDataset(torch.randn(20, 16), torch.randint(0, 4, (20,)))
    loader = torch.utils.data.DataLoader(data, batch_size=8)
    for precision, peak in (("32-true", 1e9), ("bf16-mixed", 4e9)):
        folder = tmp_path / precision
        net = Net()
        trainer = pl.Trainer(
            max_epochs=1,
            accelerator="cpu",
            precision=precision,
            log_every_n_steps=1,
            callbacks=[CostMonitor(device)],
            logger=CSVLogger(folder),
            enable_progress_bar=False,
            enable_model_summary=False,
            enable_checkpointing=False,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Lightning's advice on workers
            trainer.fit(net, loader, loader)
        rows = list(csv.DictReader(next(folder.rglob("metrics.csv")).open()))
        logged = [row for row in rows if row["flops_per_step"]]
        assert [float(row["flops_per_step"]) for row in logged] == [step(8), step(8), step(4)]
        assert [int(row["total_flops"]) for row in logged] == [step(8), 2 * step(8), 2 * step(8) + step(4)]
        for row in logged:
            assert float(row["mfu"]) == pytest.approx(float(row["flops_per_second"]) / peak)
        assert len([row for row in rows if row["loss"]]) == 3  # those of training alone
        assert not {"log", "log_dict", "forward"} & set(vars(net))
        assert f"a step computes {step(8) / 2e3:.2f} K MACs" in capsys.readouterr().out


class Classifier(pl.LightningModule):  # type: ignore[misc, name-defined]
    """Whose training depends on random numbers, statistics and the order of gradients."""

    def __init__(self, manual: bool) -> None:
        super().__init__()
        self.automatic_optimization = not manual
        self.layers = torch.nn.Sequential(
            torch.nn.Linear(16, 32), torch.nn.BatchNorm1d(32), torch.nn.Dropout(), torch.nn.Linear(32, 4)
        )

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        loss = torch.nn.functional.cross_entropy(self.layers(batch[0]), batch[1])
        if self.automatic_optimization:
            return loss
        optimizer = self.optimizers()
        optimizer.zero_grad()
        self.manual_backward(loss)
        optimizer.step()
        return None

    def configure_optimizers(self) -> Any:
        return torch.optim.AdamW(self.parameters(), 0.1)


def fitted(manual: bool, accumulate: int, callbacks: list[Any]) -> dict[str, torch.Tensor]:
    pl.seed_everything(0, verbose=False)
    model = Classifier(manual)
    fit(model, accumulate, callbacks)
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def fit(model: torch.nn.Module, accumulate: int, callbacks: list[Any], logger: Any = False, every: int = 1) -> None:
    inputs = torch.randn(20, 16)
    data = torch.utils.data.TensorDataset(inputs, torch.randint(0, 4, (20,)))
    trainer = pl.Trainer(
        max_epochs=2,
        accelerator="cpu",
        accumulate_grad_batches=accumulate,
        log_every_n_steps=every,
        callbacks=callbacks,
        logger=logger,
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trainer.fit(model, torch.utils.data.DataLoader(data, batch_size=8, shuffle=True))


@pytest.mark.parametrize(("manual", "accumulate"), [(False, 1), (False, 2), (True, 1)])
def test_lightning_trains_as_without_it_to_the_bit(manual: bool, accumulate: int) -> None:
    monitor = CostMonitor(summary=None)
    with_it = fitted(manual, accumulate, [monitor])
    without = fitted(manual, accumulate, [])
    assert all(torch.equal(with_it[name], without[name]) for name in without)
    # A forward, and back to the weights; the norm's input needs a gradient, that of the first layer does not.
    assert monitor.meter.total == 2 * 2 * 20 * (2 * 16 * 32 + 3 * 32 * 4)


@pytest.mark.parametrize("package", ["lightning.pytorch", "pytorch_lightning"])
def test_the_callback_is_one_of_the_package_that_is_used(package: str) -> None:
    program = (
        "import thoplw._models; thoplw._models.import_torchvision(); "
        f"import {package} as pl; from thoplw.integrations.lightning import CostMonitor; "
        "assert issubclass(CostMonitor, pl.Callback)"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", program], check=True, timeout=300)


class Unfrozen(Classifier):
    """Its first layer is trained from the second epoch on."""

    def on_train_epoch_start(self) -> None:
        for layer in self.layers[:2]:
            layer.requires_grad_(self.current_epoch > 0)


def test_layers_that_are_unfrozen_on_the_way_cost_more_from_then_on() -> None:
    monitor = CostMonitor(summary=None)
    fit(Unfrozen(manual=False), 1, [monitor])
    first, second = 16 * 32, 32 * 4
    frozen = first + 2 * second  # forward, and the weights of the second
    trained = 2 * first + 3 * second
    assert monitor.meter.total == 2 * 20 * (frozen + trained)


def rows_of(model: torch.nn.Module, folder: Path, accumulate: int = 1, every: int = 1) -> list[dict[str, str]]:
    """What Lightning's logger got in two epochs of batches of 8, 8 and 4."""
    fit(model, accumulate, [CostMonitor(summary=None)], CSVLogger(folder), every)
    return list(csv.DictReader(next(folder.rglob("metrics.csv")).open()))


def column(rows: list[dict[str, str]], name: str) -> list[int]:
    return [int(float(row[name])) for row in rows if row.get(name)]


EACH = 2 * (2 * 16 * 32 + 3 * 32 * 4)  # of one image, as above


class Logging(Classifier):
    def training_step(self, batch: Any, batch_idx: int) -> Any:
        self.log("images", float(len(batch[0])))
        return super().training_step(batch, batch_idx)


class TwoOptimizers(Logging):
    """A step of each for each batch, as in adversarial training: global_step counts both."""

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        self.log("images", float(len(batch[0])))
        first, second = self.optimizers()
        loss = torch.nn.functional.cross_entropy(self.layers(batch[0]), batch[1])
        self.manual_backward(loss)
        first.step()
        second.step()

    def configure_optimizers(self) -> Any:
        return [torch.optim.SGD(layer.parameters(), 0.1) for layer in (self.layers[0], self.layers[3])]


@pytest.mark.parametrize(
    ("model", "accumulate", "every", "steps", "images"),
    [
        (Logging(manual=False), 1, 1, [0, 1, 2, 3, 4, 5], [8, 8, 4, 8, 8, 4]),
        (Logging(manual=False), 1, 4, [3], [(8 + 8 + 4 + 8) / 4]),
        (Logging(manual=False), 2, 1, [0, 1, 2, 3], [16, 4, 16, 4]),
        (Logging(manual=False), 2, 2, [1, 3], [20 / 2, 20 / 2]),
        (TwoOptimizers(manual=True), 1, 1, [0, 1, 2, 3, 4, 5], [8, 8, 4, 8, 8, 4]),
    ],
    ids=["each", "every 4", "accumulating 2", "accumulating 2, every 2", "two optimizers"],
)
def test_lightning_has_the_figures_at_the_steps_of_the_loss(
    tmp_path: Path, model: torch.nn.Module, accumulate: int, every: int, steps: list[int], images: list[float]
) -> None:
    rows = rows_of(model, tmp_path, accumulate, every)
    assert column([row for row in rows if row["images"]], "step") == steps
    assert column([row for row in rows if row["flops_per_step"]], "step") == steps
    assert column(rows, "flops_per_step") == [EACH * each for each in images]


class Skipping(Classifier):
    """The first batch of each epoch computes nothing, the second no loss."""

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        if batch_idx == 0:
            return None
        loss = super().training_step(batch, batch_idx)
        return loss if batch_idx > 1 else None


def test_a_batch_without_a_loss_stands_for_no_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    forward = 2 * (16 * 32 + 32 * 4)
    rows = rows_of(Skipping(manual=False), tmp_path)
    assert column(rows, "flops_per_step") == 2 * [0, 8 * forward, 4 * EACH]
    monitor = CostMonitor()
    fit(Skipping(manual=False), 1, [monitor])
    assert f"a step computes {4 * EACH / 2e3:.2f} K MACs" in capsys.readouterr().out  # the first that has a backward


class Tallying(Classifier):
    """Its log is one of its own, and no method."""

    def __init__(self) -> None:
        super().__init__(manual=False)
        self.losses: list[torch.Tensor] = []
        self.log = lambda name, loss: self.losses.append(loss.detach())

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        loss = super().training_step(batch, batch_idx)
        self.log("loss", loss)
        return loss


def test_a_log_of_the_models_own_stays_there() -> None:
    model = Tallying()
    log = model.log
    fit(model, 1, [CostMonitor(summary=None)])
    assert vars(model)["log"] is log
    assert "log_dict" not in vars(model)
    assert len(model.losses) == 6  # of two epochs, and none of what was counted

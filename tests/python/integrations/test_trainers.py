"""The callback of transformers in real training: FLOPs worked out by hand, MFU of a device of ours."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest
import torch

import thoplw

transformers = pytest.importorskip("transformers")
pytest.importorskip("lightning.pytorch")  # make test-integrations has it, and time for all of these

from thoplw.integrations.transformers import CostCallback  # noqa: E402


@pytest.fixture
def device(tmp_path: Path) -> str:
    """Of a billion operations a second in fp32, and four billions in bf16."""
    (tmp_path / "device.toml").write_text('[slow]\ntitle = "Slow"\n[slow.peak]\nfp32 = "1G"\nbf16 = "4G"\n')
    return f"{tmp_path}/device.toml:slow"


def gpt2() -> torch.nn.Module:
    config = transformers.GPT2Config(n_layer=2, n_embd=32, n_head=2, vocab_size=100, bos_token_id=0, eos_token_id=0)
    model: torch.nn.Module = transformers.GPT2LMHeadModel(config)
    return model


def flops(batch: int, length: int, layers: int = 2, width: int = 32, words: int = 100) -> int:
    """Of a step of GPT-2: a forward and twice that in backward, a multiply-add being two."""
    linear = batch * length * (layers * 12 * width * width + width * words)
    attention = layers * 2 * batch * length * length * width
    return 2 * 3 * (linear + attention)


def train(folder: Path, model: torch.nn.Module, lengths: list[int], callback: Any, **arguments: Any) -> list[dict]:
    text = [{"input_ids": torch.arange(n) % 100, "labels": torch.arange(n) % 100} for n in lengths]
    told = {
        "per_device_train_batch_size": 2,
        "per_device_eval_batch_size": 2,
        "num_train_epochs": 1,
        "logging_steps": 1,
        "report_to": [],
        "save_strategy": "no",
        "use_cpu": True,
        "disable_tqdm": True,
        "train_sampling_strategy": "sequential",
    }
    trainer = transformers.Trainer(
        model, transformers.TrainingArguments(str(folder), **(told | arguments)), train_dataset=text, eval_dataset=text
    )
    callback.add_to(trainer)
    trainer.train()
    return [entry for entry in trainer.state.log_history if "loss" in entry]


def test_each_batch_of_the_trainer_is_counted_by_its_shape(tmp_path: Path, device: str) -> None:
    callback = CostCallback(device)
    model = gpt2()
    logs = train(tmp_path, model, [16, 16, 16, 16, 24, 24], callback, eval_strategy="steps", eval_steps=1)
    steps = [flops(2, 16), flops(2, 16), flops(2, 24)]
    assert [entry["flops_per_step"] for entry in logs] == steps
    assert [entry["total_flops"] for entry in logs] == [sum(steps[: i + 1]) for i in range(3)]
    for entry in logs:
        assert entry["mfu"] == pytest.approx(entry["flops_per_second"] / 1e9)
        assert "hfu" not in entry
    assert not model._forward_pre_hooks


@pytest.mark.parametrize(
    ("arguments", "each"),
    [
        ({"gradient_accumulation_steps": 2}, [flops(2, 16) + flops(2, 24)]),
        ({"logging_steps": 2}, [(flops(2, 16) + flops(2, 24)) / 2]),
        ({"logging_strategy": "epoch"}, [(flops(2, 16) + flops(2, 24)) / 2]),
        ({"logging_strategy": "epoch", "eval_strategy": "epoch"}, [(flops(2, 16) + flops(2, 24)) / 2]),
        ({"bf16": True}, [flops(2, 16), flops(2, 24)]),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_steps_of_several_batches_and_logs_of_several_steps(
    tmp_path: Path, device: str, arguments: dict[str, Any], each: list[float]
) -> None:
    logs = train(tmp_path, gpt2(), [16, 16, 24, 24], CostCallback(device), **arguments)
    assert [entry["flops_per_step"] for entry in logs] == each
    peak = 4e9 if "bf16" in arguments else 1e9
    for entry in logs:
        assert entry["mfu"] == pytest.approx(entry["flops_per_second"] / peak)


def test_checkpoints_are_in_hfu_alone_and_frozen_layers_in_neither(tmp_path: Path, device: str) -> None:
    model = gpt2()
    (entry,) = train(tmp_path, model, [16, 16], CostCallback(device), gradient_checkpointing=True)
    assert entry["flops_per_step"] == flops(2, 16)
    again = flops(2, 16, words=0) // 3  # the forward of the blocks, but not of the head
    assert entry["hfu"] == pytest.approx(entry["mfu"] * (flops(2, 16) + again) / flops(2, 16))

    model = gpt2()
    for parameter in [
        *model.transformer.wte.parameters(),
        *model.transformer.wpe.parameters(),
        *model.transformer.h.parameters(),
    ]:
        parameter.requires_grad_(False)  # only the last norm is trained, and the head is the frozen embedding
    (entry,) = train(tmp_path, model, [16, 16], CostCallback(device))
    assert entry["flops_per_step"] == flops(2, 16) // 3 + 2 * 2 * 16 * 32 * 100  # a forward, and back through the head


def test_what_cannot_be_counted_does_not_stop_training(tmp_path: Path) -> None:
    class Net(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Linear(1, 1)

        def forward(self, input_ids: torch.Tensor, labels: torch.Tensor) -> dict[str, torch.Tensor]:
            callers = {frame.frame.f_globals["__name__"].split(".")[0] for frame in inspect.stack()}
            if "thoplw" in callers:
                raise RuntimeError("only real training here")
            return {"loss": self.layer(input_ids.float().unsqueeze(-1)).mean()}

    with pytest.warns(UserWarning, match="this training cannot be counted: .*only real training here") as caught:
        logs = train(tmp_path, Net(), [4, 4, 4, 4], CostCallback())
    assert len([warning for warning in caught if "cannot be counted" in str(warning.message)]) == 1
    assert len(logs) == 2
    assert all("flops_per_second" not in entry for entry in logs)


class OutOfMemory(transformers.Trainer):  # type: ignore[misc, name-defined]
    """Its first batch fails after the forward."""

    failed = False

    def compute_loss(self, *args: Any, **kwargs: Any) -> Any:
        loss = super().compute_loss(*args, **kwargs)
        if not self.failed:
            self.failed = True
            raise RuntimeError("CUDA out of memory.")
        return loss


def test_a_batch_that_failed_is_no_step(tmp_path: Path) -> None:
    text = [{"input_ids": torch.arange(16), "labels": torch.arange(16)} for _ in range(8)]
    arguments = transformers.TrainingArguments(
        str(tmp_path), per_device_train_batch_size=8, auto_find_batch_size=True, num_train_epochs=1, logging_steps=1,
        report_to=[], save_strategy="no", use_cpu=True, disable_tqdm=True,
    )  # fmt: skip
    model, callback = gpt2(), CostCallback()
    trainer = OutOfMemory(model, arguments, train_dataset=text, callbacks=[callback])
    trainer.train()  # again with a smaller batch
    size = trainer._train_batch_size
    assert size < 8
    sizes = [min(size, 8 - first) for first in range(0, 8, size)]
    logs = [entry for entry in trainer.state.log_history if "loss" in entry]
    assert [entry["flops_per_step"] for entry in logs] == [flops(batch, 16) for batch in sizes]
    assert logs[-1]["total_flops"] == flops(8, 16)
    assert not model._forward_pre_hooks


def test_a_training_after_one_that_failed_begins_anew(tmp_path: Path) -> None:
    text = [{"input_ids": torch.arange(16), "labels": torch.arange(16)} for _ in range(4)]
    arguments = transformers.TrainingArguments(
        str(tmp_path), per_device_train_batch_size=2, num_train_epochs=1, logging_steps=1,
        report_to=[], save_strategy="no", use_cpu=True, disable_tqdm=True,
    )  # fmt: skip
    failed, model, callback = gpt2(), gpt2(), CostCallback()
    with pytest.raises(RuntimeError, match="out of memory"):
        OutOfMemory(failed, arguments, train_dataset=text, callbacks=[callback]).train()
    trainer = transformers.Trainer(model, arguments, train_dataset=text, callbacks=[callback])
    trainer.train()
    logs = [entry for entry in trainer.state.log_history if "loss" in entry]
    assert [entry["flops_per_step"] for entry in logs] == [flops(2, 16), flops(2, 16)]
    assert not failed._forward_pre_hooks
    assert not model._forward_pre_hooks


def test_a_device_without_figures_gives_flops_and_no_mfu(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="no MFU: .*t4"):
        logs = train(tmp_path, gpt2(), [16, 16], CostCallback("t4", "bf16"))
    assert logs[0]["flops_per_step"] == flops(2, 16)
    assert "mfu" not in logs[0]
    with pytest.raises(thoplw.Error, match="did you mean"):
        CostCallback("h10")


def test_transformers_trains_as_without_it_to_the_bit(tmp_path: Path) -> None:
    weights = []
    for callbacks in ([], [CostCallback()]):
        transformers.set_seed(0)
        model = gpt2()
        text = [{"input_ids": torch.arange(16), "labels": torch.arange(16)} for _ in range(8)]
        arguments = transformers.TrainingArguments(
            str(tmp_path), per_device_train_batch_size=2, num_train_epochs=1, report_to=[], save_strategy="no",
            use_cpu=True, disable_tqdm=True, logging_steps=1, learning_rate=0.01, gradient_accumulation_steps=2,
        )  # fmt: skip
        transformers.Trainer(model, arguments, train_dataset=text, callbacks=callbacks).train()
        weights.append([tensor.clone() for tensor in model.state_dict().values()])
    assert all(map(torch.equal, *weights))

"""Adapters that are only asked about are those that peft puts into a model."""

from __future__ import annotations

import re

import pytest
import torch

from thoplw import _native

peft = pytest.importorskip("peft")
transformers = pytest.importorskip("transformers")

SMALL = {"hidden_size": 32, "num_hidden_layers": 2, "intermediate_size": 64, "vocab_size": 100}


def llama() -> torch.nn.Module:
    config = transformers.LlamaConfig(num_attention_heads=4, num_key_value_heads=2, use_cache=False, **SMALL)
    return transformers.LlamaForCausalLM(config)  # type: ignore[no-any-return]


def gpt2() -> torch.nn.Module:
    config = transformers.GPT2Config(n_embd=32, n_layer=2, n_head=2, vocab_size=100, use_cache=False)
    return transformers.GPT2LMHeadModel(config)  # type: ignore[no-any-return]


def bert() -> torch.nn.Module:
    return transformers.BertModel(transformers.BertConfig(num_attention_heads=2, **SMALL))  # type: ignore[no-any-return]


CASES = {
    "llama": (llama, ["q_proj", "v_proj", "down_proj"], 0.0),
    "llama, with dropout": (llama, ["q_proj", "v_proj", "down_proj"], 0.05),
    "llama in bf16": (lambda: llama().bfloat16(), ["o_proj", "up_proj"], 0.1),
    "llama's head": (llama, ["lm_head"], 0.0),
    "gpt2": (gpt2, ["c_attn"], 0.1),
    "bert": (bert, ["query", "value"], 0.1),
}
PREFIX = "base_model.model."
UNUSED = (".lora_embedding_A", ".lora_embedding_B", ".lora_magnitude_vector")


def captured(model: torch.nn.Module, autocast: str = "") -> _native.Trace:
    model.train()
    inputs = {"input_ids": torch.ones(2, 12, dtype=torch.long)}
    return _native.capture(model, (), inputs, {}, training=True, autocast=autocast)


def without_numbers(text: str) -> str:
    return re.sub(r"%\d+:", "", text)


def records(trace: _native.Trace, *kinds: str) -> list[str]:
    """Lines of those kinds, without numbers of values, as they would be without peft's own modules around the model."""
    lines = [line.strip() for line in without_numbers(trace.text()).replace(PREFIX, "").splitlines()]
    around = [f'"{PREFIX[:-1]}"', '"base_model"']  # the modules that peft puts around the model
    return [line for line in lines if line.startswith(kinds) and not any(name in line for name in around)]


def storages(trace: _native.Trace) -> list[tuple[str, str]]:
    """Bytes and life of each, with the types and sizes of what is inside."""
    return sorted(re.findall(r"^storage (.*?) \((.*)\)$", without_numbers(trace.text()), re.MULTILINE))


@pytest.mark.parametrize("case", CASES)
def test_adapters_are_pefts(case: str) -> None:
    build, targets, dropout = CASES[case]
    ours = _native.with_lora(captured(build()), 4, targets, dropout)
    config = peft.LoraConfig(
        r=4, lora_alpha=8, target_modules=targets, lora_dropout=dropout, fan_in_fan_out=case == "gpt2"
    )
    theirs = captured(peft.get_peft_model(build(), config))
    assert records(ours, "param", "buffer") == records(theirs, "param", "buffer")
    assert records(ours, "aten::") == records(theirs, "aten::")
    assert storages(ours) == storages(theirs)
    modules = [line for line in records(theirs, "module") if not any(name in line for name in UNUSED)]
    assert records(ours, "module")[1:] == modules[-len(records(ours, "module")) + 1 :]
    assert records(ours, "call")[1:] == records(theirs, "call")[-len(records(ours, "call")) + 1 :]
    assert _native.count(ours, "exact").macs == _native.count(theirs, "exact").macs


@pytest.mark.parametrize(
    ("rank", "targets", "message"),
    [
        (0, ["q_proj"], "the rank is 0; it must be 1 or more"),
        (4, ["q_prj"], "lora target 'q_prj' matches nothing of this model"),
        (4, ["self_attn"], "self_attn is a .*LlamaAttention; adapters are known for torch.nn.Linear and Conv1D"),
    ],
)
def test_what_has_no_adapter_is_said(rank: int, targets: list[str], message: str) -> None:
    with pytest.raises(_native.Error, match=message):
        _native.with_lora(captured(llama()), rank, targets)


@pytest.mark.parametrize("case", ["llama", "llama, with dropout", "llama's head", "gpt2", "bert"])
def test_adapters_under_autocast_are_pefts(case: str) -> None:
    """Copies of frozen weights are gone after the operator that reads them, those of adapters live to the end."""
    build, targets, dropout = CASES[case]
    ours = _native.with_lora(captured(build(), "bf16"), 4, targets, dropout, autocast="bf16")
    config = peft.LoraConfig(
        r=4, lora_alpha=8, target_modules=targets, lora_dropout=dropout, fan_in_fan_out=case == "gpt2"
    )
    theirs = captured(peft.get_peft_model(build(), config), "bf16")
    assert records(ours, "aten::") == records(theirs, "aten::")
    assert storages(ours) == storages(theirs)

"""Models of hundreds of billions of parameters, on the meta device: closed formulas, memory, and the time it takes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("transformers", minversion="5.0")

MOST_MEMORY = 1_500_000  # KiB resident, torch and transformers included

# A fresh process, so that its memory is what this takes. VmHWM, unlike ru_maxrss, is not the parent's.
PROGRAM = """
import json, sys, time
import thoplw
from thoplw._models import import_torchvision
try:
    import_torchvision()
except thoplw.Error:
    pass
import torch, transformers

name, tokens, settings = json.loads(sys.argv[1])
cls = getattr(transformers, name)
with torch.device("meta"):
    model = cls(cls.config_class(**settings)).eval()
ids = torch.zeros(1, tokens, dtype=torch.int64)
start = time.perf_counter()
macs, params, info = thoplw.profile(model, {"input_ids": ids}, convention="exact", verbose=False)
seconds = time.perf_counter() - start
peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(json.dumps([macs, params, info.active_params, info.exact, info.notes, int(peak), seconds]))
"""


def profiled(name: str, tokens: int, **settings: Any) -> tuple[int, int, int]:
    if not Path("/proc/self/status").exists():
        pytest.skip("peak memory is read from /proc")
    command = [sys.executable, "-W", "ignore", "-c", PROGRAM, json.dumps([name, tokens, settings])]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    macs, params, active, exact, notes, peak, seconds = json.loads(output)
    print(f"\n{name}, {params:,} parameters, {tokens} tokens: {seconds:.2f} s, {peak // 1024} MiB at most")
    assert exact
    assert not any("real forward" in note for note in notes)
    assert peak < MOST_MEMORY
    return macs, params, active


def test_llama_3_405b() -> None:
    tokens, hidden, inner, layers, heads, kv_heads, vocab = 8192, 16384, 53248, 126, 128, 8, 128256
    head = hidden // heads
    macs, params, active = profiled(
        "LlamaForCausalLM",
        tokens,
        hidden_size=hidden,
        intermediate_size=inner,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=kv_heads,
        vocab_size=vocab,
        max_position_embeddings=131072,
    )
    weights = 2 * hidden * hidden + 2 * hidden * kv_heads * head + 3 * hidden * inner  # q, o; k, v; gate, up, down
    scores = heads * tokens * tokens * (head + head)
    assert macs == layers * (tokens * weights + scores) + tokens * hidden * vocab
    # Two norms in each layer and one behind; the embedding and the output each have their own matrix.
    assert params == layers * (weights + 2 * hidden) + hidden + 2 * vocab * hidden == 405_853_388_800
    assert active == params


def test_mixtral_8x22b() -> None:
    tokens, hidden, inner, layers, heads, kv_heads, vocab, experts, routed = 4096, 6144, 16384, 56, 48, 8, 32768, 8, 2
    head = hidden // heads
    macs, params, active = profiled(
        "MixtralForCausalLM",
        tokens,
        hidden_size=hidden,
        intermediate_size=inner,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=kv_heads,
        vocab_size=vocab,
        num_local_experts=experts,
        num_experts_per_tok=routed,
        max_position_embeddings=65536,
    )
    attention = 2 * hidden * hidden + 2 * hidden * kv_heads * head
    router, expert = hidden * experts, 3 * hidden * inner
    scores = heads * tokens * tokens * (head + head)
    per_token = attention + router + routed * expert  # each token goes to 2 of the 8 experts
    assert macs == layers * (tokens * per_token + scores) + tokens * hidden * vocab
    around = layers * (attention + router + 2 * hidden) + hidden + 2 * vocab * hidden
    assert params == around + layers * experts * expert
    assert active == around + layers * routed * expert


def test_deepseek_v3() -> None:
    tokens, hidden, layers, dense, heads, vocab = 4096, 7168, 61, 3, 128, 129280
    inner, expert_inner, experts, routed, shared = 18432, 2048, 256, 8, 1
    q_rank, kv_rank, nope, rope, value = 1536, 512, 128, 64, 128
    macs, params, active = profiled(
        "DeepseekV3ForCausalLM",
        tokens,
        hidden_size=hidden,
        intermediate_size=inner,
        moe_intermediate_size=expert_inner,
        num_hidden_layers=layers,
        first_k_dense_replace=dense,
        num_attention_heads=heads,
        num_key_value_heads=heads,
        n_routed_experts=experts,
        n_shared_experts=shared,
        num_experts_per_tok=routed,
        q_lora_rank=q_rank,
        kv_lora_rank=kv_rank,
        qk_nope_head_dim=nope,
        qk_rope_head_dim=rope,
        v_head_dim=value,
        vocab_size=vocab,
    )
    queries = hidden * q_rank + q_rank * heads * (nope + rope)
    keys_and_values = hidden * (kv_rank + rope) + kv_rank * heads * (nope + value)
    attention = queries + keys_and_values + heads * value * hidden
    scores = heads * tokens * tokens * (nope + rope + value)
    router, expert = hidden * experts, 3 * hidden * expert_inner
    mlp = dense * 3 * hidden * inner + (layers - dense) * (router + (routed + shared) * expert)
    assert macs == tokens * (layers * attention + mlp) + layers * scores + tokens * hidden * vocab
    norms = layers * (2 * hidden + q_rank + kv_rank) + hidden
    # The router adds one number per expert to its scores, to balance them, but that is a buffer.
    assert active == layers * attention + mlp + norms + 2 * vocab * hidden
    assert params == active + (layers - dense) * (experts - routed) * expert

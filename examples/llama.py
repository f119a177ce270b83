"""A language model: what a prompt and a token cost, and how large the cache grows, from its config alone."""

import transformers

import thoplw

config = transformers.LlamaConfig(
    num_hidden_layers=16, hidden_size=2048, intermediate_size=8192, num_attention_heads=32, num_key_value_heads=8
)
needs = thoplw.llm(config, context=4096, batch=1, dtype="bf16")
for figure in ("weights", "cache", "prefill_macs", "decode_macs"):
    print(figure, needs.all[figure])

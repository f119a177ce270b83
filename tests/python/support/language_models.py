"""Language models of every kind of cache, small enough to be run for real."""

from __future__ import annotations

from typing import Any

SMALL = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 256,
}
MAMBA = {"hidden_size": 64, "num_hidden_layers": 2, "vocab_size": 256, "state_size": 8}
LATENT = {
    "num_key_value_heads": 4,
    "q_lora_rank": 32,
    "kv_lora_rank": 16,
    "qk_rope_head_dim": 8,
    "qk_nope_head_dim": 16,
    "v_head_dim": 16,
}
EXPERTS = {"n_routed_experts": 8, "num_experts_per_tok": 2, "moe_intermediate_size": 32}
ENCODER_DECODER = {
    "d_model": 64,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_attention_heads": 4,
    "decoder_attention_heads": 4,
    "encoder_ffn_dim": 128,
    "decoder_ffn_dim": 128,
    "vocab_size": 256,
}

# The class of the model, and the fields of its config.
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "one head for all queries": (
        "FalconForCausalLM",
        {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "vocab_size": 256},
    ),
    "a head for each query": ("GPT2LMHeadModel", {"n_embd": 64, "n_layer": 2, "n_head": 4, "vocab_size": 256}),
    "heads in groups": ("LlamaForCausalLM", SMALL),
    "biases instead of positions": (
        "BloomForCausalLM",
        {"hidden_size": 64, "n_layer": 2, "n_head": 4, "vocab_size": 256},
    ),
    "a window": ("MistralForCausalLM", SMALL | {"sliding_window": 16}),
    "windows and all": ("Gemma2ForCausalLM", SMALL | {"head_dim": 16, "sliding_window": 16}),
    "five windows to one": (
        "Gemma3ForCausalLM",
        SMALL | {"head_dim": 16, "sliding_window": 16, "num_hidden_layers": 6},
    ),
    "latent": (
        "DeepseekV3ForCausalLM",
        SMALL | LATENT | EXPERTS | {"n_group": 2, "topk_group": 1, "first_k_dense_replace": 1},
    ),
    "compressed": (
        "DeepseekV4ForCausalLM",
        {
            "vocab_size": 256,
            "hidden_size": 64,
            "moe_intermediate_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "head_dim": 32,
            "q_lora_rank": 32,
            "num_experts_per_tok": 2,
            "n_routed_experts": 8,
            "layer_types": ["heavily_compressed_attention", "compressed_sparse_attention"],
        },
    ),
    "experts": ("MixtralForCausalLM", SMALL),
    "experts and sinks": (
        "GptOssForCausalLM",
        SMALL | {"head_dim": 16, "num_local_experts": 4, "num_experts_per_tok": 2, "sliding_window": 16},
    ),
    "states": ("MambaForCausalLM", MAMBA),
    "states of heads": ("Mamba2ForCausalLM", MAMBA | {"num_heads": 8, "head_dim": 16, "n_groups": 2}),
    "states and attention": (
        "JambaForCausalLM",
        SMALL | {"num_hidden_layers": 8, "num_experts": 4, "mamba_dt_rank": 8, "use_mamba_kernels": False},
    ),
    "both in one layer": (
        "FalconH1ForCausalLM",
        SMALL | {"mamba_d_ssm": 64, "mamba_n_heads": 4, "mamba_d_head": 16, "mamba_d_state": 8, "mamba_n_groups": 1},
    ),
    "states of heads and attention": (
        "BambaForCausalLM",
        SMALL | {"mamba_n_heads": 8, "mamba_d_head": 16, "mamba_d_state": 8, "attn_layer_indices": [1]},
    ),
    "shared attention": (
        "Zamba2ForCausalLM",
        SMALL
        | {
            "num_hidden_layers": 6,
            "layers_block_type": ["mamba", "mamba", "hybrid"] * 2,
            "n_mamba_heads": 8,
            "mamba_headdim": 16,
            "mamba_ngroups": 1,
            "mamba_d_state": 8,
            "num_mem_blocks": 1,
        },
    ),
    "delta rule": (
        "Qwen3NextForCausalLM",
        SMALL
        | {
            "num_hidden_layers": 4,
            "head_dim": 16,
            "linear_num_value_heads": 4,
            "linear_num_key_heads": 2,
            "linear_key_head_dim": 16,
            "linear_value_head_dim": 16,
            "num_experts": 8,
            "num_experts_per_tok": 2,
            "moe_intermediate_size": 32,
            "shared_expert_intermediate_size": 32,
        },
    ),
    "convolutions": ("Lfm2ForCausalLM", SMALL | {"layer_types": ["conv", "full_attention"]}),
    "a state and nothing else": ("RwkvForCausalLM", {"hidden_size": 64, "num_hidden_layers": 2, "vocab_size": 256}),
    "an encoder": (
        "T5ForConditionalGeneration",
        {"d_model": 64, "d_kv": 16, "d_ff": 128, "num_layers": 2, "num_heads": 4, "vocab_size": 256},
    ),
    "an encoder of learned positions": ("BartForConditionalGeneration", ENCODER_DECODER),
    "an encoder of sound": (
        "WhisperForConditionalGeneration",
        ENCODER_DECODER | {"max_source_positions": 30, "pad_token_id": 0},
    ),
}


def config_of(name: str) -> Any:
    import transformers

    cls, fields = CASES[name]
    return getattr(transformers, cls).config_class(**fields)


def class_of(name: str) -> Any:
    import transformers

    return getattr(transformers, CASES[name][0])

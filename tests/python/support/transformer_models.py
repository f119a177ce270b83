"""One small model of each family of the transformers library, with random weights, and what goes into it."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch

Inputs = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Row:
    """A model class and what its config is made with; inputs are passed by keyword."""

    model: str
    config: dict[str, Any]
    inputs: Callable[[], Inputs]
    parts: dict[str, Any] = field(default_factory=dict)  # configs inside the config


def ids(*shape: int) -> torch.Tensor:
    """Token ids from 3 up: 0 to 2 are special in many vocabularies."""
    return torch.arange(torch.Size(shape).numel()).reshape(shape) % 40 + 3


def padded(batch: int, length: int) -> torch.Tensor:
    """A mask of two padding positions at the end of the last sequence."""
    mask = torch.ones(batch, length, dtype=torch.int64)
    mask[-1, -2:] = 0
    return mask


def text() -> Inputs:
    return {"input_ids": ids(2, 9), "attention_mask": padded(2, 9)}


def text_only() -> Inputs:
    return {"input_ids": ids(2, 9)}


def text_to_text() -> Inputs:
    return {**text(), "decoder_input_ids": ids(2, 5), "decoder_attention_mask": padded(2, 5)}


def image() -> Inputs:
    return {"pixel_values": torch.zeros(2, 3, 32, 32)}


def spectrum_to_text() -> Inputs:
    return {"input_features": torch.zeros(2, 8, 40), "decoder_input_ids": ids(2, 5)}


def image_and_text() -> Inputs:
    return {**image(), **text()}


def image_and_points() -> Inputs:
    return {"pixel_values": torch.zeros(1, 3, 64, 64), "input_points": torch.zeros(1, 1, 2, 2, dtype=torch.float32)}


def waveform() -> Inputs:
    return {"input_values": torch.zeros(2, 1000), "attention_mask": torch.ones(2, 1000, dtype=torch.int64)}


# What most configs call the same sizes.
BASE = {
    "vocab_size": 50,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 24,
    "max_position_embeddings": 32,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
GROUPED = {**BASE, "num_key_value_heads": 2}
IMAGE = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 24,
    "image_size": 32,
    "patch_size": 8,
}
SEQ2SEQ = {
    "vocab_size": 50,
    "d_model": 16,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_attention_heads": 4,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 24,
    "decoder_ffn_dim": 20,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "decoder_start_token_id": 2,
}
MOE = {"num_local_experts": 4, "num_experts_per_tok": 2}
# One layer of gated delta rule, in chunks of 64 positions, and one of attention.
DELTA = {
    **GROUPED,
    "layer_types": ["linear_attention", "full_attention"],
    "linear_num_value_heads": 4,
    "linear_num_key_heads": 2,
    "linear_key_head_dim": 4,
    "linear_value_head_dim": 6,
}
QWEN_EXPERTS = {
    "num_experts": 4,
    "num_experts_per_tok": 2,
    "moe_intermediate_size": 12,
    "shared_expert_intermediate_size": 20,
}

MODELS: dict[str, Row] = {
    "bert": Row("BertForMaskedLM", BASE, text),
    "roberta": Row("RobertaForMaskedLM", BASE, text),
    "distilbert": Row(
        "DistilBertForMaskedLM",
        {"vocab_size": 50, "dim": 16, "hidden_dim": 24, "n_layers": 2, "n_heads": 4, "max_position_embeddings": 32},
        text,
    ),
    "albert": Row("AlbertForMaskedLM", {**BASE, "embedding_size": 8}, text),
    "deberta-v2": Row(
        "DebertaV2ForMaskedLM",
        {
            **BASE,
            "relative_attention": True,
            "position_buckets": 8,
            "norm_rel_ebd": "layer_norm",
            "share_att_key": True,
            "pos_att_type": ["p2c", "c2p"],
            "conv_kernel_size": 3,
            "conv_act": "gelu",
        },
        text,
    ),
    "electra": Row("ElectraForPreTraining", {**BASE, "embedding_size": 8}, text),
    "gpt2": Row(
        "GPT2LMHeadModel", {"vocab_size": 50, "n_embd": 16, "n_layer": 2, "n_head": 4, "n_positions": 32}, text
    ),
    "gpt-neox": Row("GPTNeoXForCausalLM", BASE, text),
    "opt": Row("OPTForCausalLM", {**BASE, "ffn_dim": 24, "word_embed_proj_dim": 8}, text),
    "bloom": Row("BloomForCausalLM", {"vocab_size": 50, "hidden_size": 16, "n_layer": 2, "n_head": 4}, text),
    "llama": Row("LlamaForCausalLM", GROUPED, text),
    "mistral": Row("MistralForCausalLM", {**GROUPED, "sliding_window": 4}, text),
    "qwen2": Row("Qwen2ForCausalLM", GROUPED, text),
    "gemma": Row("GemmaForCausalLM", {**GROUPED, "head_dim": 8}, text),
    "phi": Row("PhiForCausalLM", BASE, text),
    "falcon": Row("FalconForCausalLM", BASE, text),
    "mamba": Row(
        "MambaForCausalLM",
        {"vocab_size": 50, "hidden_size": 16, "state_size": 4, "num_hidden_layers": 2, "time_step_rank": 3},
        text_only,
    ),
    "t5": Row(
        "T5ForConditionalGeneration",
        {
            "vocab_size": 50,
            "d_model": 16,
            "d_kv": 4,
            "d_ff": 24,
            "num_layers": 2,
            "num_heads": 4,
            "decoder_start_token_id": 0,
        },
        text_to_text,
    ),
    "bart": Row("BartForConditionalGeneration", {**SEQ2SEQ, "max_position_embeddings": 32}, text_to_text),
    "whisper": Row(
        "WhisperForConditionalGeneration",
        {**SEQ2SEQ, "num_mel_bins": 8, "max_source_positions": 20, "max_target_positions": 16},
        spectrum_to_text,
    ),
    "vit": Row("ViTForImageClassification", IMAGE, image),
    "swin": Row(
        "SwinForImageClassification",
        {"image_size": 32, "patch_size": 4, "embed_dim": 8, "depths": [2, 2], "num_heads": [2, 4], "window_size": 4},
        image,
    ),
    "deit": Row("DeiTForImageClassificationWithTeacher", IMAGE, image),
    "clip": Row(
        "CLIPModel",
        {"projection_dim": 12},
        image_and_text,
        {"text_config": BASE, "vision_config": IMAGE},
    ),
    "sam": Row(
        "SamModel",
        {},
        image_and_points,
        {
            "vision_config": {
                "hidden_size": 16,
                "output_channels": 8,
                "num_hidden_layers": 2,
                "num_attention_heads": 4,
                "image_size": 64,
                "patch_size": 8,
                "window_size": 4,
                "global_attn_indexes": [1],
                "mlp_dim": 24,
                "num_pos_feats": 4,
            },
            "prompt_encoder_config": {
                "hidden_size": 8,
                "image_size": 64,
                "patch_size": 8,
                "mask_input_channels": 4,
            },
            "mask_decoder_config": {
                "hidden_size": 8,
                "mlp_dim": 24,
                "num_hidden_layers": 2,
                "num_attention_heads": 2,
                "iou_head_hidden_dim": 8,
            },
        },
    ),
    "detr": Row(
        "DetrForObjectDetection",
        {**SEQ2SEQ, "num_queries": 6, "use_timm_backbone": False, "use_pretrained_backbone": False, "backbone": None},
        image,
        {
            "backbone_config": {
                "model_type": "resnet",
                "embedding_size": 4,
                "hidden_sizes": [4, 8],
                "depths": [1, 1],
                "layer_type": "basic",
                "out_features": ["stage2"],
            }
        },
    ),
    "wav2vec2": Row(
        "Wav2Vec2ForCTC",
        {
            **BASE,
            "conv_dim": [8, 8],
            "conv_kernel": [10, 3],
            "conv_stride": [5, 2],
            "num_feat_extract_layers": 2,
            "num_conv_pos_embeddings": 4,
            "num_conv_pos_embedding_groups": 2,
            "feat_extract_norm": "group",
        },
        waveform,
    ),
    "mixtral": Row("MixtralForCausalLM", {**GROUPED, **MOE}, text),
    "qwen2-moe": Row("Qwen2MoeForCausalLM", {**GROUPED, **QWEN_EXPERTS}, text),
    "qwen3-next": Row("Qwen3NextForCausalLM", {**DELTA, **QWEN_EXPERTS, "head_dim": 4}, text),
    "qwen3.5": Row("Qwen3_5ForCausalLM", {**DELTA, "head_dim": 4}, text),
    "olmo-hybrid": Row("OlmoHybridForCausalLM", {**DELTA, "linear_num_key_heads": 4}, text),
}


# What their forward does depends on values of what goes in: token ids that stand for features, padding images, sizes of
# images. Special tokens are behind the others in the vocabulary.
SPECIAL, OTHER_SPECIAL = 55, (56, 57, 58)
CAUSAL = {**GROUPED, "head_dim": 8, "vocab_size": 60}


def with_features(count: int) -> torch.Tensor:
    """A text in which so many tokens are to be replaced by features."""
    x = ids(1, count + 8)
    x[0, 1 : 1 + count] = SPECIAL
    return x


def images_and_a_padding_image() -> torch.Tensor:
    x = torch.ones(1, 3, 3, 32, 32)
    x[0, 2] = 0
    return x


def mixed(count: int, **others: torch.Tensor) -> Inputs:
    return {"input_ids": with_features(count), **others}


VALUE_MODELS: dict[str, Row] = {
    # 4 x 4 patches of 4 x 4 pixels in 2 frames, of which 2 x 2 are merged
    "qwen3-vl": Row(
        "Qwen3VLForConditionalGeneration",
        dict(zip(("image_token_id", "video_token_id", "vision_start_token_id", "vision_end_token_id"),
                 (SPECIAL, *OTHER_SPECIAL), strict=True)),
        lambda: mixed(
            4,
            mm_token_type_ids=(with_features(4) == SPECIAL).long(),
            pixel_values=torch.zeros(16, 3 * 2 * 4 * 4),
            image_grid_thw=torch.tensor([[1, 4, 4]]),
        ),
        {
            "text_config": {
                **CAUSAL,
                "rope_parameters": {"rope_type": "default", "rope_theta": 1e4, "mrope_section": [1, 1, 2]},
            },
            "vision_config": {
                "depth": 2,
                "hidden_size": 16,
                "num_heads": 4,
                "intermediate_size": 24,
                "out_hidden_size": 16,
                "patch_size": 4,
                "spatial_merge_size": 2,
                "temporal_patch_size": 2,
                "num_position_embeddings": 16,
                "deepstack_visual_indexes": [0, 1],
            },
        },
    ),
    # two images that are no padding, of 4 x 4 patches, of which 2 x 2 are merged
    "smolvlm": Row(
        "SmolVLMForConditionalGeneration",
        {"image_token_id": SPECIAL, "scale_factor": 2},
        lambda: mixed(2 * 4, pixel_values=images_and_a_padding_image()),
        {"text_config": {**CAUSAL, "model_type": "llama"}, "vision_config": IMAGE},
    ),
    "idefics3": Row(
        "Idefics3ForConditionalGeneration",
        {"image_token_id": SPECIAL, "scale_factor": 2},
        lambda: mixed(2 * 4, pixel_values=images_and_a_padding_image()),
        {"text_config": {**CAUSAL, "model_type": "llama"}, "vision_config": IMAGE},
    ),
    # 3 latents for each of these two images
    "idefics2": Row(
        "Idefics2ForConditionalGeneration",
        {"image_token_id": SPECIAL},
        lambda: mixed(2 * 3, pixel_values=images_and_a_padding_image()),
        {
            "text_config": {**CAUSAL, "model_type": "mistral"},
            "vision_config": IMAGE,
            "perceiver_config": {
                "hidden_size": 16,
                "resampler_n_latents": 3,
                "resampler_depth": 1,
                "resampler_n_heads": 2,
                "resampler_head_dim": 4,
                "num_key_value_heads": 1,
            },
        },
    ),
    # 32 frames, which a convolution halves; 4 of these go into a token
    "voxtral": Row(
        "VoxtralForConditionalGeneration",
        {"audio_token_id": SPECIAL},
        lambda: mixed(4, input_features=torch.zeros(1, 8, 32)),
        {
            "text_config": {**CAUSAL, "model_type": "llama"},
            "audio_config": {
                "hidden_size": 16,
                "num_hidden_layers": 2,
                "num_attention_heads": 4,
                "intermediate_size": 64,
                "num_mel_bins": 8,
                "max_source_positions": 16,
                "head_dim": 4,
            },
        },
    ),
    # 8 x 8 patches in a row, which are merged twice
    "minicpm-v": Row(
        "MiniCPMV4_6ForConditionalGeneration",
        {"image_token_id": SPECIAL},
        lambda: mixed(4, pixel_values=torch.zeros(1, 3, 4, 4 * 64), target_sizes=torch.tensor([[8, 8]])),
        {
            "text_config": {**CAUSAL, "model_type": "qwen3"},
            "vision_config": {**IMAGE, "patch_size": 4, "insert_layer_id": 0},
        },
    ),
    # the whole image and its two halves, of 4 x 4 patches each; a token ends each of 4 rows of 8
    "llava-next": Row(
        "LlavaNextForConditionalGeneration",
        {"image_token_index": SPECIAL, "image_grid_pinpoints": [[64, 32], [32, 64]], "vision_feature_layer": -1},
        lambda: mixed(
            16 + 32 + 8, pixel_values=torch.zeros(1, 3, 3, 32, 32), image_sizes=torch.tensor([[64, 32]])
        ),
        {
            "text_config": {**CAUSAL, "model_type": "llama"},
            "vision_config": {**IMAGE, "model_type": "clip_vision_model", "projection_dim": 8},
        },
    ),
    "grounding-dino": Row(
        "GroundingDinoForObjectDetection",
        {
            "encoder_layers": 1,
            "decoder_layers": 2,
            **dict.fromkeys(("encoder_ffn_dim", "decoder_ffn_dim"), 24),
            **dict.fromkeys(("encoder_attention_heads", "decoder_attention_heads"), 2),
            **dict.fromkeys(("encoder_n_points", "decoder_n_points"), 2),
            "d_model": 32,
            "num_queries": 3,
            "num_feature_levels": 3,
            "max_text_len": 16,
        },
        lambda: {
            "pixel_values": torch.zeros(1, 3, 64, 64),
            "input_ids": torch.tensor([[101, 5, 6, 1012, 7, 1012, 102]]),
            "attention_mask": torch.ones(1, 7, dtype=torch.int64),
        },
        {
            "backbone_config": {
                "model_type": "swin",
                "image_size": 64,
                "patch_size": 4,
                "embed_dim": 8,
                "depths": [1, 1, 1],
                "num_heads": [2, 2, 2],
                "window_size": 4,
                "out_features": ["stage2", "stage3"],
            },
            "text_config": {**BASE, "model_type": "bert", "vocab_size": 1100},
        },
    ),
}  # fmt: skip


def build(name: str, attention: str = "sdpa", device: str = "cpu") -> torch.nn.Module:
    """The model in eval mode, its weights made on `device`."""
    import transformers

    row = MODELS.get(name) or VALUE_MODELS[name]
    cls = getattr(transformers, row.model)
    config = cls.config_class(**row.config, **row.parts)
    with warnings.catch_warnings(), torch.device(device):
        warnings.simplefilter("ignore")
        return cls._from_config(config, attn_implementation=attention).eval()

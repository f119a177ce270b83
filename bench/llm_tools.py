"""python -m bench.llm_tools LLM_VIEWER: language models by other tools beside thoplw, as Markdown for docs/llm.md.

LLM_VIEWER is a clone of https://github.com/hahnyuan/LLM-Viewer; llm-analysis comes from PyPI (0.2.2, with fire and
termcolor). Neither is needed for anything else.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import thoplw
from thoplw._models import import_torchvision

import_torchvision()  # transformers imports it where it is there

import transformers  # noqa: E402

CONTEXT, TOKENS = 2000, 48  # in the prompt, and to be written: together what OPT has positions for

# The config that the makers publish; the tools' names of it.
MODELS: dict[str, tuple[Any, str, str]] = {
    "Llama 2 7B": (
        transformers.LlamaConfig(
            hidden_size=4096, intermediate_size=11008, num_hidden_layers=32, num_attention_heads=32, vocab_size=32000
        ),
        "Llama",
        "NousResearch_Llama-2-7b-hf",
    ),
    "Llama 2 70B": (
        transformers.LlamaConfig(
            hidden_size=8192,
            intermediate_size=28672,
            num_hidden_layers=80,
            num_attention_heads=64,
            num_key_value_heads=8,
            vocab_size=32000,
        ),
        "Llama",
        "upstage_Llama-2-70b-instruct-v2",
    ),
    "OPT 6.7B": (
        transformers.OPTConfig(
            hidden_size=4096, ffn_dim=16384, num_hidden_layers=32, num_attention_heads=32, word_embed_proj_dim=4096
        ),
        "opt",
        "facebook_opt-6.7b",
    ),
}

FIGURES = {
    "weights": "weights, bytes",
    "cache": "cache, bytes",
    "prefill_activations": "activations of the prompt, bytes",
    "prefill_macs": "prompt, FLOPs",
    "decode_macs": "a token, FLOPs",
}


def of_thoplw(config: Any) -> dict[str, int]:
    found = thoplw.llm(config, context=CONTEXT, dtype="fp16").all
    return {name: int(found[name]) * (2 if name.endswith("macs") else 1) for name in FIGURES}


def of_viewer(config: Any, family: str) -> dict[str, int]:
    from model_analyzer import ModelAnalyzer  # of LLM_VIEWER

    with tempfile.TemporaryDirectory() as saved, contextlib.redirect_stdout(io.StringIO()):
        config.save_pretrained(saved)
        analyzer = ModelAnalyzer(saved, "nvidia_A100_80G", f"configs/{family}.py")
        total = analyzer.analyze(CONTEXT, 1)["total_results"]
    prefill = total["prefill"]
    return {
        "weights": int(prefill["memory_consumption_weight"]),
        "cache": int(prefill["memory_consumption_kv_cache"]),
        "prefill_activations": int(prefill["memory_consumption_tmp_act"]),
        "prefill_macs": int(prefill["OPs"]),
        "decode_macs": int(total["decode"]["OPs"]),
    }


def of_analysis(name: str) -> dict[str, int]:
    from llm_analysis.analysis import LLMAnalysis
    from llm_analysis.config import (
        get_dtype_config_by_name,
        get_gpu_config_by_name,
        get_model_config_by_name,
    )

    logging.disable(logging.INFO)
    gpu = get_gpu_config_by_name("a100-sxm-80gb")
    gpu.mem_per_GPU_in_GB = 1000  # it gives no numbers where something does not fit
    analysis = LLMAnalysis(get_model_config_by_name(name), gpu, get_dtype_config_by_name("w16a16e16"))
    with contextlib.redirect_stdout(io.StringIO()):
        found = analysis.inference(1, CONTEXT, TOKENS)
    logging.disable(logging.NOTSET)
    return {
        "weights": int(found["weight_memory_per_gpu"]),
        "cache": int(found["kv_cache_memory_per_gpu"]),
        "prefill_activations": int(found["prefill_activation_memory_per_gpu"]),
        "prefill_macs": int(found["prefill_num_flops_fwd_total"]),
        "decode_macs": int(found["decode_num_flops_fwd_total"]),
    }


def main() -> None:
    if len(sys.argv) != 2 or not (Path(sys.argv[1]) / "model_analyzer.py").is_file():
        sys.exit(__doc__)
    folder = Path(sys.argv[1]).resolve()
    sys.path.insert(0, str(folder))
    print("| model | figure | thoplw | LLM-Viewer | llm-analysis |\n| --- | --- | ---: | ---: | ---: |")
    os.chdir(folder)  # where it looks for its configs
    for title, (config, family, name) in MODELS.items():
        said = [of_thoplw(config), of_viewer(config, family), of_analysis(name)]
        for i, (figure, words) in enumerate(FIGURES.items()):
            cells = " | ".join(f"{numbers[figure]:,}".replace(",", " ") for numbers in said)
            print(f"| {'' if i else title} | {words} | {cells} |")


if __name__ == "__main__":
    main()

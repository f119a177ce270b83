"""python -m bench.llm: large language models counted from their configs, as Markdown: seconds and memory.

With --save it writes LLM.md, too.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

from .report import markdown

RESULTS = Path(__file__).parent / "LLM.md"

# Each in a new process: seconds of the call, and of the peak of memory what it adds to that of the imports.
CODE = """
import json, re, sys, time
import thoplw
from thoplw._models import import_torchvision
import_torchvision()
import transformers

def peak():
    # Of this program alone: getrusage also knows the memory of the process that started it.
    return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) * 1024

name, fields, plan = json.loads(sys.argv[1])
cls = getattr(transformers, name)
config = cls.config_class(**fields)
before, start = peak(), time.perf_counter()
found = thoplw.llm(config, **plan)
print(json.dumps([time.perf_counter() - start, peak(), peak() - before, found.all["parameters"]]))
"""

PLAN = {"context": 8192, "batch": 16, "device": "h200", "tensor_parallel": 8, "kv_dtype": "fp8"}
# As in the config.json that their makers publish.
SHAPES = {
    "Llama 3.1 405B": (
        "LlamaForCausalLM",
        {
            "hidden_size": 16384,
            "intermediate_size": 53248,
            "num_hidden_layers": 126,
            "num_attention_heads": 128,
            "num_key_value_heads": 8,
            "vocab_size": 128256,
        },
    ),
    "DeepSeek-V3": ("DeepseekV3ForCausalLM", {}),
    "Mixtral 8x22B": (
        "MixtralForCausalLM",
        {
            "hidden_size": 6144,
            "intermediate_size": 16384,
            "num_hidden_layers": 56,
            "num_attention_heads": 48,
            "num_key_value_heads": 8,
            "vocab_size": 32768,
        },
    ),
}


def row(name: str, plan: dict[str, object]) -> list[str]:
    made = json.dumps([*SHAPES[name], plan])
    run = subprocess.run([sys.executable, "-c", CODE, made], capture_output=True, text=True, check=True)
    seconds, peak, grown, parameters = json.loads(run.stdout)
    return [name, f"{parameters / 1e9:.0f} G", f"{seconds:.2f}", f"{peak / 1e6:.0f}", f"{grown / 1e6:.0f}"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--save", action="store_true")
    save = parser.parse_args().save
    titles = ["model", "parameters", "s", "peak MB", "of these after imports"]
    text = "# Language models\n"
    for heading, largest in (("one batch at one context", False), ("with the largest batch and context", True)):
        rows = [row(name, PLAN | {"largest": largest}) for name in SHAPES]
        table = "\n".join(markdown(titles, rows))
        text += f"\n## {heading.capitalize()}\n\n{table}\n"
    text += (
        "\n`thoplw.llm(config, context=8192, batch=16, device='h200', tensor_parallel=8, kv_dtype='fp8')`, from the\n"
    )
    text += "config to the answer, each in a process of its own.\n"
    print(text)
    if save:
        RESULTS.write_text(text)


if __name__ == "__main__":
    main()

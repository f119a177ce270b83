"""make models: writes docs/models.md and docs/models.csv, what every convention gives for real models."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.append(str(HERE.parent / "tests" / "python" / "support"))
TRANSFORMERS = {
    "BertModel": [],
    "GPT2LMHeadModel": [],
    "LlamaForCausalLM": ["--set", "num_hidden_layers=4"],
}
ABOUT = """<!-- Written by `make models`. -->
# Models by conventions

The first table has the cost of each model by each [convention](conventions.md), in MACs or FLOPs. The second table has
the parameters. Models of torchvision get their usual image as input, the others 128 tokens. `>=` marks a lower bound.
[models.csv](models.csv) has the exact integers. Neither the models nor the other tools were run for this page.

A test runs the tools and compares what they print with these numbers. It covers all models with
`THOPLW_SWEEP=1 pytest tests/python/tools/test_tools.py`. The last table lists where the two cannot be equal, and why.
Its small models are in [tool_models.py](../tests/python/support/tool_models.py).
"""


Compared = dict[str, Any]


def compared(*arguments: str) -> list[Compared]:
    command = [sys.executable, "-m", "thoplw", "compare", *arguments, "--kind", "json"]
    found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return found if isinstance(found, list) else [found]


def comparisons() -> dict[str, Compared]:
    from thoplw import _models

    models = _models.import_torchvision().models
    vision = models.list_models(module=models)
    found = dict(zip(vision, compared(*(f"torchvision:{name}" for name in vision)), strict=True))
    for name, settings in TRANSFORMERS.items():
        (found[name],) = compared(f"transformers:{name}", *settings, "--input", "1x128:i64")
    return found


def shortened(count: int, exact: bool) -> str:
    """Four digits: 1.824 G."""
    size, unit = next(scale for scale in ((1e9, " G"), (1e6, " M"), (1e3, " K"), (0, "")) if count >= scale[0])
    number = f"{count / (size or 1):#.4g}{unit}"
    return number if exact else ">=" + number


def table(found: dict[str, Compared], column: str) -> str:
    by_name = {entry["convention"]: entry for entry in next(iter(found.values()))["conventions"]}
    heads = [f"{name} ({entry['unit']}s)" if column == "macs" else name for name, entry in by_name.items()]
    lines = ["| Model | " + " | ".join(heads) + " |", "| --- |" + " ---: |" * len(heads)]
    for model, comparison in found.items():
        cells = [shortened(e[column], e["exact"] or column == "params") for e in comparison["conventions"]]
        lines.append(f"| {model} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def not_equal() -> str:
    from unequal import CANNOT, CANNOT_EXPORTED, CANNOT_VISION

    small = {**CANNOT, **CANNOT_EXPORTED}
    vision = {(tool, f"torchvision:{family}*"): why for (tool, family), why in CANNOT_VISION.items()}
    lines = ["| Tool | Small model, or torchvision's | Why |", "| --- | --- | --- |"]
    return (
        "\n".join(lines + [f"| {t} | {model} | {why} |" for (t, model), why in sorted((small | vision).items())]) + "\n"
    )


def main() -> None:
    found = comparisons()
    with (HERE / "models.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["Model", "Convention", "Unit", "Cost", "Parameters", "Exact"])
        for model, comparison in found.items():
            for e in comparison["conventions"]:
                writer.writerow([model, e["convention"], e["unit"], e["macs"], e["params"], e["exact"]])
    text = f"{ABOUT}\n## Cost\n\n{table(found, 'macs')}\n## Parameters\n\n{table(found, 'params')}"
    text += f"\n## Not equal\n\n{not_equal()}"
    (HERE / "models.md").write_text(text)


if __name__ == "__main__":
    main()

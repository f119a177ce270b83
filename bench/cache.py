"""python -m bench.cache: the command on models by name, the first time and the second, written to bench/CACHE.md."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from .measure import seconds_of
from .report import machine, markdown

RESULTS = Path(__file__).parent / "CACHE.md"
MODELS = ("torchvision:resnet18", "torchvision:swin_t", "timm:vit_base_patch16_224", "transformers:BertModel")
FIRST, SECOND = 3, 31  # runs
MOST = 0.060  # seconds of the second time, of the first model


def seconds(model: str, cached: bool) -> float:
    command = [str(Path(sys.executable).parent / "thoplw"), model, *([] if cached else ["--no-cache"])]
    return seconds_of(lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))


def main() -> int:
    rows: list[list[str]] = []
    slow = False
    with tempfile.TemporaryDirectory() as folder:
        os.environ["THOPLW_CACHE"] = folder
        for place, model in enumerate(MODELS):
            first = statistics.median(seconds(model, cached=False) for _ in range(FIRST))
            seconds(model, cached=True)
            second = statistics.median(seconds(model, cached=True) for _ in range(SECOND))
            slow = slow or (place == 0 and second > MOST)
            rows.append([model, f"{first:.2f} s", f"{1000 * second:.0f} ms", f"{first / second:.0f}x"])
    head = ["model", "first time", "second time", "how many times faster"]
    lines = [
        "# The cache",
        "",
        f"Made by `make bench-cache`. {machine()}; medians of {FIRST} runs of `thoplw MODEL` that open the model,",
        f"and of {SECOND} that take it from [the cache](../docs/cache.md).",
        f"The second time of {MODELS[0]} may take {1000 * MOST:.0f} ms.",
        "",
        *markdown(head, rows),
    ]
    RESULTS.write_text("\n".join(lines) + "\n")
    print(RESULTS.read_text(), end="")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())

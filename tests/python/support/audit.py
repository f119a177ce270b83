"""make audit: which operators have no cost rule, of those that models run and of those that torch's database reaches.

Writes docs/coverage.md and prints it; exits 1 if a model runs an operator without a rule.
"""

from __future__ import annotations

import re
import sys
import warnings
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

import architectures
from in_process import in_process
from other_models import Library, installed
from thoplw import _native
from thoplw._inputs import arguments
from thoplw._models import open_model
from vision import build_on_meta, classification_models, input_shape

PAGE = Path(__file__).parents[3] / "docs" / "coverage.md"
SAMPLES = 10  # of each entry of the database, evenly chosen


@dataclass
class Reached:
    """The operators that one source of models runs, and by which model one without a rule is run."""

    source: str
    models: int = 0
    operators: set[str] = field(default_factory=set)
    missing: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def add(self, name: str, trace: _native.Trace) -> None:
        self.models += 1
        self.operators.update(trace.operators)
        for uncounted in _native.count(trace, "exact").uncounted:
            self.missing[uncounted.op].add(name)


def torchvision_models() -> Iterator[tuple[str, _native.Trace]]:
    for name in classification_models():
        shape = input_shape(name)
        yield name, _native.capture(build_on_meta(name), (torch.empty(shape, device="meta"),), {}, {})


def timm_models() -> Iterator[tuple[str, _native.Trace]]:
    from test_timm import FAMILIES

    for name in (names.split()[0] for names in FAMILIES.values()):
        yield name, open_model(f"timm:{name}", [], [])


def transformers_models() -> Iterator[tuple[str, _native.Trace]]:
    from test_transformers import NO_SDPA
    from transformer_models import MODELS, build

    for name, row in MODELS.items():
        yield name, _native.capture(build(name, "eager" if name in NO_SDPA else "sdpa"), (), dict(row.inputs()), {})


def models_of(library: Library) -> Iterator[tuple[str, _native.Trace]]:
    for name, (model, inputs) in library():
        yield name, _native.capture(model, *arguments(model, inputs, None, []), {})


def database() -> Iterator[tuple[str, _native.Trace]]:
    """Samples of torch's operator database, run for real, whole and taken apart."""
    from test_op_db import Applied, full_name, op_db

    for op in op_db:
        for sample in chosen_samples(op):
            for whole in (True, False):
                model = Applied(op.op, (sample.input, sample.args, sample.kwargs), whole)
                try:
                    trace = _native.capture(model, (torch.zeros(1),), {}, {}, real=True)
                except Exception:
                    continue  # torch itself refuses it on the CPU
                yield full_name(op), trace


def chosen_samples(op: Any) -> list[Any]:
    dtypes = op.supported_dtypes("cpu")
    if not dtypes:
        return []
    dtype = torch.float32 if torch.float32 in dtypes else min(dtypes, key=str)
    samples = list(op.sample_inputs("cpu", dtype, requires_grad=False))
    return samples[:: len(samples) // SAMPLES + 1]


def reach(source: str, traces: Iterator[tuple[str, _native.Trace]]) -> Reached:
    print(f"audit: {source}", file=sys.stderr, flush=True)
    reached = Reached(source)
    for name, trace in traces:
        reached.add(name, trace)
    return reached


def rules() -> tuple[int, int]:
    """How many operators have a rule, and how many of them a native shape rule."""
    _, page, _ = in_process("reference", "operators")
    rows = re.findall(r"^\| `[\w:]+` .*\| (native|torch) \|$", page, re.MULTILINE)
    return len(rows), rows.count("native")


def compare_shape_rules() -> str:
    """What the test against torch's database counts on its way; it fails where a rule and torch differ."""
    sys.path.append(str(Path(__file__).parents[1] / "capture"))
    import test_op_db as test

    print("audit: native shape rules", file=sys.stderr, flush=True)
    for op in test.op_db:
        test.test_native_rules_agree_with_torch(op)
    answered, deferred = sum(test.answered.values()), sum(test.deferred.values())
    return (
        f"In {sum(test.samples_run.values())} runs of {len(test.entries_run)} entries of the database, on tensors of "
        f"five layouts, {len(test.answered)} native shape rules answered {answered} calls, all as torch does; "
        f"{deferred} calls were left to torch."
    )


def page(models: list[Reached], found: Reached, compared: str) -> str:
    count, native = rules()
    lines = [
        "<!-- Written by `make audit`. -->",
        "# Coverage",
        "",
        f"{count} operators have a cost rule, {native} of them a native shape rule.",
        "",
        f"`make audit` ran these models and samples on torch {torch.__version__.split('+')[0]}:",
        "",
        "| Source | Runs | Operators | Without a rule |",
        "| --- | ---: | ---: | ---: |",
    ]
    lines += [f"| {r.source} | {r.models} | {len(r.operators)} | {len(r.missing)} |" for r in [*models, found]]
    lines += [
        "",
        compared,
        "",
        "## Without a rule",
        "",
        "A model that runs one of these has a lower bound as its total, and the operator is named. Some of them",
        "iterate; others take as many steps as the values say.",
        "",
        "| Operator | Reached by |",
        "| --- | --- |",
    ]
    for reached in [*models, found]:
        lines += [f"| `{op}` | {', '.join(sorted(names)[:4])} |" for op, names in sorted(reached.missing.items())]
    lines += ["", *architectures.coverage()]
    return "\n".join(lines) + "\n"


def main() -> int:
    warnings.simplefilter("ignore")
    models = [
        reach("torchvision, classification", torchvision_models()),
        reach("timm, one of each family", timm_models()),
        reach("transformers, small configs", transformers_models()),
        *(reach(f"{library.__name__}, small models", models_of(library)) for library in installed()),
    ]
    text = page(models, reach("torch's operator database", database()), compare_shape_rules())
    PAGE.write_text(text)
    print(text, end="")
    return int(any(reached.missing for reached in models))


if __name__ == "__main__":
    sys.exit(main())

"""Types of the compiled engine; what each function does is said in thoplw.h and in the functions that call it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from fractions import Fraction
from os import PathLike
from typing import Any, Literal, TextIO

import pandas
from matplotlib.axes import Axes

from thoplw._language_models import Passes
from thoplw._processes import Processes

Four = tuple[float, float, float, float]
"""left, top, width, height; y grows downwards. Of a label: the place of its point, its width and height."""

class Error(ValueError):
    """What thoplw raises: the message says where, what, and the cure."""

def harmless(text: str) -> str: ...

class Trace:
    """What a model did in one pass. Its text form can be kept, compared and read again."""

    @staticmethod
    def parse(text: str) -> Trace: ...
    def text(self) -> str: ...
    @property
    def notes(self) -> list[str]: ...
    @property
    def operators(self) -> list[str]: ...

class Uncounted:
    """Operators that no rule counts."""

    op: str
    path: str
    times: int

class Row:
    """One line of the table: a module that ran, summed over its calls."""

    name: str
    cls: str
    input_shape: tuple[int, ...] | None
    output_shape: tuple[int, ...] | None
    macs: int
    params: int
    trainable: int | None
    bytes: int | None
    traffic: int | None
    arithmetic_time: int | None
    memory_time: int | None
    time: int | None
    forward: int | None
    input_gradient: int | None
    weight_gradient: int | None
    backward: int | None
    recompute: int | None
    parameters: int | None
    gradients: int | None
    states: int | None
    saved: int | None
    activations: int | None
    alive: int | None
    retained: int | None
    trainable_params: int | None
    calls: int
    exact: bool

class Moment:
    """Bytes that are alive at one moment."""

    phase: str
    row: int
    parameters: int
    gradients: int
    states: int
    activations: int

class Alive:
    """A piece of memory that is alive."""

    what: str
    path: str
    op: str
    bytes: int

class Training:
    """What a training step needs besides what the rows tell, in bytes."""

    optimizer: str
    precision: str
    attention: str
    processor: str
    buffers: int
    inputs: int
    masters: int
    transient: int
    forward_peak: int
    peak: int
    peak_first_step: int
    exact: bool
    timeline: list[Moment]
    at_peak: list[Alive]
    unknown: list[str]

class Llm:
    """What a language model needs, on the devices that were asked about."""

    model: str
    context: int
    batch: int
    fits: bool
    memory: int
    all: dict[str, int | float]
    device: dict[str, int | float]
    cache: dict[str, int]
    notes: list[str]
    def summary(self, kind: str = "text") -> str: ...

class Formula:
    """A count as an exact polynomial: formula(batch=4, seq=128) is an int."""

    greatest_of: tuple[dict[tuple[int, ...], Fraction], ...]
    variables: tuple[str, ...]
    def __call__(self, **values: int) -> int: ...
    def latex(self) -> str: ...

class _Laws:
    macs: Formula
    params: Formula
    trainable: Formula
    bytes: Formula
    forward: Formula
    input_gradient: Formula
    weight_gradient: Formula
    backward: Formula
    recompute: Formula
    parameters: Formula
    gradients: Formula
    states: Formula
    saved: Formula

class FormulaRow(_Laws):
    """The formulas of one module's own counts."""

    name: str
    cls: str

class Formulas(_Laws):
    """What a model costs, as formulas of sizes that vary, in all and by module."""

    peak: Formula | None
    peak_first_step: Formula | None
    exact: bool
    variables: tuple[str, ...]
    samples: int
    def __len__(self) -> int: ...
    def __getitem__(self, key: int | str) -> FormulaRow: ...
    def summary(self, kind: str = "text") -> str: ...

def find_formulas(variables: dict[str, list[int]], sample: Callable[[dict[str, int]], LayerInfo]) -> Formulas: ...

class OpCost:
    """All calls of one operator."""

    name: str
    calls: int
    macs: int
    work: dict[str, int]
    exact: bool

class Step:
    """One call of the model from outside; generate() makes many. The input shape has its batch dimension."""

    name: str
    input_shape: tuple[int, ...] | None
    macs: int

class Device:
    """What a device can do at most, as its maker says; None where no figure is public."""

    name: str
    title: str
    kind: str
    peak: dict[str, int]
    bandwidth: int | None
    link: int | None
    memory: int | None
    flash: int | None
    note: str
    source: str
    read: str

class Timing:
    """How long a model takes on a device at least. All times are in seconds."""

    device: str
    title: str
    dtype: str
    least: float
    arithmetic: float
    memory: float
    estimate: float
    bytes: int
    exact: bool
    mfu: float | None
    hfu: float | None

class LayerInfo:
    """The layers of a model with what each costs. Iterating gives its rows in model order."""

    model: str
    convention: str
    unit: Literal["MAC", "FLOP"]
    macs: int
    params: int
    trainable: int | None
    bytes: int | None
    traffic: int | None
    arithmetic_time: int | None
    memory_time: int | None
    time: int | None
    forward: int | None
    input_gradient: int | None
    weight_gradient: int | None
    backward: int | None
    recompute: int | None
    parameters: int | None
    gradients: int | None
    states: int | None
    saved: int | None
    activations: int | None
    alive: int | None
    retained: int | None
    all_params: int
    active_params: int
    trainable_params: int
    training: Training | None
    timing: Timing | None
    peak: int | None
    peak_first_step: int | None
    buffers: int
    exact: bool
    steps: list[Step]
    uncounted: list[Uncounted]
    not_run: list[str]
    notes: list[str]
    def summary(
        self,
        kind: str = "text",
        fmt: str = "raw",
        *,
        depth: int | None = None,
        sort: str | None = None,
        top: int | None = None,
        filter: str | Sequence[str] | None = None,  # noqa: A002
        columns: str | Sequence[str] | None = None,
        by: Literal["module", "class", "operator"] | None = None,
        fold: bool | None = None,
    ) -> str: ...
    def save(
        self,
        path: str | PathLike[str],
        kind: str | None = None,
        fmt: str = "raw",
        *,
        depth: int | None = None,
        sort: str | None = None,
        top: int | None = None,
        filter: str | Sequence[str] | None = None,  # noqa: A002
        columns: str | Sequence[str] | None = None,
        by: Literal["module", "class", "operator"] | None = None,
        fold: bool | None = None,
    ) -> None: ...
    def on(self, device: str, dtype: str | None = None, *, step_seconds: float | None = None) -> LayerInfo: ...
    def under(self, convention: str) -> LayerInfo: ...
    def without_trace(self) -> LayerInfo: ...
    def timeline(self) -> str: ...
    def by_operator(self) -> list[OpCost]: ...
    def to_dict(self) -> dict[str, Any]: ...
    def to_pandas(self, *, all_rows: bool = False) -> pandas.DataFrame: ...
    def plot(
        self,
        by: str = "macs",
        *,
        top: int = 20,
        depth: int | None = None,
        ax: Axes | None = None,
    ) -> Axes: ...
    def _repr_html_(self) -> str: ...
    def __iter__(self) -> Iterator[Row]: ...
    def __len__(self) -> int: ...
    def __getitem__(self, index: int) -> Row: ...

class MemoryInfo(LayerInfo):
    """A table of layers, and what memory a forward needs, in bytes."""

    weights: int
    buffers: int
    weights_by_type: dict[str, int]
    buffers_by_type: dict[str, int]
    inputs: int | None
    outputs: int | None
    activations_peak: int | None
    at_peak: list[Alive]
    outlive: list[Alive]
    moments: list[Moment]
    lifetimes: Literal["observed", "last-use"]
    peak_exact: bool
    unknown: list[str]

class Comparison:
    """A model under several conventions, and where their differences come from."""

    base: str
    macs: dict[str, int]
    params: dict[str, int]
    trainable: dict[str, int | None]
    bytes: dict[str, int | None]
    traffic: dict[str, int | None]
    arithmetic_time: dict[str, int | None]
    memory_time: dict[str, int | None]
    time: dict[str, int | None]
    forward: dict[str, int | None]
    input_gradient: dict[str, int | None]
    weight_gradient: dict[str, int | None]
    backward: dict[str, int | None]
    recompute: dict[str, int | None]
    parameters: dict[str, int | None]
    gradients: dict[str, int | None]
    states: dict[str, int | None]
    saved: dict[str, int | None]
    activations: dict[str, int | None]
    alive: dict[str, int | None]
    retained: dict[str, int | None]
    parts: dict[str, dict[str, int]]
    def summary(self, kind: str = "text", fmt: str = "raw", *, depth: int | None = None) -> str: ...
    def to_pandas(self) -> pandas.DataFrame: ...
    def _repr_html_(self) -> str: ...

class DiffRow:
    """A module of two reports."""

    name: str
    cls: str
    state: Literal["unchanged", "changed", "renamed", "new", "gone"]
    name_before: str | None
    macs_before: int | None
    macs: int | None
    params_before: int | None
    params: int | None
    trainable_before: int | None
    trainable: int | None
    bytes_before: int | None
    traffic_before: int | None
    arithmetic_time_before: int | None
    memory_time_before: int | None
    time_before: int | None
    forward_before: int | None
    input_gradient_before: int | None
    weight_gradient_before: int | None
    backward_before: int | None
    recompute_before: int | None
    parameters_before: int | None
    gradients_before: int | None
    states_before: int | None
    saved_before: int | None
    activations_before: int | None
    alive_before: int | None
    retained_before: int | None
    bytes: int | None
    traffic: int | None
    arithmetic_time: int | None
    memory_time: int | None
    time: int | None
    forward: int | None
    input_gradient: int | None
    weight_gradient: int | None
    backward: int | None
    recompute: int | None
    parameters: int | None
    gradients: int | None
    states: int | None
    saved: int | None
    activations: int | None
    alive: int | None
    retained: int | None

class Diff:
    """What changed from one table of layers to another."""

    macs: int
    params: int
    trainable: int | None
    bytes: int | None
    traffic: int | None
    arithmetic_time: int | None
    memory_time: int | None
    time: int | None
    forward: int | None
    input_gradient: int | None
    weight_gradient: int | None
    backward: int | None
    recompute: int | None
    parameters: int | None
    gradients: int | None
    states: int | None
    saved: int | None
    activations: int | None
    alive: int | None
    retained: int | None
    exact: bool
    rows: list[DiffRow]
    def summary(
        self,
        kind: str = "text",
        fmt: str = "raw",
        *,
        depth: int | None = None,
        sort: str | None = None,
        unchanged: bool = False,
        columns: str | Sequence[str] | None = None,
    ) -> str: ...

def diff(before: LayerInfo, after: LayerInfo) -> Diff: ...
def compare(trace: Trace, conventions: str | Sequence[str], base: str) -> Comparison: ...
def capture(
    model: Any,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    custom_ops: dict[type, Callable[..., int]],
    method: str = "forward",
    native_rules: bool = True,
    real: bool = False,
    training: bool = False,
    autocast: str = "",
    cuda: bool = False,
    memory: bool = False,
) -> Trace: ...
def load(path: str | bytes | PathLike[str], dims: dict[str, int]) -> Trace: ...
def is_saved_report(path: str | bytes | PathLike[str]) -> bool: ...
def read_report(path: str | bytes | PathLike[str]) -> LayerInfo: ...
def count(trace: Trace, convention: str) -> LayerInfo: ...
def precision(name: str) -> tuple[str, bool]: ...
def count_llm(run: Passes, plan: dict[str, Any]) -> Llm: ...
def count_memory(trace: Trace, convention: str, options: dict[str, Any]) -> MemoryInfo: ...
def count_training(trace: Trace, convention: str, plan: dict[str, Any]) -> LayerInfo: ...

class MeasureRow:
    """What is counted of each module: the name of its field, how it is headed, whether it is shown by default."""

    name: str
    heading: str
    shown: bool
    doc: str
    question: Literal["cost", "training", "memory"]
    seconds: bool

def devices(path: str | None = None) -> list[Device]: ...
def measures() -> list[MeasureRow]: ...
def without_batch(shape: Sequence[int]) -> tuple[int, ...]: ...
def clever_format(value: int, fmt: str) -> str: ...
def write_table(kind: str, titles: list[str], numbers: list[bool], rows: list[list[str]], notes: list[str]) -> str: ...
def front_svg(xs: list[int], ys: list[int], front: list[int], names: list[str], x_title: str, y_title: str) -> str: ...
def front_page(title: str, about: str, data: str) -> str: ...
def place_labels(labels: list[Four], inside: Four, around: list[Four]) -> list[Four]: ...
def shown(value: Any) -> str: ...
def conventions() -> list[tuple[str, str]]: ...
def optimizers() -> list[tuple[str, str, int]]: ...
def optimizer_bytes(
    optimizer: str, implementation: str, weight_decay: bool, params: Sequence[tuple[str, Sequence[int]]]
) -> tuple[int, int, int]: ...
def kept(
    trace: Trace, op: int, needs: Sequence[int], cuda: bool = False
) -> tuple[list[tuple[str, int, int]], int, bool]: ...
def differentiable(op: str) -> bool: ...
def touches(op: str) -> str: ...
def frozen(trace: Trace, globs: Sequence[str]) -> Trace: ...
def checkpointed(trace: Trace, globs: Sequence[str]) -> Trace: ...
def in_precision(trace: Trace, precision: str, cuda: bool = False) -> Trace: ...
def with_lora(trace: Trace, rank: int, targets: Sequence[str], dropout: float = 0.0, autocast: str = "") -> Trace: ...
def autocast_ops(cuda: bool) -> dict[str, str]: ...
def on_meta_device() -> AbstractContextManager[Any]: ...
def shape_rule(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any: ...
def run_command_line(
    args: Sequence[str],
    opener: Callable[[str, list[tuple[tuple[int, ...], str]], list[tuple[str, str]]], Trace],
    out: TextIO | None,
    err: TextIO | None,
    workers: Processes | None = None,
    open_llm: Callable[[str, list[tuple[str, str]], str, int, int, list[int]], Passes] | None = None,
    measure: Callable[[], str] | None = None,
    cache: Any = None,
    sweep: Callable[[list[str], list[Any], list[tuple[str, str]], list[tuple[str, str]]], str] | None = None,
) -> int: ...
def bytes_of(text: str) -> int: ...

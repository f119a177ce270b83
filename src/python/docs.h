// The docstrings of the extension module's public classes.
#pragma once

namespace thoplw {

constexpr const char* kErrorDoc = "What thoplw raises: the message says where, what, and the cure.";

constexpr const char* kTraceDoc = R"(What a model did in one pass: modules, calls, parameters, operators; no weights.

``text()`` is its readable form, which ``Trace.parse`` reads again.)";

constexpr const char* kRowDoc = R"(One row of the table: a module that ran, summed over its calls.

Attributes:
    name: path of the module, as in ``named_modules()``.
    cls: name of its class.
    input_shape, output_shape: of the first tensor of its first call, without the batch; None where there is none.
    macs: what it does itself, without the modules inside it, for the whole batch.
    params: of its own, as the convention counts them.
    calls: how often it ran.
    exact: False where `macs` is a lower bound.)";

constexpr const char* kFormulaDoc = R"(A count as an exact polynomial: ``formula(batch=4, seq=128)`` is an int.

``str`` writes it, ``latex()`` writes it in LaTeX. A peak may be the greatest of several polynomials: ``greatest_of`` has
one dict for each, ``{(1, 2): Fraction(1, 2)}``: coefficients by the powers of ``variables``.)";

constexpr const char* kLatexDoc = "The formula in LaTeX, without dollar signs.";

constexpr const char* kFormulaRowDoc = R"(The formulas of one module's own counts.

Attributes:
    name, cls: as of a row of the table of layers.
    macs, params, ...: a ``Formula`` per measure; None where the counts have no such measure. Reading one that is no
        polynomial raises an ``Error`` that says where it breaks.)";

constexpr const char* kFormulasDoc = R"(What a model costs, as formulas of sizes that vary, in all and by module.

Attributes:
    macs, params, ...: a ``Formula`` per measure, of the whole model; None where the counts have no such measure.
    peak, peak_first_step: bytes, of a step of training or of a forward; None of what was not asked.
    variables: their names.
    samples: how many sizes were counted.
    exact: False where an operator that no rule counts makes the formulas lower bounds.

``formulas["layer1.0"]`` has those of a module's own counts, as does ``formulas[3]``; ``summary(kind)`` writes all as
"text", "md" (with LaTeX), "csv" or "json".)";

constexpr const char* kFormulasSummaryDoc = R"(The formulas in all and by module, as text.

Args:
    kind: "text", "md" (with LaTeX), "csv" or "json".

Raises:
    Error: `kind` is unknown.)";

constexpr const char* kStepDoc =
    R"(One call of the model from outside of it: one in all, unless a method such as generate() loops.

Attributes:
    name: path of the module that was called; "" is the model itself.
    input_shape: of its first tensor, batch included, or None.
    macs: of everything inside this call.)";

constexpr const char* kUncountedDoc = R"(Operators that no rule counts.

Attributes:
    op: name of the operator, such as "aten::bincount".
    path: of the module that it ran in; "" is the model itself.
    times: how often it ran there.)";

constexpr const char* kLayerInfoDoc =
    R"(The layers of a model and what each costs. Iterating gives a row per layer, in model order.

Two are equal if they say the same. They can be pickled, with what they were counted from.

Attributes:
    model: name of the model's class.
    convention, unit: the way of counting, and what `macs` are of: "MAC" (multiply-add) or "FLOP".
    macs: total of all rows, for the whole batch.
    params: total of all rows, as the convention counts parameters.
    active_params: parameters that the average token goes through: of experts only those that a router chooses.
    all_params, trainable_params: numbers of the model's parameters as torch has them, tied ones once, run or not.
    buffers: number of elements of the model's buffers.
    exact: False where `macs` is a lower bound, for want of a rule.
    uncounted: the operators without a rule.
    steps: the calls of the model from outside, in order, each a ``Step``: one, or those of a loop.
    not_run: paths of modules with parameters that never ran.
    notes: notices of the capture, such as that a real forward was run.
    training, peak, peak_first_step: of a step of training: what it needs besides the rows, a ``Training``, and its
        greatest memory in bytes; None for other tables.
    timing: how long it takes on a device, a ``Timing``; None unless a device was named.)";

constexpr const char* kLlmDoc =
    R"(What a language model needs to read a prompt and to add a token to it. ``print()`` shows it as a table.

Attributes:
    model: name of the model's class.
    context, batch: tokens of each prompt, and how many there are.
    all: figures of the model and the whole batch, by name: "weights", "cache", "decode_macs", ... (docs/llm.md).
    device: the same of the device that has most of it.
    cache: bytes of each tensor of the model's cache, by name.
    memory: bytes that a device has; 0 where none was named.
    fits: whether weights, cache and activations fit into that.
    notes: sentences on what limits it, and what does not fit.)";

constexpr const char* kLlmSummaryDoc = R"(The figures as "text", "md", "csv" or "json".

Raises:
    Error: another kind.)";

constexpr const char* kSummaryDoc = R"(The table as text, or the layers in another form.

Args:
    kind: a table as "text", "csv", "md" (Markdown) or "json"; the "tree" of modules; the picture "svg"; "folded", for
        flame graph viewers; a graph as "dot" or "mermaid".
    fmt: "raw" integers, "clever" numbers with units of 1000 (``1.82 G``), or "ratio", percent of the total.
    depth: modules deeper than this are added to the one around them; None for no limit.
    sort: column to sort by, the greatest number first, such as "macs"; None for model order.
    top: how many of the costliest rows to show, by `sort` or by MACs; the others are summed in one row.
    filter: glob, or several, of which one has to match the whole path or class of a module: "layer1.*", "Conv2d". A
        module is shown with what is inside it; the others are summed in one row. ``*`` stands for any characters.
    columns: the names of the columns, such as ``["name", "macs", "share", "trainable", "bytes"]``; None for the usual
        ones. Formats that show the whole report (json, dot, svg, ...) have all that they can show.
    by: what has a row: a "module", all modules of a "class", or all calls of an "operator".
    fold: whether equal modules next to each other, such as the layers of a transformer, are one row, in "text", "md",
        "tree" and "html"; None for the usual: the tree folds them.

Raises:
    Error: `kind`, `fmt`, `sort`, `by` or a column is unknown, `top` is below 1, a glob matches nothing, or the kind
        cannot fold.)";

constexpr const char* kMeasureRowDoc = R"(What is counted of each module.

Attributes:
    name: of the attribute, the column and the limit: "params".
    heading: of an axis; empty for what is in the unit of the convention, MACs or FLOPs.
    doc: what it counts.
    shown: whether tables have it by default.)";

constexpr const char* kOpCostDoc = R"(All calls of one operator.

Attributes:
    name: the operator, such as "aten::conv2d".
    calls: how often it ran.
    macs: what the convention counts for it, in its unit.
    work: what it did, by kind of work, before any convention prices it: {"contraction": 118013952}.
    exact: False where no rule counts it.)";

constexpr const char* kTimelineDoc =
    R"(Memory over time, as the text of an SVG picture.

Raises:
    Error: the table is neither of a training step nor of memory, or its memory was not observed.)";

constexpr const char* kMemoryInfoDoc = R"(A table of layers, and what memory a forward needs, in bytes.

Attributes:
    peak: the most that is alive: ``weights + buffers + inputs + activations_peak``.
    weights, buffers: of parameters and buffers, each tensor once.
    weights_by_type, buffers_by_type: the same by element type, ``{"f32": 46758048}``.
    inputs: of what was there before the pass and is not the model's parameters or buffers.
    activations_peak: the most that is alive of what the pass made.
    outputs: of what the model gives, where the pass made it.
    retained: of all else that the pass made and that stays after it, such as a KV cache.
    at_peak: what is alive at the peak, the largest first: ``what``, ``path`` and ``op`` that made it, ``bytes``.
    outlive: what is retained, likewise.
    moments: memory while each operator ran; ``timeline()`` draws them.
    lifetimes: "observed" or "last-use": how it is known when memory is freed.
    peak_exact: False where bytes are lower bounds, for the operators in ``unknown``.

What a file does not tell is None.)";

constexpr const char* kByOperatorDoc = R"(What each operator costs, in the order in which they first ran.

What the convention says of a whole module counts for the operator of its call that does the most work.

Returns:
    A list of ``OpCost``, whose macs add up to ``info.macs``. Operators that do no work, such as views, are left out.

Raises:
    Error: the report was saved without its operators.)";

constexpr const char* kSaveDoc = R"(Writes what ``summary`` gives to a file.

Args:
    path: the file; its suffix says the kind: .txt, .csv, .md, .json, .tree, .svg, .folded, .dot, .mmd.
    kind: the kind, whatever the suffix.
    fmt, depth, sort, top, filter, columns, by, fold: as in ``summary``.

Raises:
    Error: the suffix is unknown, an argument is wrong as in ``summary``, or the file cannot be written.)";

constexpr const char* kToDictDoc = R"(The whole report as dicts and lists: what ``summary("json")`` says.

Returns:
    A dict with "model", "convention", "unit", "exact", "total" (macs, params, ...), "rows", "uncounted", "not_run" and
    "notes". A row is a module, in model order: "name", "class", "depth", "listed" (has a line in the table), "calls",
    "input" and "output" ({"dtype": "f32", "shape": [1, 3, 224, 224]}, batch included, or None), "macs", "params",
    "exact", "subtree_macs", "subtree_params" and "work". Counts are ints.)";

constexpr const char* kToPandasDoc = R"(The table as a pandas DataFrame, one row per layer, in model order.

Args:
    all_rows: a row for every module, also for those that only hold others or never ran; with the columns depth,
        listed, subtree_macs and subtree_params, which are sums with all that is inside.

Returns:
    A DataFrame with the columns name, class, input, output (tuples of sizes without the batch, or None), macs, params,
    calls and exact. Counts are integers, and those of macs add up to ``info.macs``; ``frame.attrs`` has model,
    convention and unit ("MAC" or "FLOP").

Raises:
    Error: pandas is not installed.)";

constexpr const char* kPlotDoc = R"(Bars of the costliest layers, or of the modules at a depth, the greatest first.

Args:
    by: "macs" or "params", of which a bar has the number and the share of the total.
    top: how many bars; what is left is one more, in grey.
    depth: None for layers; else modules at this depth, each with all that is inside it: 1 for the model's own parts.
    ax: matplotlib Axes to draw in; those of a new figure unless given.

Returns:
    The Axes. Nothing is shown: in a script call ``matplotlib.pyplot.show()`` or ``ax.figure.savefig("layers.png")``.

Raises:
    Error: `by`, `top` or `depth` is of no use, or matplotlib is not installed.)";

constexpr const char* kComparisonToPandasDoc = R"(The table as a pandas DataFrame, one row per module, in model order.

Returns:
    A DataFrame with the columns name, class, and one per convention: MACs or FLOPs as integers, each the module's own.
    ``frame.attrs`` has model, base and units, a dict by convention.

Raises:
    Error: pandas is not installed.)";

constexpr const char* kComparisonDoc = R"(A model under several conventions, and where their differences come from.

``macs`` and ``params`` are dicts by convention. ``parts`` has, by convention, the parts of its difference from
``base`` by kind of work; they add up to it: ``sum(c.parts[name].values()) == c.macs[name] - c.macs[c.base]``. The part
"x2" is that of conventions that count a multiply-add as two FLOPs.)";

constexpr const char* kComparisonSummaryDoc = R"(One column per convention, one row per layer; below them the parts.

Args:
    kind: "text", "csv", "md" or "json".
    fmt: "raw", "clever" or "ratio", as in ``LayerInfo.summary``.
    depth: add modules deeper than this to the module around them.

Returns:
    The table, without a newline at its end.

Raises:
    Error: the kind or fmt is unknown, or of no use for a comparison.)";

constexpr const char* kDiffRowDoc = R"(A module of two reports.

Attributes:
    name, cls: its path and class; those that it had where it is gone.
    state: "unchanged", "changed", "renamed", "new" or "gone".
    name_before: its path before, None where it is new.
    macs_before, macs, params_before, params: of its own; None on the side where there is no such module.)";

constexpr const char* kDiffDoc = R"(What changed from one table of layers to another.

Attributes:
    macs, params: the change of the totals, signed. The changes of all rows add up to it.
    exact: False where one of the totals is a lower bound.
    rows: a ``DiffRow`` per module of either table.)";

constexpr const char* kDiffSummaryDoc = R"(The rows that changed, as text.

Args:
    kind: "text", "csv", "md" (for a pull request) or "json".
    fmt, depth: as in ``LayerInfo.summary``.
    sort: column to sort by, for counts the greatest change first; None for model order.
    unchanged: show modules that did not change, too.
    columns: which columns, in their order, as in ``LayerInfo.summary``.

Raises:
    Error: `kind`, `fmt` or `sort` is unknown, or the kind cannot show a diff.)";

constexpr const char* kUnderDoc = R"(The same model priced by another convention; it does not run again.

Args:
    convention: the name of a row of docs/conventions.md, such as "exact" or "fvcore".

Returns:
    A ``LayerInfo`` of the same layers. Its notes say what another tool leaves out.

Raises:
    Error: the convention is unknown, or this table was saved or made by ``without_trace``: it has no model to price.)";

constexpr const char* kOnDoc =
    R"(The same model on a device: how long it takes at least, layer by layer; it does not run again.

Args:
    device: a name of ``thoplw.devices()``, such as "h100", or the path of a TOML file with your own (docs/devices.md).
    dtype: the type that weights and activations have and that it computes in, such as "bf16"; None: the model's own.
        Of a step of training: the type whose peak counts; None: that of its precision.
    step_seconds: of a step of training: how long it took, for ``timing.mfu`` and ``timing.hfu``.

Returns:
    A ``LayerInfo`` of the same layers, with ``timing``, a ``Timing``, and in rows and totals ``arithmetic_time``,
    ``memory_time`` and ``time``, in picoseconds. Of a step of training there is ``timing`` alone.

Raises:
    Error: the device or the type is unknown, or has no public figure, or this table has no trace.)";

constexpr const char* kTimingDoc = R"(How long a model takes on a device at least. All times are in seconds.

``device`` and ``title`` name the device, ``dtype`` the type that it computes in; "" is the model's own.

``least`` is what nothing can beat: the longer of ``arithmetic``, all multiply-adds at the peak, and ``memory``, to move
``bytes`` once: weights and inputs as far as they are read, and what comes out. ``estimate`` is the sum over operators of
the longer of both, as eager torch runs them one by one. ``exact`` is False where something has no public figure, or is
not counted: then they are lower bounds. ``mfu`` and ``hfu`` are of a step of training whose time is known.)";

constexpr const char* kDeviceDoc = R"(What a device can do at most, as its maker says; None where no figure is public.

``name`` is what ``device=`` takes, ``title`` what its maker calls it, ``kind`` its group, such as "data centre"; ``note`` is
what a reader of the figures has to know.

``peak`` has operations per second by type, dense, a multiply-add being two; ``bandwidth`` and ``link`` are in bytes per second,
``memory`` and ``flash`` in bytes. ``source`` says where the figures were read, ``read`` when.)";

constexpr const char* kWithoutTraceDoc =
    R"(The same table without the trace that it was counted from: less to keep or to send.

Returns:
    A ``LayerInfo`` that equals this one. What its convention counted is all that it has: ``under`` raises an ``Error``.)";

}  // namespace thoplw

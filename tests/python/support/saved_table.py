"""Writes src/operators/backward/saved_table.inc: what autograd keeps of each operator, from torch's derivatives.yaml.

Run it as `python tests/python/support/saved_table.py` on the torch that the Makefile names.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import torch
import torchgen
from torchgen.api.autograd import DifferentiabilityInfo, SavedAttribute
from torchgen.api.types import BaseCType, tensorT
from torchgen.gen import parse_native_yaml
from torchgen.model import Argument, FunctionSchema
from torchgen.packaged.autograd.load_derivatives import load_derivatives

TABLE = Path(__file__).parents[3] / "src/operators/backward/saved_table.inc"
PACKAGED = Path(torchgen.__file__).parent / "packaged"
NATIVE = str(PACKAGED / "ATen/native/native_functions.yaml")
TAGS = str(PACKAGED / "ATen/native/tags.yaml")


def is_list(argument: Argument) -> bool:
    return argument.type.is_list_like() is not None


def tensors_of(schema: FunctionSchema) -> list[Argument]:
    return [a for a in schema.arguments.flat_all if a.type.is_tensor_like()]


def guard(info: DifferentiabilityInfo, saved: SavedAttribute, inputs: set[str]) -> list[str]:
    """The inputs of which one must need a gradient for `saved` to be kept; none: it is kept in any case.

    This follows guard_for() of torch's tools/autograd/gen_variable_type.py.
    """
    users = [d for d in info.derivatives if saved in d.saved_inputs]
    lists = any(is_list(a) for a in tensors_of(info.func.func))
    if lists or "backward" in info.name or len(inputs) <= 1 or len(users) != 1:
        return []
    if saved.nctype.type != BaseCType(tensorT):
        return []
    names = users[0].var_names
    if len(names) == 1:
        return list(names)
    condition = re.search(rf"wrap_opt_if\({saved.nctype.name},(.*?)\)", users[0].formula)
    return [names[int(i)] for i in re.findall(r"grad_input_mask\[(\d+)\]", condition[1])] if condition else []


def kept_inputs(info: DifferentiabilityInfo) -> Iterator[str]:
    tensors = {a.name for a in tensors_of(info.func.func)}
    inputs = {name for d in info.derivatives for name in d.var_names}
    for saved in info.all_saved_inputs:
        name = str(saved.nctype.name)
        if name in tensors and saved.expr == name:  # not only its sizes or options
            conditions = guard(info, saved, inputs)
            yield name + ("?" + "|".join(conditions) if conditions else "")


def kept_outputs(info: DifferentiabilityInfo) -> Iterator[str]:
    returns = info.func.func.returns
    names = [r.name or (f"result{i}" if len(returns) > 1 else "result") for i, r in enumerate(returns)]
    for saved in info.all_saved_outputs:
        name = str(saved.nctype.name)
        # Of lists and numbers among the results, nothing is kept by these names.
        if name in names and returns[names.index(name)].type.is_tensor_like():
            yield f">{names.index(name)}"


def row(info: DifferentiabilityInfo) -> str:
    """{"addmm", 1, "self* mat1* mat2*", "mat2?mat1 mat1?mat2"}: name, number of results, tensors, what is kept."""
    schema = info.func.func
    inputs = {name for d in info.derivatives for name in d.var_names}
    tensors = " ".join(
        a.name + ("[]" if is_list(a) else "") + ("*" if a.name in inputs else "") for a in tensors_of(schema)
    )
    kept = " ".join([*kept_inputs(info), *kept_outputs(info)])
    return f'{{"{schema.name.name}", {len(schema.returns)}, "{tensors}", "{kept}"}},'


def table() -> str:
    infos, _ = load_derivatives(str(PACKAGED / "autograd/derivatives.yaml"), NATIVE, TAGS)
    derived = [by_key["Default"] for by_key in infos.values() if "Default" in by_key]
    # Operators on many lists at once, such as _foreach_add, are of optimizers.
    rows = {
        row(i) for i in derived if tensors_of(i.func.func) and not str(i.func.func.name.name).startswith("_foreach")
    }
    rows |= {f'{{"{name}", 0, "", ""}},' for name in underived({str(i.func.func.name.name) for i in derived})}
    version = torch.__version__.split("+")[0]
    header = f"""\
// What autograd keeps of each operator, from derivatives.yaml of torch {version}: written by
// tests/python/support/saved_table.py. A row has the name, the number of results, the tensors, and those that are kept.
// A tensor with * may need a gradient, one with [] is a list; a?b|c is kept where b or c needs one, >0 is a result.
"""
    return header + "".join(f"{text}\n" for text in sorted(rows))


def underived(derived: set[str]) -> Iterator[str]:
    """Operators that autograd does not take apart and has no derivative of: it keeps nothing of them.

    copy_ is not among them: torch has its derivative elsewhere, in C++.
    """
    functions = parse_native_yaml(NATIVE, TAGS).native_functions
    composite = {str(f.func.name.name) for f in functions if f.has_composite_implicit_autograd_kernel}
    for name in {str(f.func.name.name) for f in functions} - composite - {"copy", "copy_"}:
        plain = name if name.endswith("__") else name.removesuffix("_")
        if (
            not name.startswith("_foreach")
            and name not in derived
            and plain not in derived
            and plain + "_" not in derived
        ):
            yield plain


if __name__ == "__main__":
    TABLE.write_text(table())

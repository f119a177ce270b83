"""Files made to harm their reader: each is small, and asks for memory, time or depth without end."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Callable, Iterable
from typing import Any


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def field(number: int, content: bytes | str) -> bytes:
    """A field of a protobuf message that has a length."""
    content = content.encode() if isinstance(content, str) else content
    return varint(number << 3 | 2) + varint(len(content)) + content


def integer(number: int, value: int) -> bytes:
    return varint(number << 3) + varint(value)


# ONNX, field by field as onnx.proto numbers them.


def node(
    op: str, inputs: Iterable[str], outputs: Iterable[str], *, name: str = "", domain: str = "", more: bytes = b""
) -> bytes:
    content = b"".join(field(1, one) for one in inputs) + b"".join(field(2, one) for one in outputs)
    return content + field(3, name) + field(4, op) + (field(7, domain) if domain else b"") + more


def weight(name: str, *sizes: int) -> bytes:
    return b"".join(integer(1, size) for size in sizes) + integer(2, 1) + field(8, name)


def value(name: str, *sizes: int) -> bytes:
    shape = b"".join(field(1, integer(1, size)) for size in sizes)
    return field(1, name) + field(2, field(1, integer(1, 1) + field(2, shape)))


def graph(
    nodes: Iterable[bytes], inputs: Iterable[bytes] = (), outputs: Iterable[str] = (), weights: Iterable[bytes] = ()
) -> bytes:
    content = b"".join(field(1, one) for one in nodes) + b"".join(field(5, one) for one in weights)
    return content + b"".join(field(11, one) for one in inputs) + b"".join(field(12, field(1, one)) for one in outputs)


def function(
    name: str, inputs: Iterable[str], outputs: Iterable[str], nodes: Iterable[bytes], domain: str = "f"
) -> bytes:
    content = field(1, name) + b"".join(field(4, one) for one in inputs) + b"".join(field(5, one) for one in outputs)
    return (
        content + b"".join(field(7, one) for one in nodes) + field(9, field(1, "") + integer(2, 20)) + field(10, domain)
    )


def onnx(main: bytes, functions: Iterable[bytes] = ()) -> bytes:
    opset = field(8, field(1, "") + integer(2, 20))
    return integer(1, 10) + field(7, main) + opset + b"".join(field(25, one) for one in functions)


def one_node(made: bytes, inputs: Iterable[bytes] = (value("x", 2, 2),), weights: Iterable[bytes] = ()) -> bytes:
    return onnx(graph([made], inputs, ["y"], weights))


def nested_branches(depth: int) -> bytes:
    """Only the first branch has another node with branches in it."""
    other = graph([node("Relu", ["x"], ["y"])], outputs=["y"])
    inner = other
    for _ in range(depth):
        branches = [("then_branch", inner), ("else_branch", other)]
        more = b"".join(field(5, field(1, name) + field(6, body) + integer(20, 5)) for name, body in branches)
        inner = graph([node("If", ["c"], ["y"], more=more)], outputs=["y"])
    return onnx(inner + field(11, value("x", 2, 2)) + field(11, value("c")))


def calls_that_double(levels: int, width: int) -> bytes:
    """Each function calls the next one twice, and all hand on `width` inputs."""
    names = [f"i{i}" for i in range(width)]
    functions = [function("f0", names, ["y"], [node("Relu", ["i0"], ["y"])])]
    for level in range(1, levels):
        called = f"f{level - 1}"
        calls = [node(called, [*names], ["t"], domain="f"), node(called, ["t", *names[1:]], ["y"], domain="f")]
        functions.append(function(f"f{level}", names, ["y"], calls))
    return onnx(graph([node(f"f{levels - 1}", ["x"] * width, ["y"], domain="f")], [value("x", 2, 2)], ["y"]), functions)


def calls_with_weights(levels: int, weights: int) -> bytes:
    """The body of a branch has weights, and the function around it is called 2^levels times."""
    body = graph([node("Add", ["i", "w0"], ["z"])], outputs=["z"], weights=[weight(f"w{i}", 1) for i in range(weights)])
    branch = b"".join(
        field(5, field(1, name) + field(6, body) + integer(20, 5)) for name in ("then_branch", "else_branch")
    )
    functions = [function("f0", ["i"], ["y"], [node("Cast", ["i"], ["c"]), node("If", ["c"], ["y"], more=branch)])]
    for level in range(1, levels):
        called = f"f{level - 1}"
        calls = [node(called, ["i"], ["t"], domain="f"), node(called, ["t"], ["y"], domain="f")]
        functions.append(function(f"f{level}", ["i"], ["y"], calls))
    return onnx(graph([node(f"f{levels - 1}", ["x"], ["y"], domain="f")], [value("x", 2, 2)], ["y"]), functions)


def einsum(operands: int) -> bytes:
    equation = ",".join(["a"] * operands) + "->a"
    attribute = field(5, field(1, "equation") + field(4, equation) + integer(20, 3))
    return one_node(node("Einsum", ["x"] * operands, ["y"], more=attribute), [value("x", 8)])


def functions_of_one_name(count: int) -> bytes:
    """Their domains tell them apart."""
    made = [function("f", ["i"], ["y"], [node("Relu", ["i"], ["y"])], domain=f"d{i}") for i in range(count)]
    calls = [node("f", ["x"], [f"y{i}"], domain=f"d{count - 1}") for i in range(count)]
    return onnx(graph(calls, [value("x", 2)], ["y0"]), made)


def unknown_operators(count: int) -> bytes:
    return onnx(graph([node(f"Op{i}", ["x"], [f"y{i}"]) for i in range(count)], [value("x", 2)], ["y0"]))


def path_names(count: int, levels: int) -> bytes:
    nodes = [node("Relu", ["x"], [f"y{i}"], name=f"/{i}" + "/a" * levels + "/Relu") for i in range(count)]
    return onnx(graph(nodes, [value("x", 2)], ["y0"]))


# .pt2


def zipped(entries: dict[str, bytes | str], *, deflate: bool = False) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED if deflate else zipfile.ZIP_STORED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return file.getvalue()


def program(sizes: list[Any], nodes: list[Any] | None = None, ranges: dict[str, Any] | None = None) -> dict[str, Any]:
    """y = relu(x), x of these sizes."""
    tensor = {"dtype": 7, "requires_grad": False, "sizes": sizes}
    call = {
        "target": "torch.ops.aten.relu.default",
        "inputs": [{"name": "self", "arg": {"as_tensor": {"name": "x"}}}],
        "outputs": [{"as_tensor": {"name": "y"}}],
        "metadata": {},
    }
    return {
        "graph_module": {
            "graph": {
                "inputs": [{"as_tensor": {"name": "x"}}],
                "outputs": [{"as_tensor": {"name": "y"}}],
                "nodes": [call] if nodes is None else nodes,
                "tensor_values": {"x": tensor, "y": tensor},
                "sym_int_values": {},
            },
            "signature": {"input_specs": [{"user_input": {"arg": {"as_tensor": {"name": "x"}}}}]},
            "module_call_graph": [{"fqn": ""}],
        },
        "range_constraints": ranges or {},
        "schema_version": {"major": 8, "minor": 0},
        "torch_version": "2.9.1",
    }


def pt2(document: Any, *, deflate: bool = False, **entries: bytes) -> bytes:
    text = document if isinstance(document, str) else json.dumps(document)
    return zipped({"m/models/model.json": text, **{f"m/{k}": v for k, v in entries.items()}}, deflate=deflate)


def expression(text: str, hint: int | None) -> dict[str, Any]:
    return {"as_expr": {"expr_str": text, "hint": None if hint is None else {"as_int": hint}}}


def open_vmaps(count: int) -> bytes:
    call = {
        "target": "torch._functorch.predispatch._vmap_increment_nesting",
        "inputs": [{"name": "", "arg": {"as_int": 1}}],
        "outputs": [],
        "metadata": {},
    }
    relu = program([])["graph_module"]["graph"]["nodes"]
    return pt2(program([{"as_int": 2}], [call] * count + relu))


def pickled_tensors(tensors: int, key: int) -> bytes:
    """A dict of tensors that all share one storage with a long name, and one tuple of 60 sizes."""
    code = b"\x80\x02}("  # PROTO 2, EMPTY_DICT, MARK
    name = b"k" * key
    storage = (
        b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX"
        + struct.pack("<I", key)
        + name
        + b"X\x03\x00\x00\x00cpuK\x01tQr\x01\x00\x00\x00"
    )
    sizes = b"(" + b"K\x01" * 60 + b"tr\x02\x00\x00\x00"
    rebuild = b"ctorch._utils\n_rebuild_tensor_v2\nr\x03\x00\x00\x00"
    code += b"X\x01\x00\x00\x00s" + storage + b"X\x01\x00\x00\x00t" + sizes + b"X\x01\x00\x00\x00u" + rebuild
    for i in range(tensors):
        label = b"%d" % i
        code += b"X" + struct.pack("<I", len(label)) + label + b"h\x03(h\x01K\x00h\x02h\x02\x89NtR"
    weights = zipped({"a/data.pkl": code + b"u."}, deflate=True)
    return zipped(
        {"m/models/model.json": json.dumps(program([{"as_int": 2}])), "m/data/weights/model.pt": weights}, deflate=True
    )


# Others


def safetensors(header: dict[str, Any], data: int = 0) -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + bytes(data)


def tied_names(count: int) -> bytes:
    header = {"__metadata__": {f"layer{i}.{'w' * 50}": "t" for i in range(count)}}
    return safetensors(header | {"t": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, 4)


def empty_tensors(names: Iterable[str]) -> bytes:
    return safetensors({name: {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for name in names})


def saved_report(depth: int, name: str = "m") -> bytes:
    rows, path = [], ""
    for i in range(depth):
        path = "" if i == 0 else f"{path}.{name}" if path else name
        counts = {"macs": 0, "params": 0, "exact": True, "subtree_macs": 0, "subtree_params": 0}
        row = {"name": path, "class": "C", "depth": i, "listed": True, "calls": 1, "input": None, "output": None}
        rows.append({**row, **counts, "parent": i - 1 if i else None, "cost": {}, "work": {}})
    totals = ("macs", "params", "all_params", "active_params", "trainable_params", "buffers")
    report = {
        "format": "thoplw report 1",
        "model": "M",
        "convention": "exact",
        "unit": "MAC",
        "rows": rows,
        "steps": [],
    }
    report |= {"total": dict.fromkeys(totals, 0) | {"exact": True}, "uncounted": [], "missed": [], "missed_macs": 0}
    return json.dumps(report | {"not_run": [], "notes": []}).encode()


def nested_modules(depth: int) -> bytes:
    lines = ["thoplw trace 1", 'model "M"', 'source "s"', "class C", 'module "" C']
    lines += ['module "' + ".".join(["a"] * level) + '" C' for level in range(1, depth)]
    return "\n".join(lines).encode()


Attack = Callable[[], bytes]

ATTACKS: dict[str, Attack] = {
    # Depth
    "90 branches in branches.onnx": lambda: nested_branches(90),
    "3000 branches in branches.onnx": lambda: nested_branches(3000),
    "a node name of 50000 levels.onnx": lambda: path_names(1, 50000),
    "open vmaps.pt2": lambda: open_vmaps(30000),
    "lists in lists.pt2": lambda: pt2("[" * 1000000),
    "lists in lists.safetensors": lambda: struct.pack("<Q", 1000001) + b"{" + b"[" * 1000000,
    "lists in lists.safetensors.index.json": lambda: b'{"weight_map":' + b"[" * 1000000,
    "lists in lists.json": lambda: b"[" * 1000000,
    "objects in objects.json": lambda: b'{"a":' * 300000,
    "modules in modules.json": lambda: saved_report(8000),
    "modules in modules.trace": lambda: nested_modules(3000),
    "parentheses.pt2": lambda: pt2(program([expression("(" * 100000, None)])),
    "minus signs.pt2": lambda: pt2(program([expression("-" * 1000000 + "s0", None)])),
    # Memory
    "calls and weights.onnx": lambda: calls_with_weights(18, 20000),
    "names of many levels.onnx": lambda: path_names(2000, 60),
    "a storage of many tensors.pt2": lambda: pickled_tensors(50000, 1000),
    "deflated numbers.pt2": lambda: pt2("[" + "0," * 30000000 + "0]", deflate=True),
    "one long name.safetensors": lambda: empty_tensors(["n" * 400000, *(f"t{i}" for i in range(8000))]),
    "names of many levels.safetensors": lambda: empty_tensors(f"{i}" + ".a" * 190 for i in range(2000)),
    # Time
    "a sum of 30000 operands.onnx": lambda: einsum(30000),
    "80000 functions of one name.onnx": lambda: functions_of_one_name(80000),
    "150000 names of one tensor.safetensors": lambda: tied_names(150000),
    "200000 shards.safetensors.index.json": lambda: json.dumps(
        {"weight_map": {f"t{i}": f"{i}.safetensors" for i in range(200000)}}
    ).encode(),
    "200000 unknown operators.onnx": lambda: unknown_operators(200000),
    "calls of 20000 inputs.onnx": lambda: calls_that_double(15, 20000),
    "60000 symbols.pt2": lambda: pt2(program([expression("+".join(f"s{i}" for i in range(60000)), None)])),
    # Numbers
    "negated least number.pt2": lambda: pt2(program([expression("-s0", -(2**63))])),
    "a length of 2^32 and 2.onnx": lambda: integer(1, 10) + varint(7 << 3 | 2) + varint(2**32 + 2) + integer(1, 1),
    "a product of 2^90.onnx": lambda: one_node(
        node("MatMul", ["x", "w"], ["y"]), [value("x", 2**30, 2**30)], [weight("w", 2**30, 2**30)]
    ),
}
"""By the name of the file: what it holds."""

CONVENTIONS: dict[str, Attack] = {
    "a key of a million parts.toml": lambda: b".".join([b"a"] * 1000000) + b" = 1",
    "a table of a million parts.toml": lambda: b"[" + b".".join([b"a"] * 1000000) + b"]",
    "lists in lists.toml": lambda: b"a = " + b"[" * 1000000,
    "tables in tables.toml": lambda: b"a = " + b"{a=" * 100000,
    "parts in tables.toml": lambda: b"a = " + (b"{" + b".".join([b"a"] * 10000) + b"=") * 200,
}
"""The same for --convention."""

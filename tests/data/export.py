"""Exports small models with the torch that runs it: FOLDER/CASE-VERSION.pt2 and .onnx, and what each must cost.

    python tests/data/export.py FOLDER

The expected numbers are those of FlopCounterMode (halved) and of the live model's parameters, never thoplw's own.
"""

import json
import pathlib
import sys
import traceback
import warnings

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

VERSION = ".".join(torch.__version__.split("+")[0].split(".")[:2])


class Net(nn.Module):
    """Convolutions, one of them grouped, norms, a head whose weight is the embedding's, a module that runs twice."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU())
        self.again = nn.Conv2d(8, 8, 3, padding=1, groups=4)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.embed = nn.Embedding(5, 8)
        self.head = nn.Linear(8, 5, bias=False)
        self.head.weight = self.embed.weight
        self.unused = nn.Linear(2, 2)
        self.scale = nn.Parameter(torch.ones(8))
        self.register_buffer("shift", torch.zeros(8))

    def forward(self, x, token):
        x = self.again(self.again(self.stem(x)))
        x = torch.flatten(self.pool(x), 1) * self.scale + self.shift
        return self.head(x + self.embed(token))


class Block(nn.Module):
    """Attention and a feed-forward layer, of any batch and length."""

    def __init__(self):
        super().__init__()
        self.norm = nn.LayerNorm(16)
        self.qkv = nn.Linear(16, 48)
        self.out = nn.Linear(16, 16)
        self.up = nn.Linear(16, 64)
        self.down = nn.Linear(64, 16)

    def forward(self, x):
        batch, length, _ = x.shape
        q, k, v = self.qkv(self.norm(x)).reshape(batch, length, 3, 4, 4).permute(2, 0, 3, 1, 4).unbind(0)
        y = F.scaled_dot_product_attention(q, k, v)
        x = x + self.out(y.transpose(1, 2).reshape(batch, length, 16))
        x = x + self.down(F.gelu(self.up(x)))
        return F.avg_pool1d(x.transpose(1, 2), 2)


class Cond(nn.Module):
    """A branch that hangs on the data; one side costs more."""

    def __init__(self):
        super().__init__()
        self.small = nn.Linear(8, 8)
        self.big = nn.Linear(8, 8)

    def forward(self, x):
        return torch.cond(x.sum() > 0, lambda x: self.small(x), lambda x: self.big(self.big(x)), (x,))


class Loops(nn.Module):
    """A scan over four steps."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(8, 8))

    def forward(self, state, xs):
        from torch._higher_order_ops.scan import scan

        def step(carry, x):
            y = torch.tanh(carry @ self.weight + x)
            return y, y.clone()

        return scan(step, state, xs)


class While(nn.Module):
    """A loop whose trip count hangs on the data."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(8, 8)

    def forward(self, n, x):
        from torch._higher_order_ops.while_loop import while_loop

        return while_loop(lambda n, x: n > 0, lambda n, x: (n - 1, self.linear(x)), (n, x))


def block(batch, seq):
    """Four linear layers, and queries by keys and scores by values; FlopCounterMode misses attention on some CPUs."""
    return batch * seq * 16 * (48 + 16 + 64 + 64) + 2 * batch * seq * seq * 16


def cost(model, args):
    with FlopCounterMode(display=False) as counter:
        model(*args)
    return counter.get_total_flops() // 2


def without_places(program):
    """Line numbers of the machine that exports say nothing of the model."""
    for module in program.graph_module.modules():
        for node in module.graph.nodes if hasattr(module, "graph") else ():
            node.meta.pop("stack_trace", None)
    return program


def save(folder, case, program, expected):
    name = f"{case}-{VERSION}.pt2"
    without_places(program)
    torch.export.save(program, str(folder / name))
    torch.export.load(str(folder / name))
    return {name: expected}


def net(folder):
    model, args = Net().eval(), (torch.ones(2, 3, 16, 16), torch.tensor([1, 2]))
    expected = {"contractions": cost(model, args), "params": sum(p.numel() for p in model.parameters())}
    program = torch.export.export(model, args)
    saved = save(folder, "net", program, expected)
    if hasattr(program, "run_decompositions"):
        saved |= save(folder, "decomposed", program.run_decompositions(), expected)
    return saved


def dynamic(folder):
    model, args = Block().eval(), (torch.ones(2, 6, 16),)
    batch, seq = torch.export.Dim("batch", max=64), torch.export.Dim("half", min=1, max=256)
    try:
        program = torch.export.export(model, args, dynamic_shapes=({0: batch, 1: 2 * seq},))
    except Exception:  # derived dimensions came later
        program = torch.export.export(model, args, dynamic_shapes=({0: batch, 1: torch.export.Dim("seq", max=512)},))
    expected = {"contractions": block(2, 6), "params": sum(p.numel() for p in model.parameters())}
    expected |= {f"{batch}x{seq}": block(batch, seq) for batch, seq in ((1, 4), (8, 128), (64, 512))}
    return save(folder, "dynamic", program, expected)


def cond(folder):
    model, args = Cond().eval(), (torch.ones(4, 8),)
    # 4 positions of two 8x8 layers, which is the costlier side
    return save(folder, "cond", torch.export.export(model, args), {"contractions": 4 * 64 * 2, "params": 144})


def loops(folder):
    model, args = Loops().eval(), (torch.ones(2, 8), torch.ones(4, 2, 8))
    # 4 steps of a 2x8 by 8x8 product
    return save(folder, "scan", torch.export.export(model, args), {"contractions": 4 * 2 * 64, "params": 64})


def whiles(folder):
    model, args = While().eval(), (torch.tensor(3), torch.ones(2, 8))
    # the body once: how often it runs is data
    expected = {"contractions": 2 * 64, "params": 72, "exact": False}
    return save(folder, "while", torch.export.export(model, args), expected)


def onnx(folder):
    """The exporter that traces, and the one on top of torch.export, each as far as this torch has it."""
    saved = {}
    cases = {
        "net": (Net().eval(), (torch.ones(2, 3, 16, 16), torch.tensor([1, 2])), {}),
        "dynamic": (Block().eval(), (torch.ones(2, 6, 16),), {"x": {0: "batch", 1: "seq"}}),
    }
    for case, (model, args, axes) in cases.items():
        expected = {"contractions": cost(model, args), "params": sum(p.numel() for p in model.parameters())}
        if axes:
            expected |= {f"{b}x{s}": block(b, s) for b, s in ((1, 4), (8, 128), (64, 512))}
            expected["contractions"] = block(2, 6)
        for way, export in (("traced", export_traced), ("exported", export_exported)):
            name = f"{case}-{way}-{VERSION}.onnx"
            try:
                export(str(folder / name), model, args, axes)
                saved[name] = expected
            except Exception:
                print(f"torch {torch.__version__}: {name}: {traceback.format_exc().splitlines()[-1]}")
    return saved


def export_traced(path, model, args, axes):
    options = {"dynamo": False} if at_least("2.5") else {}
    names = ["x", "token"][: len(args)]
    torch.onnx.export(model, args, path, input_names=names, dynamic_axes=axes, **options)


def export_exported(path, model, args, axes):
    if not at_least("2.5"):
        torch.onnx.dynamo_export(model, *args).save(path)
        return
    options = {"external_data": False}
    if at_least("2.6"):
        options["optimize"] = False
        model = without_places(torch.export.export(model, args, dynamic_shapes=any_size(axes)))
    if axes:
        options["dynamic_shapes"] = ({0: "batch", 1: "seq"},) if at_least("2.6") else any_size(axes)
    names = ["x", "token"][: len(args)]
    torch.onnx.export(model, args, path, input_names=names, dynamo=True, **options)


def any_size(axes):
    dim = torch.export.Dim
    return tuple({0: getattr(dim, "AUTO", dim("batch")), 1: getattr(dim, "AUTO", dim("seq"))} for _ in axes) or None


def at_least(version):
    return tuple(map(int, VERSION.split("."))) >= tuple(map(int, version.split(".")))


def main():
    warnings.filterwarnings("ignore")
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    record = folder / "expected.json"
    expected = json.loads(record.read_text()) if record.exists() else {}
    torch.manual_seed(0)
    for case in (net, dynamic, cond, loops, whiles, onnx):
        try:
            with torch.no_grad():
                expected |= case(folder)
        except Exception:
            print(f"torch {torch.__version__}: {case.__name__}: {traceback.format_exc().splitlines()[-1]}")
    record.write_text(json.dumps(dict(sorted(expected.items())), indent=1) + "\n")


if __name__ == "__main__":
    main()

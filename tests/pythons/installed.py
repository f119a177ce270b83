"""Tries an installed thoplw under the Python that runs this, which needs nothing else; torch is used where it is."""

import importlib.util
import json
from pathlib import Path

import thoplw

SAMPLES = Path(__file__).parents[1] / "data" / "samples"


def check_files() -> None:
    """The same totals as everywhere."""
    expected = json.loads((SAMPLES / "expected.json").read_text())
    for name in ("cond-2.13.pt2", "net-2.13.pt2", "while-2.13.pt2", "net-exported-2.13.onnx"):
        params = expected[name]["params"] - (2 * 2 + 2 if name.endswith("onnx") else 0)  # a layer that never runs
        info = thoplw.load(SAMPLES / name, convention="exact", verbose=False)
        assert (info.macs, info.all_params) == (expected[name]["contractions"], params), name


def check_errors() -> None:
    """What C++ throws arrives, also where torch has brought a C++ library of its own."""
    message = ""
    try:
        thoplw.load("missing.onnx")
    except thoplw.Error as error:
        message = str(error)
    assert "missing.onnx" in message


def check_profile() -> None:
    """A layer by hand."""
    import torch

    macs, params, _ = thoplw.profile(torch.nn.Linear(4, 5), torch.ones(2, 4), convention="exact", verbose=False)
    assert (macs, params) == (2 * 4 * 5, 4 * 5 + 5)
    print(f"with torch {torch.__version__}")


if __name__ == "__main__":
    check_files()
    check_errors()
    if importlib.util.find_spec("torch"):
        check_profile()
        check_errors()
    print(f"{thoplw.__file__}: passed")

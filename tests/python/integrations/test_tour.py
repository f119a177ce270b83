"""The notebook docs/tour.ipynb runs from beginning to end, and prints what it shows; THOPLW_RECORD=1 records that."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest

from pages import ROOT

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")
TOUR = ROOT / "docs" / "tour.ipynb"

# As in this process, torchvision has to work in the kernel also where its own kernels are built for another torch.
START = "import thoplw._models\nthoplw._models.import_torchvision()\n"


def printed(notebook: Any) -> list[list[str]]:
    """What each cell prints and shows, without pictures and the numbers that make names of elements unique."""
    shown = []
    for cell in notebook.cells:
        texts = []
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            texts.append(output.get("text") or data.get("text/html") or data.get("text/plain"))
        shown.append([re.sub(r"0x[0-9a-f]+|id=\"[^\"]*\"|\d+x\d+ with \d+ Axes", "", text) for text in texts])
    return shown


def test_the_tour_prints_what_it_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sitecustomize.py").write_text(START)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    recorded = nbformat.read(TOUR, as_version=4)
    ran = nbformat.read(TOUR, as_version=4)
    nbclient.NotebookClient(
        ran, timeout=300, record_timing=False, resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    if os.environ.get("THOPLW_RECORD"):
        nbformat.write(ran, TOUR)
    else:
        assert printed(ran) == printed(recorded)
    assert not any(output.get("name") == "stderr" for cell in ran.cells for output in cell.get("outputs", []))
    assert "1824010216" in str(ran.cells)

"""The checked-in table of what autograd keeps is what torch's derivatives.yaml says."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

TABLE = Path(__file__).parents[3] / "src/operators/backward/saved_table.inc"


def test_the_table_is_what_torch_says() -> None:
    version = torch.__version__.split("+")[0]
    if f"of torch {version}:" not in TABLE.read_text():
        pytest.skip(f"the table is of another torch than {version}")
    import saved_table

    assert TABLE.read_text() == saved_table.table()

"""Every kind of model that transformers has is counted with its weights on meta, but for those that say why not."""

from __future__ import annotations

import os

import pytest

import thoplw
from architectures import KINDS, coverage, inputs_of, model_of
from pages import ROOT

transformers = pytest.importorskip("transformers", minversion="5.20")
transformers.logging.set_verbosity_error()

# Some always; all where THOPLW_SWEEP is set, which takes ten minutes.
FEW = [
    "bert", "llama", "mixtral", "t5", "whisper", "deepseek_v3", "qwen3_5_moe", "falcon_h1", "glm4v", "hunyuan_vl",
    "granite_speech", "encodec", "jetmoe", "superpoint",
]  # fmt: skip


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", KINDS if os.environ.get("THOPLW_SWEEP") else FEW)
def test_counted_on_meta(kind: str) -> None:
    row = KINDS[kind]
    if not hasattr(transformers, row["model"]):
        pytest.skip(f"this release of transformers has no {row['model']}")
    if "looks" in row:
        with pytest.raises(thoplw.Error, match="looks at values"):
            thoplw.profile(model_of(row), inputs_of(row), verbose=False)
        return
    macs, _, info = thoplw.profile(model_of(row), inputs_of(row), convention="exact", verbose=False)
    assert macs > 0
    assert (info.exact, info.uncounted) == (True, [])
    assert not any("real forward" in note for note in info.notes)


def test_few_are_left() -> None:
    assert len(KINDS) > 519
    assert sum("looks" in row for row in KINDS.values()) <= 15


def test_the_page_names_them() -> None:
    page = (ROOT / "docs" / "coverage.md").read_text()
    assert "\n".join(coverage()) in page

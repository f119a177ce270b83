"""The page of a sweep, used as a person does: hover, click, filter, other axes; and a hundred thousand candidates."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import thoplw

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("no Chromium: apt-get install chromium")
    with playwright.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def show(browser: Any, tmp_path: Path) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    wrong: list[str] = []

    def show(sweep: thoplw.Sweep) -> Any:
        (tmp_path / "front.html").write_text(sweep.summary("html", pareto=("params", "macs")))
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto((tmp_path / "front.html").as_uri())
        page.wait_for_selector("table.front tbody tr")
        return page

    yield show
    context.close()
    assert wrong == []


COLUMNS: dict[str, list[Any]] = {
    "width": [8, 16, 32, 64],
    "act": ["relu", "gelu", "</script>", "relu"],
    "macs": [400, 300, 500, 100],
    "params": [10, 20, 30, 40],
    "exact": [True, True, True, False],
    "error": [None, None, None, None],
}


# The first fact of the tip, and where the pointer was: of each tip that there is.
HOVER_ALL = """() => {
  const [canvas, tip, found] = [document.querySelector("canvas"), document.querySelector(".tip"), {}];
  const box = canvas.getBoundingClientRect();
  for (let x = 0; x < box.width; x += 4) {
    for (let y = 0; y < box.height; y += 4) {
      canvas.dispatchEvent(new PointerEvent("pointermove", { clientX: box.left + x, clientY: box.top + y }));
      if (!tip.hidden) found[tip.querySelector("dd").textContent] = [x, y];
    }
  }
  return found;
}"""


def widths(page: Any) -> list[str]:
    return page.locator("table.front tbody td:first-child").all_text_contents()  # type: ignore[no-any-return]


def test_front_axes_and_filter(show: Any) -> None:
    page = show(thoplw.Sweep(COLUMNS))
    assert widths(page) == ["8", "16"]  # the least of all is only a lower bound
    assert page.text_content(".matches") == "4 of 4, 2 on the front"
    page.fill(".filter input", "width>=16 params<0.035K")
    assert widths(page) == ["16"]
    page.fill(".filter input", "relu")
    assert widths(page) == ["8"]
    page.fill(".filter input", "act=</script>")
    assert widths(page) == ["32"]
    page.fill(".filter input", "")
    page.select_option("select >> nth=0", "width")
    page.select_option("select >> nth=1", "params")
    assert widths(page) == ["8"]


def test_hover_and_click(show: Any, tmp_path: Path) -> None:
    (tmp_path / "its.html").write_text("<title>its own</title>")
    page = show(thoplw.Sweep(COLUMNS | {"page": ["its.html", None, None, None]}))
    box = page.locator("canvas").bounding_box()
    found = page.evaluate(HOVER_ALL)
    assert set(found) == {"8", "16", "32", "64"}
    x, y = found["16"]
    page.mouse.click(box["x"] + x, box["y"] + y)
    assert page.locator(".facts dd").all_text_contents()[:4] == ["16", "gelu", "300", "20"]
    x, y = found["8"]
    with page.expect_popup() as opened:
        page.mouse.click(box["x"] + x, box["y"] + y)
    assert opened.value.title() == "its own"


def test_a_hundred_thousand_candidates(show: Any, tmp_path: Path) -> None:
    count = 100_000
    sweep = thoplw.Sweep(
        {
            "width": list(range(count)),
            "macs": [7919 * i % 1_000_003 + 1 for i in range(count)],
            "params": [104_729 * i % 1_000_003 + 1 for i in range(count)],
            "exact": [True] * count,
            "error": [None] * count,
        }
    )
    start = time.monotonic()
    sweep.save(tmp_path / "results.csv")
    again = thoplw.Sweep.read(tmp_path / "results.csv")
    assert len(again.filter(under={"macs": 1000})) == sum(macs <= 1000 for macs in sweep.columns["macs"])
    page = show(again)
    assert page.text_content(".matches").startswith("100000 of 100000")
    assert len(widths(page)) == len(sweep.pareto("params", "macs"))
    assert len(sweep.summary("svg", pareto=("params", "macs"))) < 3_000_000
    assert time.monotonic() - start < 30  # some seconds, where nothing else runs

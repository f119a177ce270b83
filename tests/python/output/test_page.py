"""The html page: well-formed, the same numbers as the tables, and in a real browser what a person does with it."""

from __future__ import annotations

import csv
import io
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import thoplw
from thoplw import _models, _native

sync_api = pytest.importorskip("playwright.sync_api")
html5lib = pytest.importorskip("html5lib")

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


class Block(nn.Module):
    """Has work of its own, beside the modules inside."""

    def __init__(self) -> None:
        super().__init__()
        self.query = nn.Linear(16, 16)
        self.mlp = nn.Sequential(nn.Linear(16, 64), nn.GELU(), nn.Linear(64, 16))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q = self.query(x)
        return self.mlp((q @ x.transpose(1, 2)) @ x)


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 4, 4)
        self.blocks = nn.ModuleList(Block() for _ in range(3))
        self.norm = nn.LayerNorm(16)
        self.head = nn.Linear(16, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x).flatten(2).transpose(1, 2)
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))


class Unknown(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.linalg.matrix_exp(x @ x.mT)


BREAKS_OUT = "</script><script>document['title']='broken'</script><img src=x onerror=\"document['title']='broken'\">"


def hostile() -> nn.Module:
    inner = type(BREAKS_OUT, (nn.Linear,), {})(4, 4)
    model = type("<b>'\"&amp;", (nn.Sequential,), {})()
    for name in (BREAKS_OUT, "line\nbreak \u202e", "a|b,c", "\u5c64", "__proto__", "constructor"):
        model.add_module(name, nn.Sequential(inner, Unknown()))
    return model


def deep() -> nn.Module:
    return nn.Sequential(*[nn.Sequential(*[nn.Linear(2, 2) for _ in range(49)]) for _ in range(100)])


@pytest.fixture(scope="module")
def info() -> thoplw.LayerInfo:
    return thoplw.profile(Net(), (1, 3, 32, 32))[2]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("no Chromium: apt-get install chromium")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


class Shown:
    """A page that is open, and what must not happen in it."""

    def __init__(self, chromium: Any, path: Path, **options: Any) -> None:
        self.context = chromium.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(path.as_uri())

    def close(self) -> None:
        assert self.complaints == []
        assert len(self.requests) == 1, "the page itself and nothing else"
        self.context.close()

    def rows(self) -> list[list[str]]:
        """Cells of the rows of the table that are in the page."""
        script = "rows => rows.map(row => [...row.cells].map(cell => cell.textContent))"
        return self.page.eval_on_selector_all(".grid tbody tr:not(.space)", script)

    def names(self) -> list[str]:
        return [row[0] for row in self.rows()]

    def choose(self, what: str, value: str) -> None:
        self.page.locator(f"[data-choice={what}] label", has=self.page.locator(f"[value={value}]")).click()

    def count(self, selector: str) -> int:
        return self.page.locator(selector).count()

    def text(self, selector: str) -> str:
        return self.page.locator(selector).inner_text()

    def until(self, script: str) -> Any:
        """Waits until this is so; Playwright's own way needs eval, which the page forbids."""
        for _ in range(200):
            if value := self.page.evaluate(script):
                return value
            self.page.wait_for_timeout(50)
        raise AssertionError(f"never so: {script}")

    def focused(self, script: str) -> Any:
        return self.page.evaluate(f"document.activeElement.{script}")


@pytest.fixture
def show(chromium, tmp_path) -> Iterator[Any]:
    opened: list[Shown] = []

    def show(text: str, **options: Any) -> Shown:
        path = tmp_path / f"{len(opened)}.html"
        path.write_text(text)
        opened.append(Shown(chromium, path, **options))
        return opened[-1]

    yield show
    for shown in opened:
        shown.close()


def table(info: thoplw.LayerInfo, fmt: str = "raw", sort: str | None = None) -> list[list[str]]:
    """The lines of the flat table, without titles; the last one is the total."""
    return list(csv.reader(io.StringIO(info.summary("csv", fmt, sort=sort))))[1:]


def command(*args: str) -> str:
    out, err = io.StringIO(), io.StringIO()
    assert _native.run_command_line(list(args), _models.open_model, out, err) == 0, err.getvalue()
    return out.getvalue()


# --- the text of the page


def test_pages_are_well_formed(info):
    pytest.importorskip("torchvision")
    pages = [
        info.summary("html"),
        thoplw.profile(hostile(), (4, 4))[2].summary("html"),
        thoplw.compare(Net(), (1, 3, 32, 32)).summary("html"),
        command("torchvision:alexnet", "torchvision:squeezenet1_0", "--kind", "html"),
        command("compare", "torchvision:alexnet", "torchvision:squeezenet1_0", "--with", "thop", "--kind", "html"),
    ]
    for page in pages:
        html5lib.HTMLParser(strict=True).parse(page)  # raises where a browser would have to guess


def test_save_goes_by_suffix(info, tmp_path):
    for name in ("a.html", "a.htm"):
        info.save(tmp_path / name)
        assert (tmp_path / name).read_text() == info.summary("html")


def test_deep_models_stay_small():
    page = thoplw.profile(deep(), (1, 2))[2].summary("html")
    data = page[page.index('"rows":[') :].split("</script>")[0]
    assert data.count("\n[") == 1 + 100 + 100 * 49
    assert len(page.encode()) < 1_000_000


# --- numbers


@pytest.mark.parametrize("fmt", ["raw", "clever", "ratio"])
@pytest.mark.parametrize("model", ["net", "hostile"])
def test_layers_are_the_table(show, info, model, fmt):
    if model == "hostile":
        info = thoplw.profile(hostile(), (4, 4))[2]
    shown = show(info.summary("html"))
    shown.choose("view", "layers")
    shown.choose("numbers", fmt)
    shown.page.locator(".columns summary").click()
    shown.page.locator(".columns [value=share]").uncheck()
    lines = [[part.strip() for part in line.strip("|").split(" | ")] for line in info.summary("text", fmt).splitlines()]
    expected = [line for line in lines[2:] if len(line) == 6]
    foot = shown.page.eval_on_selector_all(".grid tfoot tr > *", "cells => cells.map(cell => cell.textContent)")
    assert [[cell.strip() for cell in row] for row in [*shown.rows(), foot]] == expected


def test_numbers_are_those_of_the_engine(show, info):
    shown = show(info.summary("html"))
    chance = random.Random(1)
    eighths = [k * 125 for k in range(1, 80)]  # 1.125 K lies between 1.12 K and 1.13 K
    values = [0, 999, 999_994, 999_995, 2**53 + 1, 2**64 - 1, *eighths, *(1000 * e for e in eighths)]
    values += [chance.randrange(10 ** chance.randrange(1, 20)) for _ in range(2000)]
    texts = shown.page.evaluate("values => values.map(value => cleverText(BigInt(value)))", [str(v) for v in values])
    assert texts == [str(value) if value < 1000 else thoplw.clever_format(value).strip() for value in values]


def test_a_tree_row_has_all_that_is_inside(show, info):
    shown = show(info.summary("html"))
    shown.page.get_by_role("button", name="Expand all").click()
    rows = {name: (macs, params) for name, _, _, _, macs, _, params in reversed(shown.rows())}  # the first of a name

    def inside(prefix: str) -> tuple[str, str]:
        layers = [row for row in info if (row.name + ".").startswith(prefix)]
        return str(sum(row.macs for row in layers)), str(sum(row.params for row in layers))

    assert rows["(root)"] == (str(info.macs), str(info.params))
    assert rows["blocks"] == inside("blocks.")
    assert rows["0"] == inside("blocks.0.")
    assert rows["(itself)"] == (str(2 * 64 * 64 * 16), "0")  # two products of 64 x 64 by 16
    assert shown.names()[:5] == ["(root)", "stem", "blocks", "0", "(itself)"]


class Masked(nn.Module):
    """A module inside, and nothing but a buffer of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mask", torch.ones(9))
        self.inner = nn.Linear(4, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.inner(x)


def test_measures_that_are_asked_for_add_up(show):
    info = thoplw.profile(nn.Sequential(Masked()), (1, 4), verbose=False)[2]
    shown = show(info.summary("html", columns=["name", "bytes"]))
    lines = [[cell.strip() for cell in row] for row in shown.rows()]
    assert [line[-1] for line in lines] == ["116", "116", "36", "80"]  # 4 * 9, and 4 * (4 * 4 + 4)
    assert "(itself)" in lines[2][0]


def test_a_lower_bound_is_said(show):
    info = thoplw.profile(Unknown(), (2, 3))[2]
    shown = show(info.summary("html"))
    assert "lower bound" in shown.text(".totals")
    assert "not counted: aten::linalg_matrix_exp" in shown.text(".notes")
    assert shown.rows()[0][4].startswith(">=")


def test_a_model_that_costs_nothing(show):
    shown = show(thoplw.profile(nn.Sequential(nn.Identity()), (2, 3))[2].summary("html"))
    assert shown.text(".nothing") == "No MACs were counted."
    assert [row[5] for row in shown.rows()] == ["0.00 %", "0.00 %"]


def test_options_say_how_the_page_begins(show, info):
    shown = show(info.summary("html", "clever", depth=1, sort="params"))
    assert shown.names() == ["(root)", "blocks", "stem", "head", "norm"]
    assert shown.rows()[0][6] == thoplw.clever_format(info.params).strip()
    assert shown.page.locator("[aria-sort=descending]").inner_text().strip(" \u2193") == "Params"


# --- what a person does


def test_sorting(show, info):
    shown = show(info.summary("html"))
    shown.choose("view", "layers")
    for title, column in (("MACs", "macs"), ("Params", "params"), ("Output shape", "output"), ("Class", "class")):
        button = shown.page.get_by_role("button", name=title, exact=True)
        button.click()
        assert shown.names() == [row[0] for row in table(info, sort=column)[:-1]], title
        button.click()
        button.click()
        assert shown.names() == [row[0] for row in table(info)[:-1]], "the third click: as the model has them"


def test_zoom(show, info):
    shown = show(info.summary("html"))
    crumbs = ".crumbs"
    assert shown.text(crumbs) == "Net"
    shown.page.locator(".cell[aria-label^='blocks.1:']").click()
    assert shown.text(crumbs).split(" \u203a ") == ["Net", "blocks", "1"]
    assert shown.count(".cell[aria-label^='blocks.0:']") == 0
    assert "blocks.1:" in shown.focused("ariaLabel")
    assert "1" in shown.page.locator("tr.selected th").inner_text()
    shown.page.keyboard.press("Escape")
    assert shown.text(crumbs).split(" \u203a ") == ["Net", "blocks"]
    shown.page.locator(".crumbs button").first.click()
    assert shown.text(crumbs) == "Net"
    assert shown.count(".cell[aria-label^='blocks.0:']") == 1


def test_keys_in_the_map(show, info):
    shown = show(info.summary("html"))
    shown.page.locator(".cell[tabindex='0']").focus()
    for key, name in (
        ("ArrowDown", "stem:"),
        ("ArrowRight", "blocks:"),
        ("ArrowDown", "blocks.0:"),
        ("ArrowRight", "blocks.1:"),
        ("Enter", "blocks.1:"),
        ("ArrowUp", "blocks:"),
        ("ArrowUp", "(root):"),
    ):
        shown.page.keyboard.press(key)
        assert shown.focused("ariaLabel").startswith(name), key
    assert shown.text(".tip b") == "(root)"


def test_the_tip_tells_all(show, info):
    shown = show(info.summary("html"))
    shown.page.locator(".cell[aria-label^='stem:']").hover()
    tip = shown.text(".tip").split("\n")
    assert tip[0] == "stem"
    words = dict(zip(tip[1::2], tip[2::2], strict=True))
    macs = 8 * 8 * 16 * (3 * 4 * 4) + 16  # positions * outputs * weights of one, and a bias per output
    assert words["Class"] == "Conv2d"
    assert words["Input"] == "1 x 3 x 32 x 32, f32"
    assert words["Output"] == "1 x 16 x 8 x 8, f32"
    assert words["Calls"] == "1"
    assert words["MACs"].startswith(f"49.17 K ({macs}), ")
    assert words["Params"].startswith("784, ")  # 16 * (3*4*4 + 1)
    shown.page.mouse.move(2, 2)
    assert not shown.page.locator(".tip").is_visible()


def test_size_by_parameters(show, info):
    shown = show(info.summary("html"))
    costliest = shown.page.locator(".layers .bar-name").first
    assert costliest.inner_text() == max(info, key=lambda row: row.macs).name
    shown.choose("measure", "params")
    assert costliest.inner_text() == max(info, key=lambda row: row.params).name
    width = shown.page.locator(".cell[aria-label^='head:']").evaluate("cell => parseFloat(cell.style.width)")
    assert width == pytest.approx(100 * 170 / info.params, rel=0.02)  # 10 * (16 + 1)


def test_search(show, info):
    shown = show(info.summary("html"))
    shown.page.keyboard.press("/")
    shown.page.keyboard.type("BLOCKS.2 linear")
    assert shown.text(".matches") == "3 of 23"
    assert shown.names() == ["(root)", "blocks", "2", "query", "mlp", "0", "2"]
    assert shown.count("tbody tr.dim") == 4
    assert shown.count(".cell.dim") > 0
    shown.choose("view", "layers")
    assert shown.names() == ["blocks.2.query", "blocks.2.mlp.0", "blocks.2.mlp.2"]
    shown.page.locator(".filter input").press("Escape")
    assert len(shown.names()) == len(info)
    shown.page.locator(".classes button").first.click()
    assert shown.page.locator(".filter input").input_value() == "Linear"


def test_columns(show, info):
    shown = show(info.summary("html"))
    shown.page.locator(".columns summary").click()
    for box in shown.page.locator(".columns input").all():
        box.set_checked(box.get_attribute("value") == "calls")
    assert shown.rows()[1] == ["stem", "1"]
    titles = shown.page.eval_on_selector_all(".grid thead button", "buttons => buttons.map(b => b.textContent)")
    assert titles == ["Name", "Calls"]
    menu = shown.page.locator(".columns .menu")
    shown.page.keyboard.press("Escape")
    assert not menu.is_visible()
    shown.page.locator(".columns summary").click()
    shown.page.locator("h1").click()
    assert not menu.is_visible()


def test_folding(show, info):
    shown = show(info.summary("html"))
    shown.page.get_by_role("button", name="Collapse all").click()
    assert shown.names() == ["(root)", "stem", "blocks", "norm", "head"]
    shown.page.locator("tr", has_text="blocks").locator(".fold-mark").click()
    assert shown.names() == ["(root)", "stem", "blocks", "0", "1", "2", "norm", "head"]
    shown.page.get_by_role("button", name="Expand all").click()
    assert len(shown.names()) == 23 + 3  # each of three blocks has work of its own


def test_keys_in_the_table(show, info):
    shown = show(info.summary("html"))
    shown.page.get_by_role("button", name="Collapse all").click()
    shown.page.locator("tbody tr[tabindex='0']").focus()
    for key, label, expanded in (
        ("ArrowDown", "stem", None),
        ("ArrowDown", "blocks", "false"),
        ("ArrowRight", "blocks", "true"),
        ("ArrowRight", "0", "false"),
        ("ArrowRight", "0", "true"),
        ("ArrowLeft", "0", "false"),
        ("ArrowLeft", "blocks", "true"),
        ("ArrowLeft", "blocks", "false"),
        ("End", "head", None),
        ("Home", "(root)", "true"),
    ):
        shown.page.keyboard.press(key)
        assert (shown.focused("cells[0].textContent"), shown.focused("ariaExpanded")) == (label, expanded), key
    shown.page.keyboard.press("ArrowDown")
    shown.page.keyboard.press("ArrowDown")
    shown.page.keyboard.press("Enter")
    assert shown.text(".crumbs").endswith("blocks")


def test_everything_is_reached_by_tab(show, info):
    shown = show(info.summary("html"))
    met = set()
    for _ in range(60):
        shown.page.keyboard.press("Tab")
        outline = shown.page.evaluate(
            "getComputedStyle(document.activeElement.matches('.choice input') ? document.activeElement.nextSibling"
            " : document.activeElement).outlineStyle"
        )
        where = shown.focused("closest('.choice, .filter, .crumbs, .icicle, .bars, .columns, thead, tbody')?.className")
        if where is not None:
            met.add(where.split()[0] if where else shown.focused("closest('thead, tbody').tagName"))
            assert outline != "none", where
    assert {"choice", "filter", "icicle", "bars", "columns", "THEAD", "TBODY"} <= met


# --- looks


def lightness(shown: Shown, selector: str) -> float:
    colour = shown.page.locator(selector).first.evaluate("element => getComputedStyle(element).backgroundColor")
    return sum(float(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(",")) / 3 / 255


def test_light_and_dark(show, info):
    page = info.summary("html")
    assert lightness(show(page, color_scheme="light"), "body") > 0.9
    dark = show(page, color_scheme="dark")
    assert lightness(dark, "body") < 0.2
    dark.page.locator(".theme label", has_text="Light").click()
    assert lightness(dark, "body") > 0.9
    dark.page.locator(".theme label", has_text="Dark").click()
    assert lightness(dark, "body") < 0.2
    dark.page.emulate_media(media="print")
    assert lightness(dark, "body") > 0.9


def test_print_has_all_rows_and_no_controls(show, info):
    shown = show(info.summary("html"))
    shown.page.get_by_role("button", name="Collapse all").click()
    shown.page.emulate_media(media="print")
    assert len(shown.names()) == 23 + 3
    assert not shown.page.locator(".tools").is_visible()
    overflow = "panel => panel.scrollHeight - panel.clientHeight"
    assert shown.page.locator(".rows .scroll").evaluate(overflow) <= 1
    shown.page.emulate_media(media="screen")
    shown.until("document.querySelectorAll('.grid tbody tr').length === 5")


def test_phone(show, info):
    shown = show(info.summary("html"), viewport={"width": 360, "height": 740}, has_touch=True)
    assert shown.page.evaluate("document.documentElement.scrollWidth") == 360
    titles = shown.page.eval_on_selector_all(".grid thead button", "buttons => buttons.map(b => b.textContent)")
    assert titles == ["Name", "MACs", "% of MACs"]
    shown.page.locator(".cell[aria-label^='blocks:']").tap()
    assert shown.text(".crumbs").endswith("blocks")


@pytest.mark.parametrize("width", [360, 800, 1280])
def test_no_number_is_cut_off(show, width):
    model = nn.Sequential(nn.Linear(10**5, 10**5, device="meta"), nn.Linear(10**5, 3, device="meta"))
    shown = show(thoplw.profile(model, (777, 10**5))[2].summary("html"), viewport={"width": width, "height": 800})
    cut = "cells => cells.filter(cell => cell.scrollWidth > cell.clientWidth).map(cell => cell.textContent)"
    for numbers in ("raw", "clever", "ratio"):
        shown.choose("numbers", numbers)
        assert shown.page.eval_on_selector_all(".grid .number", cut) == []
        assert shown.page.eval_on_selector_all(".bar-number, .bar-share", cut) == []


def test_colours_go_by_what_a_class_does(show):
    kinds = {
        "Conv2dSame": "convolution",
        "LazyConv1d": "convolution",
        "Conv1D": "linear",  # of GPT-2
        "NonDynamicallyQuantizableLinear": "linear",
        "QProj": "linear",
        "WindowAttention": "attention",
        "LayerNormSimple": "norm",
        "MyLSTM": "recurrent",
        "EmbeddingTable": "embedding",
        "FastAdaptiveAvgPool": "pooling",
        "UpsampleTwice": "pooling",
        "GELUActivation": "activation",
        "DropPath": "other",
    }
    layers = [type(name, (nn.Identity,), {})() for name in kinds]
    shown = show(thoplw.profile(nn.Sequential(*layers), (1, 2))[2].summary("html"))
    dots = shown.page.eval_on_selector_all(".grid tbody .dot", "dots => dots.map(dot => dot.className)")
    assert dots == ["dot kind-around", *(f"dot kind-{kind}" for kind in kinds.values())]


# --- what could go wrong


def test_hostile_names_are_text(show):
    shown = show(thoplw.profile(hostile(), (4, 4))[2].summary("html"))
    shown.page.get_by_role("button", name="Expand all").click()
    assert "broken" not in shown.page.title()
    assert shown.count("img") == 0
    assert shown.page.locator("h1").inner_text() == "<b>'\"&amp;"
    assert BREAKS_OUT in [row[1] for row in shown.rows()]
    assert "line\\nbreak \\u202e" in shown.names()
    shown.page.locator(".filter input").fill("__proto__")
    assert "__proto__" in shown.names()


def test_counts_beyond_what_javascript_holds(show):
    wide = nn.Linear(2**30, 2**30, bias=False, device="meta")
    info = thoplw.profile(nn.Sequential(wide, nn.Linear(2**30, 1, device="meta")), (3, 2**30))[2]
    shown = show(info.summary("html"))
    first, second = 3 * 2**60, 3 * (2**30 + 1)  # positions * (weights + biases)
    assert info.macs == first + second
    assert [row[4] for row in shown.rows()] == [str(first + second), str(first), str(second)]


def test_five_thousand_layers_keep_the_page_light(show, capsys):
    shown = show(thoplw.profile(deep(), (1, 2))[2].summary("html"))
    first_paint = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
    paint = shown.until(first_paint)
    with capsys.disabled():
        print(f"\nfirst paint of 5,000 layers: {paint} ms")
    shown.page.get_by_role("button", name="Expand all").click()
    assert shown.page.locator(".grid").get_attribute("aria-rowcount") == "5002"
    assert shown.count("*") < 3000
    shown.page.locator(".rows .scroll").evaluate("scroll => scroll.scrollTop = 100000")
    shown.until("document.querySelector('.grid tbody tr[data-id]').ariaRowIndex > 3000")
    assert shown.count("*") < 3000
    shown.page.locator("tbody tr[data-id]").nth(30).click()
    shown.page.keyboard.press("End")
    assert shown.focused("cells[0].textContent") == "48"
    assert shown.focused("ariaRowIndex") == "5002"


def test_narrow_layers_are_reached_by_zooming(show):
    shown = show(thoplw.profile(nn.Sequential(*[nn.Linear(2, 2) for _ in range(3000)]), (1, 2))[2].summary("html"))
    group = shown.page.locator(".cell.group").nth(7)
    first = group.get_attribute("aria-label").split(" ")[0]
    group.click()
    assert shown.count(f".cell[aria-label^='{first}: Linear']") == 1


def test_several_models_are_one_table(show):
    pytest.importorskip("torchvision")
    shown = show(command("torchvision:alexnet", "torchvision:squeezenet1_0", "--kind", "html"))
    assert shown.page.locator(".flat tbody th").all_inner_texts() == [
        "torchvision:alexnet",
        "torchvision:squeezenet1_0",
    ]
    shown.page.get_by_role("button", name="Params").click()
    shown.page.get_by_role("button", name="Params").click()
    assert shown.page.locator(".flat tbody th").all_inner_texts() == [
        "torchvision:squeezenet1_0",
        "torchvision:alexnet",
    ]


def test_comparisons_are_sorted_by_a_click(show):
    comparison = thoplw.compare(Net(), (1, 3, 32, 32), ["fvcore", "torch"])
    shown = show(comparison.summary("html"))
    cells = "rows => rows.map(row => row.cells[3].textContent)"
    before = shown.page.eval_on_selector_all(".flat tbody tr", cells)
    shown.page.get_by_role("button", name="fvcore MACs").click()
    after = shown.page.eval_on_selector_all(".flat tbody tr", cells)
    assert after == sorted(before, key=int, reverse=True)
    assert after != before
    last = shown.page.locator(".flat tfoot tr").first.inner_text().split("\t")
    assert int(last[3]) == comparison.macs["fvcore"]


# --- equal modules as one row


def test_equal_modules_are_one_row_that_opens(show, info):
    shown = show(info.summary("html", fold=True))
    assert shown.names() == ["(root)", "stem", "blocks", "0-2", "norm", "head"]
    blocks = [row for row in info if row.name.startswith("blocks.")]
    macs = sum(row.macs for row in blocks)
    row = shown.rows()[3]
    assert (row[1], row[4]) == ("3 x Block", str(macs))
    assert shown.page.locator("tr", has_text="0-2").locator("td").nth(3).get_attribute("title") == f"each {macs // 3}"
    shown.page.locator("tr", has_text="0-2").locator(".fold-mark").click()
    assert shown.names() == ["(root)", "stem", "blocks", "0-2", "0", "1", "2", "norm", "head"]
    assert {row[4] for row in shown.rows()[4:7]} == {str(macs // 3)}
    level = "rows => rows.map(row => Number(row.ariaLevel))"
    assert shown.page.eval_on_selector_all(".grid tbody tr", level) == [1, 2, 2, 3, 4, 4, 4, 2, 2]


def test_a_module_within_equal_ones_is_found(show, info):
    shown = show(info.summary("html", fold=True))
    shown.page.locator(".cell[aria-label^='blocks.1:']").click()
    assert shown.names() == ["(root)", "stem", "blocks", "0-2", "0", "1", "2", "norm", "head"]
    assert shown.page.locator("tr.selected th").inner_text() == "1"
    shown.page.locator("tr.selected").click()
    shown.page.keyboard.press("ArrowLeft")
    assert shown.page.evaluate("document.activeElement.textContent").startswith("0-2")
    shown.page.locator(".filter input").fill("blocks.2.query")
    assert shown.names() == ["(root)", "blocks", "2", "query"]


def test_folding_can_be_switched(show, info):
    shown = show(info.summary("html"))
    box = shown.page.get_by_label("Fold equal")
    assert not box.is_checked()
    assert "0-2" not in shown.names()
    box.check()
    assert "0-2" in shown.names()
    assert "1" not in shown.names()
    assert shown.rows()[0][4] == str(info.macs)
    alone = show(thoplw.profile(nn.Sequential(nn.Linear(2, 2)), (1, 2))[2].summary("html"))
    assert not alone.page.get_by_label("Fold equal").is_visible()


def test_the_costliest_layers_are_folded_too(show, info):
    shown = show(info.summary("html", fold=True))
    assert "blocks.0-2.query\u00d7 3" in shown.page.locator(".layers .bar-name").all_inner_texts()
    shown.page.get_by_label("Fold equal").uncheck()
    assert shown.page.locator(".layers .bar-name", has_text="blocks.1.query").count() == 1


def test_sorting_takes_equal_modules_as_one(show, info):
    shown = show(info.summary("html", fold=True, sort="macs"))
    inside = [(name, int(macs)) for name, _, _, _, macs, *_ in shown.rows()]
    assert [macs for name, macs in inside if name in ("stem", "blocks", "norm", "head")] == sorted(
        (macs for name, macs in inside if name in ("stem", "blocks", "norm", "head")), reverse=True
    )
    shown.page.get_by_role("button", name="Expand all").click()
    assert shown.names().count("query") == 3


STYLE_OF_A_HOST = (
    "details, summary, div, details > :last-child { margin: 2em; padding: 1em 3em; border: 5px solid; font-size: 20px }"
)


def test_a_notebook_inside_of_another_page_keeps_its_columns(info, chromium, tmp_path):
    path = tmp_path / "host.html"
    path.write_text(f"<!DOCTYPE html><style>{STYLE_OF_A_HOST}</style>{info._repr_html_()}", "utf-8")
    shown = Shown(chromium, path)
    script = "numbers => numbers.map(it => it.getBoundingClientRect()).map(({right, height}) => [right, height])"
    lines = shown.page.eval_on_selector_all("details span[style*=float]", script)
    # Net, stem, three blocks in one, with what is inside, norm and head: numbers end at one place, in lines of
    # 12 px x 1.6.
    assert len(lines) > 7
    assert {tuple(line) for line in lines if line[1]} == {(lines[0][0], lines[0][1])}
    assert lines[0][1] < 20
    shown.close()

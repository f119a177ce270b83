"""The documentation is true: its commands and code run, its tables and generated pages are what they say they are."""

from __future__ import annotations

import re
from pathlib import Path

import pictures
import pytest
import safetensors.torch
import torch
import yaml

import audit
import pages
from in_process import in_process
from onnx_files import exported
from pages import ROOT
from thoplw import _native

README = (ROOT / "README.md").read_text()
COMPILED = [*(ROOT / "tests" / "consumer").glob("*.cpp"), *(ROOT / "src").rglob("*.cpp")]


REFERENCE = [line.split()[0] for line in in_process("reference")[1].splitlines()]


@pytest.mark.parametrize("page", REFERENCE)
def test_generated_pages_are_fresh(page: str) -> None:
    code, printed, _ = in_process("reference", page)
    assert code == 0
    assert (ROOT / "docs" / f"{page}.md").read_text() == printed, "run make docs"


def test_make_docs_writes_every_generated_page() -> None:
    pages = re.search(r"^REFERENCE := (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert pages
    assert pages[1].split() == REFERENCE


@pytest.mark.parametrize("name", pictures.COMMANDS)
def test_pictures_are_fresh(name, tmp_path):
    pytest.importorskip("torchvision")
    pictures.run(pictures.COMMANDS[name], tmp_path / name)
    assert (tmp_path / name).read_text() == (pictures.HERE / name).read_text(), "run make pictures"


def test_coverage_was_recorded_with_these_rules():
    """The whole audit takes minutes: what is looked at here is whether it was run since a rule came or went."""
    count, native = audit.rules()
    recorded = audit.PAGE.read_text()
    assert f"{count} operators have a cost rule, {native} of them a native shape rule." in recorded, "run make audit"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model files that the pages name as the reader's own."""
    folder = tmp_path_factory.mktemp("files")

    class Classifier(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed, self.head = torch.nn.Embedding(100, 8), torch.nn.Linear(8, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.head(self.embed(x).mean(1))

    tokens = torch.zeros(2, 16, dtype=torch.int64)
    sizes = {0: torch.export.Dim("batch", max=64), 1: torch.export.Dim("seq", max=1024)}
    program = torch.export.export(Classifier().eval(), (tokens,), dynamic_shapes=(sizes,))
    torch.export.save(program, folder / "model.pt2")
    exported(Classifier(), (tokens,), folder / "model.onnx", dynamic_shapes=(sizes,))
    detector = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU())
    exported(detector, (torch.zeros(2, 3, 16, 16),), folder / "detector.onnx", dynamic_shapes=({0: sizes[0]},))
    safetensors.torch.save_file(Classifier().state_dict(), folder / "llama.safetensors")
    return folder


ABOUT = ["ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"]
PAGES = ["README.md", *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", [page for page in PAGES if pages.runs(page)])
def test_pages_run(page: str, files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every block of Python, every command of ours and of CMake, in the order in which they are read."""
    for name in ("torchvision", "timm", "transformers"):
        pytest.importorskip(name)
    for file in files.iterdir():
        (tmp_path / file.name).symlink_to(file)
    monkeypatch.chdir(tmp_path)
    pages.run_page(page)


def fragments(page: str) -> list[str]:
    """The lines of C++ that a page shows, without what lays them out."""
    shown = [block.code.removeprefix(f"// {block.file}\n") for block in pages.blocks(page) if block.language == "cpp"]
    return [line.strip() for code in shown for line in code.splitlines()]


@pytest.mark.parametrize("page", ["docs/files.md", "docs/cpp.md", "docs/adding-an-operator.md"])
def test_cpp_of_the_pages_is_compiled(page: str) -> None:
    """Its lines stand in the program that is built and run with the installed library, or in the headers."""
    built = {line.strip() for file in COMPILED for line in file.read_text().splitlines()}
    assert fragments(page)
    assert [line for line in fragments(page) if line and line not in built] == []


def test_readme_table_is_that_of_the_first_command():
    assert README.index("$ thoplw torchvision:resnet18") < 1200


def test_links_of_the_pages_lead_somewhere():
    integrations = [str(path.relative_to(ROOT)) for path in (ROOT / "docs" / "integrations").glob("*.md")]
    for page in [*PAGES, *integrations, *ABOUT, "bench/RESULTS.md", "bench/FILES.md"]:
        prose = re.sub(r"^```.*?^```$", "", (ROOT / page).read_text(), flags=re.MULTILINE | re.DOTALL)
        for link, place in re.findall(r"\]\(([^)#]*)(?:#([^)]*))?\)", prose):
            target = (ROOT / page).parent / link if link else ROOT / page
            assert link.startswith("http") or target.exists(), f"{page}: {link}"
            if place and target.suffix == ".md":
                assert place in places(target.read_text()), f"{page}: {link}#{place}"


def places(text: str) -> set[str]:
    """The names that GitHub gives to the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_architecture_names_every_folder():
    text = (ROOT / "ARCHITECTURE.md").read_text()
    for folder in (ROOT / "src").iterdir():
        if folder.is_dir():
            assert f"`src/{folder.name}/`" in text


FOLDERS = ("bench", "cmake", "docs", "python", "src", "tests")


@pytest.mark.parametrize("page", ["README.md", "docs/adding-an-operator.md", "docs/cpp.md", *ABOUT])
def test_files_that_pages_name_are_there(page: str) -> None:
    """By their whole path, or by its end."""
    named = re.findall(r"`([\w./-]+\.(?:cpp|h|py|js))`", (ROOT / page).read_text())
    known = [f"/{path.relative_to(ROOT)}" for folder in FOLDERS for path in (ROOT / folder).rglob("*")]
    assert [name for name in named if not any(path.endswith("/" + name) for path in known)] == []


@pytest.mark.parametrize("page", ["README.md", *ABOUT])
def test_lines_of_prose_fit(page: str) -> None:
    lines = (ROOT / page).read_text().splitlines()
    assert [line for line in lines if len(line) > 120 and not line.startswith("|")] == []


def test_readme_names_the_conventions():
    for name, _ in _native.conventions():
        assert f"`{name}`" in README


def test_readme_says_how_much_is_compared() -> None:
    """As the tests and the recorded audit have it."""
    transformers = pytest.importorskip("transformers")
    pytest.importorskip("timm")
    import architectures
    import peers
    import test_timm
    import transformer_models
    import vision

    assert transformers.__version__.startswith("5.")
    trust = README.partition("## Why the numbers can be trusted")[2].partition("\n## ")[0]
    coverage = (ROOT / "docs" / "coverage.md").read_text()
    models = len(vision.classification_models()), len(test_timm.MODELS), len(transformer_models.MODELS)
    assert "of {} models of torchvision, {} of timm, {} of transformers".format(*models) in trust
    assert f"what {len({*peers.PEERS, *peers.EXPORTED, *peers.WITHOUT})} other tools count" in trust
    assert f"{len(architectures.KINDS)} kinds of models in transformers" in trust
    runs, rules = re.search(r"In (\d+) runs of .* five layouts, (\d+) native shape rules", coverage).groups()  # type: ignore[union-attr]
    assert f"shapes of {rules} operators, in {runs} runs" in trust
    of_llm = re.findall(r"on (\d+) architectures", (ROOT / "docs" / "llm.md").read_text())
    assert "on {} and {} architectures".format(*of_llm) in trust
    faster = re.search(
        r"fastest peer / `profile\(\)`, median.*\| +([\d.]+)x", (ROOT / "bench" / "RESULTS.md").read_text()
    )
    assert faster
    assert f"the fastest other tool takes {faster[1]} times as long" in trust


FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("[0-9]*.yml"))


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_issue_forms_are_as_github_reads_them(path: Path) -> None:
    """https://docs.github.com/en/communities/using-templates-to-encourage-useful-issues-and-pull-requests"""
    form = yaml.safe_load(path.read_text())
    asked = [field for field in form["body"] if field["type"] != "markdown"]
    assert {"name", "description"} <= set(form)
    assert {field["type"] for field in form["body"]} <= {"markdown", "input", "textarea", "dropdown", "checkboxes"}
    traces = [field for field in asked if field["id"] == "trace"]
    assert traces
    assert all("render" not in field["attributes"] for field in traces)  # it would take no files
    assert len({field["id"] for field in asked}) == len({field["attributes"]["label"] for field in asked}) == len(asked)


def test_the_version_to_cite_is_that_of_the_project() -> None:
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert f"project(thoplw VERSION {cited['version']} " in (ROOT / "CMakeLists.txt").read_text()
    assert {"cff-version", "message", "title", "authors"} <= set(cited)

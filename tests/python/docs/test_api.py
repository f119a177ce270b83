"""What is public is documented: every name has its arguments, what it gives and raises; every page is on the site."""

from __future__ import annotations

import ast
import inspect
import re
from typing import Any

import pytest
import website

import thoplw
from pages import ROOT

FUNCTIONS = [name for name in thoplw.__all__ if inspect.isroutine(getattr(thoplw, name))]
CLASSES = [name for name in thoplw.__all__ if inspect.isclass(getattr(thoplw, name))]

# What stubs say of the classes of the engine.
STUBS = {
    node.name: node
    for node in ast.parse((ROOT / "python" / "thoplw" / "_native.pyi").read_text()).body
    if isinstance(node, ast.ClassDef)
}


def said_of(name: str) -> str:
    """The docstring of a name, and of what it inherits."""
    found: Any = thoplw
    for part in name.split("."):
        found = getattr(found, part)
    return inspect.getdoc(found) or ""


def arguments(docstring: str) -> set[str]:
    listed = re.search(r"^Args:\n(.*?)(?:\n\n\w|\Z)", docstring, re.MULTILINE | re.DOTALL)
    named = re.findall(r"^    (\w[\w*, ]*):", listed[1], re.MULTILINE) if listed else []
    return {name.strip(" *") for names in named for name in names.split(",")}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_say_what_they_take_give_and_raise(name: str) -> None:
    said = said_of(name)
    takes = {parameter.name for parameter in inspect.signature(getattr(thoplw, name)).parameters.values()}
    assert arguments(said) == takes
    assert "\nRaises:\n" in said or name in RAISES_NOTHING
    assert "\nReturns:\n" in said


RAISES_NOTHING = {"as_is"}


@pytest.mark.parametrize("name", CLASSES)
def test_classes_say_what_their_attributes_and_methods_are(name: str) -> None:
    said = said_of(name)
    assert said
    for node in STUBS[name].body if name in STUBS else ():
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            assert re.search(rf"\b{node.target.id}\b", said) or node.target.id in MEASURES, node.target.id
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            about = said_of(f"{name}.{node.name}").partition("\n\n")[2]
            assert about, f"{name}.{node.name}"
            takes = {argument.arg for argument in [*node.args.args, *node.args.kwonlyargs]} - {"self"}
            assert {argument for argument in takes if not re.search(rf"\b{argument}\b", about)} == set(), node.name


MEASURES = {measure.name for measure in thoplw._native.measures()}


def test_every_public_name_is_in_the_reference() -> None:
    reference = website.api()
    assert [name for name in thoplw.__all__ if f"::: thoplw.{name}\n" not in reference] == ["__version__"]


def test_every_page_is_on_the_site() -> None:
    listed = set(re.findall(r"[\w./-]+\.(?:md|ipynb)", (ROOT / "mkdocs.yml").read_text()))
    there = {str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md") if path.parent.name != "results"}
    assert there - listed == set()
    assert {page for page in listed if not (ROOT / page).exists()} == {"docs/api.md"}  # which is written for the site

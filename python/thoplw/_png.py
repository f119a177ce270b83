"""PNG pictures of SVG ones, by whatever is installed that can draw them."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from thoplw._native import Error

# Programs, with the SVG and the PNG in their places.
_PROGRAMS = (
    ("rsvg-convert", "{svg}", "-o", "{png}"),
    ("inkscape", "{svg}", "--export-type=png", "--export-filename={png}"),
    ("magick", "{svg}", "{png}"),
)


def write_png(svg: str, path: str) -> None:
    """Writes the picture, by cairosvg or else by a program that is installed.

    Raises:
        Error: there is none, or it fails.
    """
    try:
        from cairosvg import svg2png
    except (ImportError, OSError):  # the latter where cairo itself is missing
        _by_program(svg, path)
    else:
        svg2png(bytestring=svg.encode(), write_to=path)


def _by_program(svg: str, path: str) -> None:
    program = next((words for words in _PROGRAMS if shutil.which(words[0])), None)
    if program is None:
        names = ", ".join(words[0] for words in _PROGRAMS)
        raise Error(f"{path}: nothing here draws PNG: pip install cairosvg, or install {names}; or write a .svg file")
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "picture.svg"
        source.write_text(svg, encoding="utf-8")
        words = [word.format(svg=source, png=path) for word in program]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0 or not Path(path).exists():
        raise Error(f"{path}: {program[0]} does not draw it: {done.stderr.strip()[-200:]}; write a .svg file")

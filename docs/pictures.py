"""make pictures: writes docs/pictures, what the pages show."""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path

from thoplw import _models, _native

HERE = Path(__file__).parent / "pictures"
PAGE = "page.png"
COMMANDS = {
    "resnet18.svg": ["torchvision:resnet18"],
    "models.svg": [
        f"torchvision:{name}" for name in ("resnet18", "resnet50", "densenet121", "mobilenet_v3_large", "squeezenet1_1")
    ],
    "memory.svg": ["memory", "torchvision:resnet18", "--batch", "16", "--timeline"],
    "training.svg": ["train", "torchvision:resnet18", "--batch", "16", "--timeline"],
}


def run(arguments: list[str], file: Path) -> None:
    to_file = [] if arguments[-1] == "--timeline" else ["-o"]
    out = io.StringIO()  # of what is printed besides the picture
    code = _native.run_command_line([*arguments, *to_file, str(file)], _models.open_model, out, sys.stderr)
    assert code == 0, f"thoplw {' '.join(arguments)} ends with {code}"


def take_screenshot(page: Path, picture: Path) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": 1200, "height": 900})
        tab.goto(page.as_uri())
        tab.screenshot(path=picture)
        browser.close()


def main() -> None:
    HERE.mkdir(exist_ok=True)
    for name, arguments in COMMANDS.items():
        run(arguments, HERE / name)
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "resnet18.html"
        run(["torchvision:resnet18"], page)
        take_screenshot(page, HERE / PAGE)


if __name__ == "__main__":
    main()

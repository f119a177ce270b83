"""What the cache takes for the same environment, and in which one it keeps nothing."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from thoplw import _environment, _native


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment with torch, torchvision and timm, and what they need."""
    site = tmp_path / "site-packages"
    for name, needs in [
        ("torch", ["filelock"]),
        ("torchvision", ["torch", "numpy (>=1)"]),
        ("timm", ["torch", "torchvision", "Safe_Tensors>=1; extra == 'all'"]),
        ("numpy", []),
        ("safe.tensors", []),
        ("filelock", []),
        ("mine", ["torch"]),
    ]:
        install(site, name, needs)
    lib = os.path.dirname(os.__file__)
    monkeypatch.setattr(sys, "path", ["/nowhere/python311.zip", lib, f"{lib}/lib-dynload", str(site)])
    return site


def install(site: Path, name: str, needs: list[str] = (), version: str = "1.0") -> None:
    module = site / name.replace(".", "_")
    module.mkdir(parents=True)
    (module / "__init__.py").touch()
    info = site / f"{name}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        "Name: x\n" + "".join(f"Requires-Dist: {need}\n" for need in needs) + "\nRequires-Dist: no"
    )


def fingerprint(library: str = "timm") -> str | None:
    _environment.version_of.cache_clear()
    return _environment.fingerprint.__wrapped__(library)


def upgrade(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (site / "timm-1.0.dist-info").rename(site / "timm-1.1.dist-info")


def upgrade_torch(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (site / "torch-1.0.dist-info").rename(site / "torch-1.0+cpu.dist-info")


def reinstall(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.utime(site / "torchvision-1.0.dist-info", ns=(1, 1))


def install_another(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(site, "flash_attn")


def work_on_thoplw(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = os.stat
    engine = _native.__file__
    monkeypatch.setattr(
        os,
        "stat",
        lambda p, **more: os.stat_result((*old(p, **more)[:6], 1, 0, 0, 0)) if p == engine else old(p, **more),
    )


def set_an_option(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIMM_FUSED_ATTN", "0")


def write_a_module(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = site.parent / "work"
    folder.mkdir()
    (folder / "flash_attn.py").touch()
    monkeypatch.setattr(sys, "path", [str(folder), *sys.path])


def change_python(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version", "4.0")


@pytest.mark.parametrize(
    "change",
    [upgrade, upgrade_torch, reinstall, install_another, work_on_thoplw, set_an_option, write_a_module, change_python],
)
def test_what_is_installed_is_part_of_the_key(site, monkeypatch, change):
    before = fingerprint()
    assert before is not None
    assert fingerprint() == before
    change(site, monkeypatch)
    after = fingerprint()
    assert after is not None
    assert after != before


def edit_in_place(site: Path, monkeypatch: pytest.MonkeyPatch, name: str = "timm") -> None:
    direct = {"url": "file:///home/me/x", "dir_info": {"editable": True}}
    (site / f"{name}-1.0.dist-info" / "direct_url.json").write_text(json.dumps(direct))


def edit_torch_in_place(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    edit_in_place(site, monkeypatch, "torch")


def edit_what_it_rests_on(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    edit_in_place(site, monkeypatch, "safe.tensors")


def link_an_egg(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (site / "numpy.egg-link").write_text("/home/me/numpy\n.")


def lie_elsewhere(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As an installation in editable form does whose .pth adds a folder."""
    (site.parent / "source").mkdir()
    (site / "timm").rename(site.parent / "source" / "timm")
    sys.path.append(str(site.parent / "source"))


def shadow(site: Path, monkeypatch: pytest.MonkeyPatch, name: str = "timm") -> None:
    source = site.parent / "checkout" / name
    source.mkdir(parents=True)
    (source / "__init__.py").touch()
    monkeypatch.setattr(sys, "path", [str(source.parent), *sys.path])


def shadow_another(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shadow(site, monkeypatch, "numpy")


def shadow_python(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shadow(site, monkeypatch, "random")


def zip_a_path(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (site.parent / "more.zip").write_bytes(b"PK")
    monkeypatch.setattr(sys, "path", [str(site.parent / "more.zip"), *sys.path])


def uninstall(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in (site / "torch-1.0.dist-info").iterdir():
        path.unlink()
    (site / "torch-1.0.dist-info").rmdir()


@pytest.mark.parametrize(
    "change",
    [
        edit_in_place, edit_torch_in_place, edit_what_it_rests_on, link_an_egg, lie_elsewhere, shadow, shadow_another,
        shadow_python, zip_a_path, uninstall,
    ],
)  # fmt: skip
def test_code_that_may_change_unseen_is_not_kept(site, monkeypatch, change):
    assert fingerprint() is not None
    change(site, monkeypatch)
    assert fingerprint() is None


def test_a_project_of_the_users_own_in_editable_form_is_no_hindrance(site, monkeypatch):
    edit_in_place(site, monkeypatch, "mine")
    assert fingerprint() is not None


def test_a_library_without_torchvision_is_kept(site, monkeypatch):
    for path in (site / "torchvision", site / "torchvision-1.0.dist-info"):
        for inner in path.iterdir():
            inner.unlink()
        path.rmdir()
    assert fingerprint() is not None
    assert fingerprint("torchvision") is None

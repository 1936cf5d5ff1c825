"""What is in the wheel: the code, its recipes and templates, and nothing else."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from tests.packaging.installed import ROOT

LARGEST_BYTES = 2_000_000
PACKAGES = {
    "fv_core": "core",
    "fv_edge_runtime": "edge_runtime",
    "fv_benchmark": "benchmark",
    "fv_embed": "embed",
    "fv_train": "train",
    "fv_export": "export",
    "fv_cli": "cli",
}


def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_it_is_small(wheel: Path) -> None:
    assert wheel.stat().st_size < LARGEST_BYTES


@pytest.mark.parametrize(("package", "folder"), PACKAGES.items())
def test_every_file_of_a_package_is_in_it(wheel: Path, package: str, folder: str) -> None:
    files = (path for path in (ROOT / folder / package).rglob("*") if path.is_file())
    expected = {
        str(path.relative_to(ROOT / folder))
        for path in files
        if "__pycache__" not in path.parts and path.suffix != ".pyc"
    }
    assert f"{package}/py.typed" in expected
    assert expected - names(wheel) == set()


def test_nothing_else_is_in_it(wheel: Path) -> None:
    tops = {name.partition("/")[0] for name in names(wheel)}
    assert tops == {*PACKAGES, "fv-0.1.0.dist-info"}


def test_the_recipes_and_the_templates_are_there(wheel: Path) -> None:
    found = names(wheel)
    assert "fv_train/recipes/plates_quick.toml" in found
    assert "fv_embed/templates/android/kotlin/Preprocess.kt.j2" in found
    assert any(name.startswith("fv_benchmark/render/") and name.endswith((".html", ".j2")) for name in found)


def test_it_carries_the_licence_and_the_program(wheel: Path) -> None:
    assert "fv-0.1.0.dist-info/licenses/LICENSE" in names(wheel)
    with zipfile.ZipFile(wheel) as archive:
        assert b"fv = fv_cli.main:main" in archive.read("fv-0.1.0.dist-info/entry_points.txt")

"""The wheel of web assets: what was built, of the same version as `fv`, and installable beside it."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from fv_benchmark.web.assets import asset_names, web_assets
from fv_benchmark.web.errors import WebAssetsMissing
from tests.packaging.installed import ROOT

WEB = ROOT / "web"
# Two runtimes and one of them twice; above this, something else has come along.
LARGEST_BYTES = 25_000_000


def project(folder: Path) -> dict[str, object]:
    found: dict[str, object] = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]
    return found


def test_both_wheels_have_one_version() -> None:
    version = project(ROOT)["version"]
    assert project(WEB)["version"] == version
    assert json.loads((WEB / "package.json").read_text("utf-8"))["version"] == version
    extras = project(ROOT)["optional-dependencies"]
    assert isinstance(extras, dict)
    assert f"fv-web=={version}" in extras["demo"]


def test_it_holds_what_was_built(tmp_path: Path) -> None:
    try:
        built = asset_names(web_assets())
    except WebAssetsMissing as error:
        pytest.skip(f"needs the built pages: {error.hint}")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(WEB)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = tmp_path.glob("fv_web-*.whl")
    assert wheel.stat().st_size < LARGEST_BYTES
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {f"fv_web/assets/{name}" for name in built} <= names
    assert "fv_web/__init__.py" in names
    assert not any("node_modules" in name for name in names)

"""The built pages load nothing from elsewhere, and hold what an embedded page copies."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from fv_benchmark.web.assets import asset_names, demo_files, web_assets
from fv_benchmark.web.errors import WebAssetsMissing
from tests.architecture.house import ROOT

ADDRESS = re.compile(r"(?:https?:|wss?:)?//[a-z0-9-]+(?:\.[a-z0-9-]+)+[^\s\"'`)<]*", re.IGNORECASE)
# In the text of an error of onnxruntime-web: where to read about isolation. Nothing asks it.
READ_ONLY = {"https://web.dev/cross-origin-isolation-guide/"}
TEXTS = {".html", ".js", ".mjs", ".css"}


@pytest.fixture
def assets() -> Path:
    try:
        return web_assets()
    except WebAssetsMissing as error:
        pytest.skip(f"needs the built pages: {error.hint}")


def addresses(text: str) -> set[str]:
    return set(ADDRESS.findall(text))


def test_the_search_finds_an_address() -> None:
    text = "import('https://cdn.example.org/x.js'); fetch(`//cdn.example.net/y`); a = b //c"
    assert addresses(text) == {"https://cdn.example.org/x.js", "//cdn.example.net/y"}


def test_no_built_file_names_a_place_elsewhere(assets: Path) -> None:
    texts = {name: (assets / name).read_text("utf-8") for name in asset_names(assets) if Path(name).suffix in TEXTS}
    assert len(texts) > 10
    found = {name: addresses(text) - READ_ONLY for name, text in texts.items()}
    assert {name: hits for name, hits in found.items() if hits} == {}


def test_no_source_of_ours_names_a_place_elsewhere() -> None:
    sources = [path for path in (ROOT / "web/src").iterdir() if path.suffix in TEXTS]
    assert len(sources) > 10
    assert {path.name: hits for path in sources if (hits := addresses(path.read_text("utf-8")))} == {}


def test_an_embedded_page_finds_its_files(assets: Path) -> None:
    names = set(asset_names(assets))
    assert set(demo_files(["tflite", "onnx"])) <= names
    assert not any("onnx" in name for name in demo_files(["tflite"]))
    assert not any("litert" in name for name in demo_files(["onnx"]))
    assert len(demo_files(["tflite", "tflite"])) == len(demo_files(["tflite"]))


def test_the_lock_file_has_hashes_and_no_addresses() -> None:
    lock = json.loads((ROOT / "web/package-lock.json").read_text("utf-8"))
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert len(packages) > 5
    assert [name for name, entry in packages.items() if not entry.get("integrity", "").startswith("sha512-")] == []
    assert [name for name, entry in packages.items() if "resolved" in entry] == []


def test_what_is_asked_for_has_one_exact_version() -> None:
    asked = json.loads((ROOT / "web/package.json").read_text("utf-8"))["dependencies"]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in asked.values()), asked


@pytest.mark.parametrize("built", [None, "empty"])
def test_without_the_pages_the_command_is_named(
    built: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = None if built is None else SimpleNamespace(origin=str(tmp_path / "__init__.py"))
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: found)
    with pytest.raises(WebAssetsMissing) as raised:
        web_assets()
    assert "make web-assets" in raised.value.hint
    assert "pip install 'fv[demo]'" in raised.value.hint

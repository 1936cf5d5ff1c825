"""Names without imports, entries by name, a helpful refusal."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from fv_core.errors import UnknownName
from fv_core.registry import Registry, unknown_name


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry[int]:
    package = tmp_path / "shelf_of_this_test"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "two.py").write_text("ENTRY = 2\n")
    (package / "one.py").write_text("ENTRY = 1\n")
    (package / "broken.py").write_text("raise RuntimeError('imported')\n")
    (package / "_helper.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in [name for name in sys.modules if name.startswith("shelf_of_this_test")]:
        monkeypatch.delitem(sys.modules, name)
    return Registry("shelf_of_this_test", "ENTRY", "book")


def test_names_are_sorted_and_import_no_entry(shelf: Registry[int]) -> None:
    assert shelf.names() == ["broken", "one", "two"]
    assert "shelf_of_this_test.one" not in sys.modules


def test_get_imports_the_one_that_is_asked_for(shelf: Registry[int]) -> None:
    assert shelf.get("two") == 2
    assert "shelf_of_this_test.broken" not in sys.modules


@pytest.mark.parametrize("name", ["three", "_helper", "../one", "os", ""])
def test_a_name_that_is_no_entry_is_refused(shelf: Registry[int], name: str) -> None:
    with pytest.raises(UnknownName, match="unknown book"):
        shelf.get(name)


def test_the_hint_has_the_nearest_name_or_all() -> None:
    assert unknown_name("split", "valid", ["train", "validation"]).hint == "did you mean validation?"
    assert unknown_name("split", "zzz", ["train", "test"]).hint == "known: test, train"

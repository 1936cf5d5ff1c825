"""Adding an entry to a folder is one file: it loads, says what it does, and has a test of the same stem."""

from __future__ import annotations

import importlib

import pytest

from fv_core.registry import Registry
from tests.architecture.house import PACKAGES, ROOT, modules, source_of


def registries() -> dict[str, Registry[object]]:
    """Every registry that a package's module holds, by the package whose folder it lists."""
    found = {}
    for package in PACKAGES:
        for name in modules(package):
            text = source_of(name).read_text(encoding="utf-8")
            if "Registry(" not in text and "Registry[" not in text:
                continue
            for value in vars(importlib.import_module(name)).values():
                if isinstance(value, Registry):
                    found[value.package] = value
    return found


# Drawings that differ in nothing but their paint share one test, which walks the folder.
GATHERED = {"fv_train.plates.dishes": "test_plates"}
ENTRIES = [(registry, name) for registry in registries().values() for name in registry.names()]


def test_there_are_registries() -> None:
    assert "fv_edge_runtime.backends" in registries()


@pytest.mark.parametrize(("registry", "name"), ENTRIES, ids=[f"{entry[0].package}.{entry[1]}" for entry in ENTRIES])
def test_an_entry_is_complete(registry: Registry[object], name: str) -> None:
    module = importlib.import_module(f"{registry.package}.{name}")
    assert module.__doc__, "the module has no docstring"
    assert registry.get(name) is not None
    stems = [GATHERED[registry.package]] if registry.package in GATHERED else [f"test_{name}", f"test_*_{name}"]
    assert [twin for stem in stems for twin in (ROOT / "tests").rglob(f"{stem}.py")], f"there is no {stems[0]}.py"

"""The public surface: what a program outside may import and rely on. The rest may change."""

from __future__ import annotations

import importlib

import pytest

from tests.architecture.house import PACKAGES

# Package -> its `__all__`; a package that is not here promises nothing to the outside but its command line.
PUBLIC = {"fv_edge_runtime": ["Classifier"]}


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_promises_what_stands_here(package: str) -> None:
    module = importlib.import_module(package)
    assert getattr(module, "__all__", []) == PUBLIC.get(package, [])
    for name in PUBLIC.get(package, []):
        assert getattr(module, name) is not None


def test_one_version_everywhere() -> None:
    from importlib.metadata import version

    from fv_cli import __version__

    assert version("fv") == __version__

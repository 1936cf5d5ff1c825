from __future__ import annotations

import sys

from fv_edge_runtime.backends._installed import has_module, version_of


def test_modules_are_found_without_importing_them() -> None:
    sys.modules.pop("this", None)
    assert has_module("this")
    assert "this" not in sys.modules
    assert not has_module("no_such_module_of_anybody")


def test_the_version_is_that_of_the_first_installed_distribution() -> None:
    numpy_version = version_of("numpy")
    assert numpy_version[0].isdigit()
    assert version_of("no-such-distribution", "numpy") == numpy_version
    assert version_of("no-such-distribution") == "unknown"

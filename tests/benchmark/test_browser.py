"""How a browser is named after --on; what it does is tested in tests/web."""

from __future__ import annotations

import pytest

from fv_benchmark.errors import BadTarget
from fv_benchmark.targets import TargetOptions, make_target


@pytest.mark.parametrize("text", ["browser", "browser:webgpu"])
def test_a_browser_is_made_without_serving_anything(text: str) -> None:
    target = make_target(text, TargetOptions())
    assert target.name == text
    target.close()


@pytest.mark.parametrize("text", ["browser:", "browser:wasm", "browser:webgpu:8080", "browser://phone"])
def test_another_syntax_is_refused(text: str) -> None:
    with pytest.raises(BadTarget):
        make_target(text, TargetOptions())

"""One idea, one file: limits that a file reaches long before it is unreadable."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.architecture.house import ROOT, all_sources

# The aim is 250 and 40 (STYLE of the house); these are the walls.
MODULE_LINES = 300
FUNCTION_LINES = 60


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", all_sources(), ids=_name)
def test_a_module_says_what_it_is_and_stays_short(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert len(text.splitlines()) <= MODULE_LINES
    assert ast.get_docstring(tree) or not text.strip()
    long = {
        node.name: _length(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _length(node) > FUNCTION_LINES
    }
    assert long == {}


def _length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    assert node.end_lineno is not None
    return node.end_lineno - node.lineno + 1

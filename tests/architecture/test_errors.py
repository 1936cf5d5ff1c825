"""Each kind of failure has a code of its own, so that a script can tell them apart."""

from __future__ import annotations

import ast
import importlib
import re
from collections import Counter

import pytest

from fv_core.errors import FvError
from tests.architecture.house import PACKAGES, modules, source_of

# 1 failed, 2 wrong usage or input, 3 a gate says no, 4 a gate cannot tell.
EXIT_CODES = {1, 2, 3, 4}
DECLARES = re.compile(r"^    code(: ClassVar\[str\])? = \"", re.MULTILINE)


def kinds() -> list[type[FvError]]:
    """Every subclass of `FvError` in every package."""
    for package in PACKAGES:
        for name in modules(package):
            if DECLARES.search(source_of(name).read_text(encoding="utf-8")):
                importlib.import_module(name)
    found, waiting = [], [FvError]
    while waiting:
        kind = waiting.pop()
        found.append(kind)
        waiting.extend(kind.__subclasses__())
    return [kind for kind in found if kind.__module__.partition(".")[0] in PACKAGES]


def test_every_code_belongs_to_one_kind() -> None:
    codes = Counter(kind.code for kind in kinds())
    assert [code for code, count in codes.items() if count > 1] == []


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.__name__)
def test_a_kind_of_failure_is_complete(kind: type[FvError]) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", kind.__dict__.get("code", "")), "it has no code of its own"
    assert kind.__dict__.get("__doc__"), "it has no docstring"
    assert kind.exit_code in EXIT_CODES


def made_without_a_hint(module: str) -> list[str]:
    """The kinds of failure that `module` makes somewhere without saying what mends it."""
    calls = [node for node in ast.walk(ast.parse(source_of(module).read_text("utf-8"))) if isinstance(node, ast.Call)]
    return [
        call.func.id
        for call in calls
        if isinstance(call.func, ast.Name) and not any(keyword.arg == "hint" for keyword in call.keywords)
    ]


def test_every_failure_says_what_mends_it() -> None:
    usual = {kind.__name__ for kind in kinds() if kind.usual_hint}
    failures = {kind.__name__ for kind in kinds()} - usual
    silent = {
        f"{module}: {name}"
        for package in PACKAGES
        for module in modules(package)
        for name in made_without_a_hint(module)
        if name in failures
    }
    assert silent == set()

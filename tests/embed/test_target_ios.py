"""The Swift package: complete, its labels data, its text balanced. Compiled in `test_bytes` where a compiler is."""

from __future__ import annotations

import hashlib
import json
import re

import pytest

from tests.embed import hostile
from tests.embed.conftest import MakeProject

# String literals and comments, which may hold any bracket.
NO_CODE = re.compile(r'"(?:\\.|[^"\\\n])*"|//[^\n]*')


@pytest.mark.parametrize("model", ["plain.tflite", "hostile.tflite"])
def test_every_path_of_the_package_is_there(make_project: MakeProject, model: str) -> None:
    project = make_project("ios", model)
    text = (project / "Package.swift").read_text(encoding="utf-8")
    targets = re.findall(r'\.target\(\s*name: "(\w+)"', text)
    assert len(targets) == 2
    for name in targets:
        assert list((project / "Sources" / name).glob("*.swift"))
    assert (project / "Tests/GoldenTests/GoldenTests.swift").is_file()
    resources = re.findall(r'\.copy\("([\w.]+)"\)', text)
    assert all(list(project.rglob(name)) for name in resources)
    assert len(list((project / "Tests/GoldenTests/golden").glob("*.png"))) == 16


@pytest.mark.parametrize("model", ["plain.tflite", "hostile.tflite"])
def test_brackets_and_quotes_are_balanced(make_project: MakeProject, model: str) -> None:
    for path in make_project("ios", model).rglob("*.swift"):
        text = path.read_text(encoding="utf-8")
        assert text.isascii(), path.name
        code = NO_CODE.sub("", text)
        assert '"' not in code
        for opened, closed in ("()", "[]", "{}"):
            assert code.count(opened) == code.count(closed), path.name


def test_labels_are_data_and_those_of_the_model(make_project: MakeProject) -> None:
    project = make_project("ios", "hostile.tflite")
    (labels,) = project.rglob("labels.json")
    assert tuple(json.loads(labels.read_text(encoding="utf-8"))) == hostile.LABELS
    golden = json.loads((project / "Tests/GoldenTests/golden/golden.json").read_text(encoding="utf-8"))
    assert golden["labels_sha256"] == hashlib.sha256("\0".join(hostile.LABELS).encode()).hexdigest()


# What decides the bytes; where the languages spell it otherwise, Kotlin's word comes first.
FORMULAS = (
    ("(0.5 + share * ", "(0.5 + share * "),
    ("centre - support + 0.5", "centre - support + 0.5"),
    ("centre + support + 0.5", "centre + support + 0.5"),
    ("(tap + begin - centre + 0.5) * inverse", "(Double(tap + begin) - centre + 0.5) * inverse"),
    ("cropFraction * storeSize + 0.5", "cropFraction * Double(storeSize) + 0.5"),
    ("if (total == 0.0) exact[tap] else exact[tap] / total", "total == 0.0 ? exact[tap] : exact[tap] / total"),
    (
        "6 -> Walk(lastRow, -width, 1, true)",
        "case 6: return Walk(origin: lastRow, right: -width, down: 1, turned: true)",
    ),
    (
        "8 -> Walk(lastColumn, width, -1, true)",
        "case 8: return Walk(origin: lastColumn, right: width, down: -1, turned: true)",
    ),
)


def test_the_formulas_are_the_kotlin_ones(make_project: MakeProject) -> None:
    """Kotlin's bytes are proved in `test_bytes`; Swift's lines are held against it as long as nothing compiles them."""
    texts = [next(make_project("android", "plain.tflite").rglob("Preprocess.kt")).read_text(encoding="utf-8")]
    texts.append(next(make_project("ios", "plain.tflite").rglob("Preprocess.swift")).read_text(encoding="utf-8"))
    missing = [formula for pair in FORMULAS for formula, text in zip(pair, texts, strict=True) if formula not in text]
    assert missing == []

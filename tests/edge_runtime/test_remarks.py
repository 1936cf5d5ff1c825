from __future__ import annotations

from dataclasses import replace

import pytest

from fv_edge_runtime.facts import Metadata, Signature
from fv_edge_runtime.remarks import remarks_on_labels, remarks_on_operators
from tests.edge_runtime.test_facts import FACTS

PLAIN = replace(FACTS, custom_operators=(), free_shapes=())


def test_a_plain_file_gets_no_remark() -> None:
    assert list(remarks_on_operators(PLAIN)) == []
    assert list(remarks_on_labels(PLAIN)) == []


@pytest.mark.parametrize(
    ("changes", "about", "words"),
    [
        ({"custom_operators": ("FlexRFFT", "FlexMean")}, "flex", "RFFT, Mean: run by TensorFlow itself"),
        ({"custom_operators": ("Mystery",)}, "custom", "Mystery: only the program"),
        ({"operators": {"OPERATOR_999": 1}}, "unknown", "OPERATOR_999"),
        ({"free_shapes": ("a", "b", "c", "d")}, "free-sizes", "4 tensors have a free size: a, b, c and 1 more"),
        (
            {"signatures": (Signature("s", ("x",), ("y",), ("x",)),)},
            "free-sizes",
            "the signature s has a free size at x",
        ),
    ],
)
def test_each_finding_is_one_remark(changes: dict[str, object], about: str, words: str) -> None:
    (remark,) = remarks_on_operators(replace(PLAIN, **changes))
    assert remark.about == about
    assert remark.text.startswith(words)


def test_flex_and_custom_operators_are_told_apart() -> None:
    found = remarks_on_operators(replace(PLAIN, custom_operators=("FlexRFFT", "Mystery")), graph_count=2)
    assert [remark.about for remark in found] == ["flex", "custom", "graphs"]


@pytest.mark.parametrize(("count", "wanted"), [(3, []), (None, []), (4, ["labels"])])
def test_labels_are_counted_against_the_outputs(count: int | None, wanted: list[str]) -> None:
    facts = replace(PLAIN, metadata=Metadata("TFLite Metadata", (), count))
    assert [remark.about for remark in remarks_on_labels(facts)] == wanted

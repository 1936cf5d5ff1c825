from __future__ import annotations

from pathlib import Path

import pytest

from fv_core.errors import MissingPath
from fv_edge_runtime.errors import BadLabelFile, LabelCount
from fv_edge_runtime.labels import MAX_LABEL_CHARACTERS, MAX_LABELS, check_count, parse_labels, read_labels


@pytest.mark.parametrize(
    "data",
    [b"red\ngreen", b"red\ngreen\n", b"red\r\ngreen\r\n\r\n", b"\xef\xbb\xbfred\ngreen\n"],
    ids=["bare", "newline", "windows", "byte-order mark"],
)
def test_labels_are_the_lines(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "labels.txt"
    path.write_bytes(data)
    assert read_labels(path) == ("red", "green")


def test_spaces_inside_and_other_scripts_are_kept() -> None:
    assert parse_labels("apple pie\ncrème brûlée\n寿司\n".encode(), "x") == ("apple pie", "crème brûlée", "寿司")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "it is empty"),
        (b"\n\n", "it is empty"),
        (b"red\n\ngreen\n", "line 2 is empty"),
        (b"\xff\xfe", "not UTF-8"),
        (b"red\n\x1b[2Jgreen\n", "line 2 holds control characters: \\x1b[2Jgreen"),
        (b"red\x00\n", "line 1 holds control characters"),
        (b"x" * (MAX_LABEL_CHARACTERS + 1), "longer than"),
        (b"x\n" * (MAX_LABELS + 1), "more than"),
        (b"x" * 4_000_000, "larger than"),
    ],
)
def test_a_bad_file_is_refused_with_the_reason(data: bytes, why: str) -> None:
    with pytest.raises(BadLabelFile) as caught:
        parse_labels(data, "labels.txt")
    assert why in caught.value.why


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none.txt", tmp_path):
        with pytest.raises(MissingPath):
            read_labels(path)


def test_the_count_must_fit() -> None:
    check_count(("a", "b"), 2, "x")
    with pytest.raises(LabelCount, match="2 labels for 3 outputs"):
        check_count(("a", "b"), 3, "x")

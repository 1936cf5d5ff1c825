"""What must not be in the repository: places of one machine, pictures of somebody else, heavy files."""

from __future__ import annotations

import re

import pytest

from tests.architecture.house import ROOT, tracked

# Written in pieces, so that this file does not match itself.
PLACES = {
    "an index of packages": re.compile(
        "https?://[^\\s\"']*" + "(py" + "pi|pythonhosted|/sim" + "ple)" + "|--(extra-)?index-" + "url"
    ),
    "a folder of one machine": re.compile("(?<![\\w.])/" + "(work|root|home/\\w+|Users/\\w+|opt/\\w+|tmp/\\w+)(/|\\b)"),
}
# Made-up paths and addresses that a test gives to the code under test.
ALLOWED = re.compile("/home/(user|someone|alice)|/tmp/x")
LARGEST_BYTES = 400_000
PICTURES = {".jpg", ".jpeg", ".webp", ".gif", ".tif", ".bmp", ".npy", ".npz", ".tflite", ".onnx", ".keras", ".h5"}


def texts() -> list[tuple[str, str]]:
    found = []
    for path in tracked():
        try:
            found.append((str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            continue
    return found


@pytest.mark.parametrize("what", PLACES)
def test_no_file_names(what: str) -> None:
    hits = [
        f"{name}:{number}: {line.strip()[:120]}"
        for name, text in texts()
        for number, line in enumerate(text.splitlines(), 1)
        if PLACES[what].search(ALLOWED.sub("", line))
    ]
    assert hits == []


def test_no_heavy_file() -> None:
    assert {str(path): size for path in tracked() if (size := path.stat().st_size) > LARGEST_BYTES} == {}


def test_no_picture_array_or_model() -> None:
    allowed = ROOT / "docs" / "images"
    assert [str(path) for path in tracked() if path.suffix in PICTURES and allowed not in path.parents] == []

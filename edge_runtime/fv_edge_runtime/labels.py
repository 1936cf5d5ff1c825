"""Label files: UTF-8 text, one label a line, in the order of the network's outputs."""

from __future__ import annotations

from pathlib import Path

from fv_core.errors import MissingPath
from fv_core.text import printable
from fv_edge_runtime.errors import BadLabelFile, LabelCount

# Twice ImageNet-21k's 21,841 classes, the largest label set that a classifier is published with.
MAX_LABELS = 50_000
# WordNet's longest synset name list has 130 characters.
MAX_LABEL_CHARACTERS = 500
MAX_FILE_BYTES = MAX_LABELS * 64


def read_labels(path: Path) -> tuple[str, ...]:
    """Read the label file `path`; a byte-order mark and empty lines at the end are dropped.

    Raises `MissingPath` or `BadLabelFile`.
    """
    if not path.is_file():
        raise MissingPath(f"no label file at {path}", why="there is no such file", hint=f"ls {path.parent}")
    with path.open("rb") as stream:
        data = stream.read(MAX_FILE_BYTES + 1)
    return parse_labels(data, str(path))


def parse_labels(data: bytes, name: str) -> tuple[str, ...]:
    """The labels in the bytes of a label file; `name` is for messages. Raises `BadLabelFile`."""
    if len(data) > MAX_FILE_BYTES:
        raise _bad(name, f"it is larger than {MAX_FILE_BYTES} bytes")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _bad(name, f"it is not UTF-8: byte {error.start} is {data[error.start]:#04x}") from error
    lines = [line.rstrip("\r") for line in text.rstrip("\r\n").split("\n")]
    if lines == [""]:
        raise _bad(name, "it is empty")
    if len(lines) > MAX_LABELS:
        raise _bad(name, f"{len(lines)} lines are more than {MAX_LABELS}")
    for number, line in enumerate(lines, start=1):
        _check_line(line, number, name)
    return tuple(lines)


def check_count(labels: tuple[str, ...], outputs: int, origin: str) -> None:
    """Raise `LabelCount` unless there is one label for each of the network's `outputs`."""
    if len(labels) != outputs:
        raise LabelCount(
            f"{len(labels)} labels for {outputs} outputs",
            why=f"{origin} does not belong to this model",
            hint=f"give a file of {outputs} lines with --labels",
        )


def _check_line(line: str, number: int, name: str) -> None:
    if not line.strip():
        raise _bad(name, f"line {number} is empty")
    if len(line) > MAX_LABEL_CHARACTERS:
        raise _bad(name, f"line {number} is longer than {MAX_LABEL_CHARACTERS} characters")
    if printable(line, max_characters=MAX_LABEL_CHARACTERS) != line:
        raise _bad(name, f"line {number} holds control characters: {printable(line, max_characters=60)}")


def _bad(name: str, why: str) -> BadLabelFile:
    return BadLabelFile(f"cannot use the label file {name}", why=why, hint="UTF-8 text, one label a line")

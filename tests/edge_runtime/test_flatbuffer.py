from __future__ import annotations

import struct

import pytest

from fv_edge_runtime import _flatbuffer
from fv_edge_runtime._flatbuffer import Buffer
from fv_edge_runtime.errors import BadModelFile


def table(fields: list[int], body: bytes) -> bytes:
    """A buffer whose root table has the given field offsets (from the table) and the given bytes behind its head."""
    vtable = struct.pack(f"<HH{len(fields)}H", 4 + 2 * len(fields), 4 + len(body), *fields)
    at = 4 + len(vtable)
    return struct.pack("<I", at) + vtable + struct.pack("<i", len(vtable)) + body


def test_numbers_texts_and_vectors() -> None:
    body = struct.pack("<iII", -7, 8, 10) + struct.pack("<I", 2) + b"hi" + struct.pack("<Iff", 2, 0.5, -1.0)
    root = Buffer(table([4, 8, 12], body)).root()
    assert root.number(0, "<i") == -7
    assert root.text(1) == "hi"
    assert bytes(root.data(1)) == b"hi"
    # The float vector begins where its offset says, 10 bytes behind the offset's own place (byte 8 of the body).
    assert root.floats(2) == (0.5, -1.0)


def test_absent_fields_have_their_default() -> None:
    root = Buffer(table([0], b"")).root()
    assert root.number(0, "<i", default=3) == 3
    assert root.number(9, "<i") == 0
    assert (root.text(0), root.floats(0), root.table(0), list(root.tables(0))) == ("", (), None, [])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x01",
        struct.pack("<I", 1000),
        struct.pack("<Ii", 4, 100),
        struct.pack("<Ii", 4, -(1 << 31)),
    ],
    ids=["empty", "one byte", "root beyond the end", "vtable before the start", "vtable beyond the end"],
)
def test_offsets_outside_are_refused(data: bytes) -> None:
    with pytest.raises(BadModelFile):
        Buffer(data).root()


def test_a_vector_that_reaches_beyond_the_end_is_refused() -> None:
    root = Buffer(table([4], struct.pack("<II", 4, 0xFFFFFFFF))).root()
    for read in (root.floats, root.text, root.data, lambda field: list(root.tables(field))):
        with pytest.raises(BadModelFile, match="beyond the end"):
            read(0)


def test_reading_the_same_bytes_again_and_again_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_flatbuffer, "MAX_ELEMENTS", 100)
    root = Buffer(table([4], struct.pack("<II", 4, 10) + bytes(40))).root()
    for _ in range(9):  # one element was the table itself
        root.floats(0)
    with pytest.raises(BadModelFile, match="more than 100 elements"):
        root.floats(0)


def test_a_text_that_is_not_utf8_is_refused() -> None:
    with pytest.raises(BadModelFile, match="not UTF-8"):
        Buffer(table([4], struct.pack("<II", 4, 1) + b"\xff")).root().text(0)

from __future__ import annotations

import pytest

from fv_edge_runtime._protobuf import MAX_FIELDS, Message, integers, text
from fv_edge_runtime.errors import BadModelFile

MINUS_ONE = b"\xff" * 9 + b"\x01"


def test_fields_of_every_wire_type() -> None:
    data = b"\x08\x96\x01" + b"\x12\x02hi" + b"\x19" + bytes(8) + b"\x25" + bytes(4)
    fields = list(Message(data).fields())
    assert [field.number for field in fields] == [1, 2, 3, 4]
    assert fields[0].integer == 150
    assert text(fields[1]) == "hi"
    assert [len(field.data) for field in fields] == [0, 2, 8, 4]


def test_integers_are_read_alone_packed_and_negative() -> None:
    alone, packed, empty, negative = Message(
        b"\x08\x05" + b"\x0a\x03\x01\x96\x01" + b"\x0a\x00" + b"\x08" + MINUS_ONE
    ).fields()
    assert list(integers(alone)) == [5]
    assert list(integers(packed)) == [1, 150]
    assert list(integers(empty)) == []
    assert list(integers(negative)) == [-1]


def test_an_empty_message_has_no_fields() -> None:
    assert list(Message(b"").fields()) == []


@pytest.mark.parametrize(
    "data",
    [b"\x80", b"\x08", b"\x12\x05hi", b"\x19\x00", b"\x0b", b"\x0f", b"\x08" + b"\xff" * 11, b"\x12" + MINUS_ONE],
    ids=["key", "varint", "length", "eight bytes", "group", "wire type 7", "eleven bytes", "huge length"],
)
def test_what_is_cut_or_unknown_is_refused(data: bytes) -> None:
    with pytest.raises(BadModelFile):
        list(Message(data).fields())


def test_the_budget_is_shared_with_the_messages_inside() -> None:
    inner = Message(b"\x08\x01\x08\x01", budget := [3])
    assert len(list(inner.fields())) == 2
    assert budget == [1]
    with pytest.raises(BadModelFile, match=f"{MAX_FIELDS} fields"):
        list(inner.fields())


def test_text_that_is_not_utf8_is_refused() -> None:
    (field,) = Message(b"\x12\x01\xff").fields()
    with pytest.raises(BadModelFile, match="not UTF-8"):
        text(field)

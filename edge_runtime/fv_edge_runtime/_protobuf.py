"""A reader of protocol buffers that trusts no length: it walks the fields of one message and copies nothing.

Wire format (protobuf.dev, "Encoding"): each field begins with a varint, number << 3 | wire type. Wire type 0 is a
varint of at most ten bytes, 1 eight bytes, 2 a varint length and as many bytes, 5 four bytes; groups (3, 4) are
deprecated and refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fv_edge_runtime.errors import BadModelFile

_VARINT, _EIGHT_BYTES, _LENGTH, _FOUR_BYTES = 0, 1, 2, 5
# The 50,000 nodes of the largest published classifiers have some forty fields each; ten times that is hostile.
MAX_FIELDS = 20_000_000
_MASK_64 = (1 << 64) - 1


@dataclass(frozen=True)
class Field:
    """One field: its number, and its value: `integer` of a varint, `data` of everything else."""

    number: int
    is_varint: bool
    integer: int
    data: memoryview


class Message:
    """One message: a stretch of bytes, and the budget of fields that all messages of a file share."""

    def __init__(self, data: bytes | memoryview, budget: list[int] | None = None) -> None:
        self.data = memoryview(data)
        self._budget = budget if budget is not None else [MAX_FIELDS]

    def fields(self) -> Iterator[Field]:
        """The fields in the order they stand; raises `BadModelFile` where one reaches beyond the message."""
        at = 0
        while at < len(self.data):
            self._budget[0] -= 1
            if self._budget[0] < 0:
                raise damaged(f"it has more than {MAX_FIELDS} fields")
            key, at = self.varint(at)
            integer, length = 0, 0
            wire = key & 7
            if wire == _VARINT:
                integer, at = self.varint(at)
            elif wire == _LENGTH:
                length, at = self.varint(at)
            elif wire in (_EIGHT_BYTES, _FOUR_BYTES):
                length = 8 if wire == _EIGHT_BYTES else 4
            else:
                raise damaged(f"a field has wire type {wire}")
            if at + length > len(self.data):
                raise damaged(f"a field of {length} bytes reaches beyond the end")
            yield Field(key >> 3, wire == _VARINT, integer, self.data[at : at + length])
            at += length

    def child(self, field: Field) -> Message:
        """The message inside a field."""
        return Message(field.data, self._budget)

    def varint(self, at: int) -> tuple[int, int]:
        """The varint at byte `at`, and the byte behind it."""
        value = 0
        for shift in range(0, 70, 7):
            if at >= len(self.data):
                raise damaged("it ends inside a number")
            byte = self.data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value & _MASK_64, at
        raise damaged("a number has more than ten bytes")


def integers(field: Field) -> Iterator[int]:
    """A repeated integer field: one number, or a packed stretch of them; negative ones as in two's complement."""
    if field.is_varint:
        yield _signed(field.integer)
        return
    at, packed = 0, Message(field.data)
    while at < len(field.data):
        value, at = packed.varint(at)
        yield _signed(value)


def text(field: Field) -> str:
    """A string, which is UTF-8 by the format; the runtimes' Python side fails on anything else."""
    try:
        return bytes(field.data).decode("utf-8")
    except UnicodeDecodeError as error:
        raise damaged(f"a text is not UTF-8: {error}") from error


def damaged(why: str) -> BadModelFile:
    """The error for a file that is not what it says."""
    return BadModelFile("the ONNX file is damaged", why=why, hint="export or download it again")


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value

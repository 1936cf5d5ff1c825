"""A reader of FlatBuffers that trusts no offset: every access is checked against the buffer, and reading is finite.

Format (FlatBuffers, "Internals"): all numbers are little-endian. The first u32 is the offset of the root table. A table
begins with an i32, the distance back to its vtable; a vtable is u16 own size, u16 table size, then one u16 a field: the
field's offset in the table, 0 where it has its default. Strings, vectors and sub-tables are stored as a u32 offset from
where that offset stands; a vector is a u32 count and its elements.

Offsets only point forward, so reading follows no cycle; hostile files may still let many fields share one huge vector.
A budget of elements bounds the work.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from fv_edge_runtime.errors import BadModelFile

# EfficientNetB7 in int8 has about 5,000 tensors and operators with some 300,000 scales; twenty times that is hostile.
MAX_ELEMENTS = 6_000_000


class Buffer:
    """The bytes of a file, and what may still be read of them."""

    def __init__(self, data: bytes | memoryview) -> None:
        self.data = memoryview(data)
        self._left = MAX_ELEMENTS

    def root(self) -> Table:
        """The root table."""
        return Table(self, self.number("<I", 0))

    def number(self, code: str, at: int) -> int | float:
        """One number in `struct` notation at byte `at`."""
        if at < 0 or at + struct.calcsize(code) > len(self.data):
            raise damaged(f"an offset points to byte {at} of {len(self.data)}")
        value: int | float = struct.unpack_from(code, self.data, at)[0]
        return value

    def integer(self, code: str, at: int) -> int:
        """One whole number at byte `at`."""
        return int(self.number(code, at))

    def spend(self, elements: int) -> None:
        """Count elements against the budget."""
        self._left -= elements
        if self._left < 0:
            raise damaged(f"it refers to more than {MAX_ELEMENTS} elements")


class Table:
    """One table; fields are numbered from 0 in the order of the schema."""

    def __init__(self, buffer: Buffer, at: int | float) -> None:
        self._buffer = buffer
        self._at = int(at)
        self._vtable = self._at - buffer.integer("<i", self._at)
        self._fields = (buffer.integer("<H", self._vtable) - 4) // 2
        buffer.spend(1)

    def number(self, field: int, code: str, default: int = 0) -> int:
        """A whole number, its default where the field is absent."""
        at = self._place(field)
        return default if at is None else self._buffer.integer(code, at)

    def table(self, field: int) -> Table | None:
        """A sub-table, None where it is absent."""
        at = self._place(field)
        return None if at is None else Table(self._buffer, at + self._buffer.integer("<I", at))

    def tables(self, field: int) -> Iterator[Table]:
        """The tables of a vector of tables."""
        start, count = self._vector(field, 4)
        for at in range(start, start + 4 * count, 4):
            yield Table(self._buffer, at + self._buffer.integer("<I", at))

    def numbers(self, field: int, code: str) -> tuple[int, ...]:
        """A vector of whole numbers."""
        return tuple(int(value) for value in self._values(field, code))

    def floats(self, field: int) -> tuple[float, ...]:
        """A vector of float32."""
        return tuple(float(value) for value in self._values(field, "f"))

    def data(self, field: int) -> memoryview:
        """A vector of bytes, not copied; empty where it is absent."""
        start, count = self._vector(field, 1, spend=False)
        return self._buffer.data[start : start + count]

    def text(self, field: int) -> str:
        """A string, which is UTF-8 by the format; the runtimes' Python side fails on anything else."""
        start, count = self._vector(field, 1)
        try:
            return bytes(self._buffer.data[start : start + count]).decode("utf-8")
        except UnicodeDecodeError as error:
            raise damaged(f"a text is not UTF-8: {error}") from error

    def _values(self, field: int, code: str) -> tuple[int | float, ...]:
        start, count = self._vector(field, struct.calcsize("<" + code))
        return struct.unpack_from(f"<{count}{code}", self._buffer.data, start) if count else ()

    def _vector(self, field: int, width: int, *, spend: bool = True) -> tuple[int, int]:
        """(byte of the first element, count); (0, 0) where the field is absent."""
        at = self._place(field)
        if at is None:
            return 0, 0
        start = at + self._buffer.integer("<I", at)
        count = self._buffer.integer("<I", start)
        if start + 4 + count * width > len(self._buffer.data):
            raise damaged(f"a vector of {count} elements reaches beyond the end")
        if spend:
            self._buffer.spend(count)
        return start + 4, count

    def _place(self, field: int) -> int | None:
        if field >= self._fields:
            return None
        offset = self._buffer.integer("<H", self._vtable + 4 + 2 * field)
        return self._at + offset if offset else None


def damaged(why: str) -> BadModelFile:
    """The error for a file that is not what it says."""
    return BadModelFile("the TFLite file is damaged", why=why, hint="export or download it again")

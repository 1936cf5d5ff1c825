"""Pictures in files and in bytes, as `Picture`s."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fv_core.preprocess import Pixels, decode_square, short_side


@dataclass(frozen=True)
class Encoded:
    """An encoded picture: a path, or the bytes of a file."""

    data: Path | bytes

    def short_side(self) -> int:
        """See `Picture`."""
        return short_side(self.data)

    def square(self, size: int) -> Pixels:
        """See `Picture`."""
        return decode_square(self.data, size)

"""What the writers refuse."""

from __future__ import annotations

from fv_core.errors import InputError


class LabelNotOneLine(InputError):
    """A label that is empty or has a line break, so that a labels file could not hold it."""

    code = "label-not-one-line"

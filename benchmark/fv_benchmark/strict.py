"""JSON of a stranger (a report file, a device) into our dataclasses: exactly their fields, of exactly their types.

Nothing is converted or guessed. Whatever does not fit raises `ValueError`, `TypeError` or `KeyError`; the caller, who
knows where the text came from, makes a `BadReport` or a `BadAnswer` of it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import MISSING, fields
from types import UnionType
from typing import Any, TypeVar, get_args, get_type_hints

# What those readers' functions raise, for the caller's `except`.
UNFIT = (ValueError, KeyError, TypeError, AttributeError, RecursionError)
_PLAIN = (str, int, float, bool, type(None))
T = TypeVar("T")


def plain(kind: type[T], entry: Mapping[str, Any]) -> T:
    """The dataclass `kind` of `entry`: text, finite numbers and null of the annotated types.

    Every field without a default has to be there, and none that `kind` lacks. Fields whose type is not text, number or
    null are taken as they are: the caller has checked them.
    """
    hints = get_type_hints(kind)
    known = {field.name: field for field in fields(kind)}  # type: ignore[arg-type]  # T is a dataclass in every call
    needed = {name for name, field in known.items() if field.default is MISSING and field.default_factory is MISSING}
    wrong = (set(entry) - set(known)) | (needed - set(entry))
    if wrong:
        raise ValueError(f"{kind.__name__} has the fields {sorted(wrong)} too many or too few")
    for name, value in entry.items():
        allowed = get_args(hints[name]) if isinstance(hints[name], UnionType) else (hints[name],)
        if set(allowed) <= set(_PLAIN) and not _is(value, allowed):
            raise TypeError(f"{kind.__name__}.{name} is {_shown(value)}")
    return kind(**entry)


def pair(values: Any) -> tuple[float, float]:
    """Two finite numbers."""
    low, high = values
    return finite(low), finite(high)


def finite(value: Any) -> float:
    """A finite number; a boolean is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise TypeError(f"{_shown(value)} is no number")
    return float(value)


def counts(values: Any) -> tuple[int, ...]:
    """At least one whole number, all of them above 0."""
    if not isinstance(values, list) or not values or not all(type(value) is int and value > 0 for value in values):
        raise TypeError("samples and blocks are positive whole numbers")
    return tuple(values)


def facts(entry: Any) -> dict[str, str | float | bool | None]:
    """A flat object of text, finite numbers, booleans and null."""
    if not isinstance(entry, dict) or not all(_is(value, _PLAIN) for value in entry.values()):
        raise TypeError(f"{_shown(entry)} is no object of plain values")
    return entry


def no_constant(text: str) -> float:
    """For `json.loads(parse_constant=…)`: NaN and the infinities are no JSON."""
    raise ValueError(f"{text} is no number")


def _is(value: Any, allowed: tuple[Any, ...]) -> bool:
    if isinstance(value, bool):
        return bool in allowed
    if isinstance(value, int):
        return int in allowed or float in allowed
    if isinstance(value, float):
        return float in allowed and math.isfinite(value)
    return isinstance(value, allowed)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"

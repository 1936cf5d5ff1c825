"""Frozen dataclasses from what `dataclasses.asdict` and JSON made of them, every field checked.

The answer of a child process that met a hostile file is as little to be trusted as the file: a field that is missing,
unknown or of another type is an error, never a surprise further on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


def rebuilt(kind: type[T], data: Mapping[str, Any]) -> T:
    """The dataclass `kind` from its data; raises `KeyError`, `TypeError` or `ValueError`."""
    hints = get_type_hints(kind)
    names = [one.name for one in fields(kind)]  # type: ignore[arg-type]  # every caller gives a dataclass
    unknown = set(data) - set(names)
    if unknown:
        raise TypeError(f"{kind.__name__} has no {', '.join(sorted(unknown))}")
    return kind(**{name: _value(hints[name], data[name]) for name in names})


def _value(kind: Any, data: Any) -> Any:
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        return _one_of(get_args(kind), data)
    if origin is tuple:
        return _tuple(get_args(kind), data)
    if origin is dict:
        key, value = get_args(kind)
        return {_value(key, name): _value(value, one) for name, one in data.items()}
    if is_dataclass(kind):
        return rebuilt(kind, data)  # type: ignore[arg-type]  # is_dataclass says of a type that it may be an instance
    if kind is float and type(data) is int:
        return float(data)
    if not isinstance(data, kind) or (kind is int and isinstance(data, bool)):
        raise TypeError(f"{data!r} is no {kind.__name__}")
    return data


def _one_of(kinds: tuple[Any, ...], data: Any) -> Any:
    """`X | None`, the only union in use."""
    if data is None and type(None) in kinds:
        return None
    (kind,) = (one for one in kinds if one is not type(None))
    return _value(kind, data)


def _tuple(kinds: tuple[Any, ...], data: Any) -> tuple[Any, ...]:
    if not isinstance(data, (list, tuple)):
        raise TypeError(f"{data!r} is no list")
    if kinds[-1] is Ellipsis:
        return tuple(_value(kinds[0], one) for one in data)
    return tuple(_value(kind, one) for kind, one in zip(kinds, data, strict=True))

"""TOML to frozen dataclasses and back, strictly: no unknown key, no wrong type, no value out of range.

A file is data, never code: `tomllib` parses it, its size is limited before, and text given on the command line is
turned into a value by the type of its field, not evaluated.
"""

from __future__ import annotations

import difflib
import json
import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import Field, fields, is_dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from fv_train.errors import BadRecipe

# Our longest recipe has 3 KB; tomllib is quadratic in the depth of dotted keys, so hostile text stays small.
MAX_BYTES = 65_536
Built = TypeVar("Built")


def read(path: Path) -> dict[str, Any]:
    """Tables of a TOML file; raises `BadRecipe` for what is no TOML, too large or too deep."""
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise BadRecipe(f"{path} is no recipe", why=f"it has more than {MAX_BYTES} bytes")
        return tomllib.loads(data.decode("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        why = (str(error).splitlines() or [type(error).__name__])[0]
        raise BadRecipe(f"cannot read the recipe {path}", why=why, hint="fv recipes show NAME") from error


def merged(base: Mapping[str, Any], top: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with the entries of `top` over it, table by table."""
    result = dict(base)
    for key, value in top.items():
        below = result.get(key)
        result[key] = merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return result


def build(kind: type[Built], table: Any, where: str) -> Built:
    """An instance of the dataclass `kind` from a table; `where` names the table in errors."""
    if not isinstance(table, Mapping):
        raise BadRecipe(f"{where} must be a table", why=f"it is {_shown(table)}", hint="fv recipes show NAME")
    known = {entry.name: entry for entry in fields(kind)}  # type: ignore[arg-type]  # kind is a dataclass
    for key in table:
        if key not in known:
            raise _unknown_key(where, key, known)
    hints = get_type_hints(kind)
    values = {key: _value(hints[key], known[key], value, f"{where}: {key}") for key, value in table.items()}
    return kind(**values)


def override(tables: dict[str, Any], text: str, kind: type) -> None:
    """Put `table.key=value` into `tables`; the value is read by the type of the field of `kind` that it names."""
    dotted, equals, raw = text.partition("=")
    keys = dotted.strip().split(".")
    if not equals or not all(keys):
        raise BadRecipe(f"cannot read --set {text!r}", why="expected table.key=value", hint="--set data.batch_size=32")
    hint: Any = kind
    for depth, key in enumerate(keys):
        hint = _step(hint, key, ".".join(keys[:depth]) or "recipe")
    if is_dataclass(hint) or (get_origin(hint) is not None and get_origin(hint) is not Literal):
        raise BadRecipe(f"{dotted} is a table", why="--set changes single keys", hint=f"--set {dotted}.KEY=VALUE")
    table = tables
    for key in keys[:-1]:
        table = table.setdefault(key, {})
    table[keys[-1]] = _parsed(hint, raw.strip(), dotted)


def render(value: Any) -> str:
    """A dataclass as TOML: its plain fields first, then one table a nested dataclass."""
    lines = [
        f"{entry.name} = {_toml(getattr(value, entry.name))}" for entry in fields(value) if _is_plain(value, entry)
    ]
    for entry in fields(value):
        nested = getattr(value, entry.name)
        if is_dataclass(nested):
            lines += ["", f"[{entry.name}]", render(nested).rstrip()]
        elif isinstance(nested, Mapping):
            for key, item in nested.items():
                lines += ["", f"[{entry.name}.{_key(key)}]", render(item).rstrip()]
    return "\n".join(lines) + "\n"


def _is_plain(value: Any, entry: Field[Any]) -> bool:
    nested = getattr(value, entry.name)
    return not is_dataclass(nested) and not isinstance(nested, Mapping)


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        # JSON's escapes are TOML's; DEL alone has to be escaped in TOML and is not in JSON.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return repr(value)


def _key(key: str) -> str:
    return key if key.replace("_", "").replace("-", "").isalnum() and key.isascii() else _toml(key)


def _value(hint: Any, entry: Field[Any], value: Any, where: str) -> Any:
    if is_dataclass(hint):
        return build(hint, value, where)  # type: ignore[arg-type]  # a dataclass type, not an instance
    if get_origin(hint) is Literal:
        return _choice(get_args(hint), value, where)
    if get_origin(hint) in (dict, Mapping) or _is_mapping(hint):
        return _tables(get_args(hint)[1], value, where)
    if hint is float and type(value) is int:
        value = float(value)
    if type(value) is not hint:
        raise BadRecipe(f"{where} must be {_word(hint)}", why=f"it is {_shown(value)}")
    low, high = entry.metadata.get("low", -math.inf), entry.metadata.get("high", math.inf)
    if hint in (int, float) and not low <= value <= high:
        raise BadRecipe(f"{where} must be from {low:g} to {high:g}", why=f"it is {value:g}")
    return value


def _tables(kind: Any, value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, Mapping) or not value:
        raise BadRecipe(f"{where} must be one or more tables", why=f"it is {_shown(value)}")
    return {key: build(kind, table, f"{where}.{key}") for key, table in value.items()}


def _is_mapping(hint: Any) -> bool:
    origin = get_origin(hint)
    return isinstance(origin, type) and issubclass(origin, Mapping)


def _choice(choices: tuple[str, ...], value: Any, where: str) -> str:
    if value not in choices:
        near = difflib.get_close_matches(str(value), choices, n=1)
        hint = f"did you mean {near[0]}?" if near else ""
        raise BadRecipe(f"{where} must be {' or '.join(choices)}", why=f"it is {_shown(value)}", hint=hint)
    return str(value)


def _step(hint: Any, key: str, where: str) -> Any:
    """The type that `key` has inside the type `hint`."""
    if _is_mapping(hint):
        return get_args(hint)[1]
    if not is_dataclass(hint):
        raise BadRecipe(f"{where} has no keys", why=f"--set asks for {where}.{key}")
    hints = {entry.name: get_type_hints(hint)[entry.name] for entry in fields(hint)}
    if key not in hints:
        raise _unknown_key(where, key, hints)
    return hints[key]


def _parsed(hint: Any, raw: str, where: str) -> Any:
    """Text of the command line as the type of its field."""
    try:
        if hint is bool:
            return {"true": True, "false": False}[raw.lower()]
        if hint in (int, float):
            return hint(raw)
    except (KeyError, ValueError):
        raise BadRecipe(f"{where} must be {_word(hint)}", why=f"it is {raw!r}") from None
    return raw


def _unknown_key(where: str, key: str, known: Iterable[str]) -> BadRecipe:
    names = [name for name in known if name != "name" or where != "recipe"]
    near = difflib.get_close_matches(key, names, n=2, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(names)}"
    return BadRecipe(f"unknown key {key!r} in {where}", why="recipes are read strictly", hint=hint)


def _word(hint: Any) -> str:
    return {bool: "true or false", int: "a whole number", float: "a number", str: "text"}[hint]


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."

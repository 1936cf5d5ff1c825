"""A folder of entries: one module an entry, its stem the name. Listing the names imports none of them."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Iterable
from typing import Generic, TypeVar

from fv_core.errors import UnknownName

Entry = TypeVar("Entry")


class Registry(Generic[Entry]):
    """The modules of a package, each holding one entry under the same attribute.

    `package` is the dotted name of the folder, `attribute` the name each module binds its entry to (`BACKEND`,
    `REWRITE`), `kind` the word for messages.
    """

    def __init__(self, package: str, attribute: str, kind: str) -> None:
        self.package = package
        self._attribute = attribute
        self._kind = kind

    def names(self) -> list[str]:
        """The stems of the folder's modules, sorted; those that begin with an underscore are helpers, not entries."""
        path = importlib.import_module(self.package).__path__
        return sorted(module.name for module in pkgutil.iter_modules(path) if not module.name.startswith("_"))

    def get(self, name: str) -> Entry:
        """Import the module `name` and return its entry; raises `UnknownName` for a name that is not there."""
        if name not in self.names():
            raise unknown_name(self._kind, name, self.names())
        entry: Entry = getattr(importlib.import_module(f"{self.package}.{name}"), self._attribute)
        return entry


def unknown_name(kind: str, name: str, known: Iterable[str]) -> UnknownName:
    """The error for a name that is not known, with the nearest ones as a hint."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(names)}"
    return UnknownName(f"unknown {kind} {name!r}", why="no such entry", hint=hint)

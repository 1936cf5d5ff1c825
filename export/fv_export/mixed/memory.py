"""Every result of a search on disk, under the digest of all that it depends on.

A search that was stopped, by Ctrl-C or by kill -9, begins again from the first file, finds what it measured before, and
so is soon where it was. Each result is a small file, written whole or not at all. What depends on what is in the key
alone: another picture, another weight or another runtime is another key, and nothing has to be thrown away.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from fv_core.files import write_text


class Memory:
    """Results below `folder`. `remembered`, `computed`: how many were found there and how many were put there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.remembered = 0
        self.computed = 0

    def get(self, key: str) -> Any:
        """What was put under `key`; None where there is nothing, or nothing that can be read."""
        try:
            found = json.loads(self._path(key).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        self.remembered += 1
        return found

    def put(self, key: str, value: Any) -> None:
        """Keep `value` (JSON-able)."""
        write_text(self._path(key), json.dumps(value, allow_nan=False) + "\n")
        self.computed += 1

    def _path(self, key: str) -> Path:
        return self._folder / key[:2] / f"{key}.json"


def key_of(*parts: str | bytes) -> str:
    """A digest of the parts, in order; each part's length counts, so that no two lists share a text."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.hexdigest()

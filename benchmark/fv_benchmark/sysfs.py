"""Linux's /proc and /sys as text and numbers: what a machine does not tell is empty or None, never zero."""

from __future__ import annotations

import re
from pathlib import Path


def read_text(path: Path) -> str:
    """Content without the last newline; empty when the machine does not tell."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def read_number(path: Path) -> float | None:
    """A whole number, negative ones too; None when there is none."""
    text = read_text(path)
    return float(text) if re.fullmatch(r"-?\d+", text) else None


def read_throttled_bits(root: Path) -> int | None:
    """The Raspberry Pi firmware's word about heat and voltage, in hex in a file of its own; None elsewhere."""
    text = read_text(root / "sys/devices/platform/soc/soc:firmware/get_throttled")
    return int(text, 16) if re.fullmatch(r"(0x)?[0-9a-fA-F]+", text) else None

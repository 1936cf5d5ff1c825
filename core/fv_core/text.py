"""Text from a file or a stranger, made fit for a terminal.

A label or an error text may hold escape codes that move the cursor, change the title or fake a prompt (ECMA-48, 5.4),
or characters that reorder what stands around them (Unicode UAX #9, "Trojan Source", CVE-2021-42574).
"""

from __future__ import annotations

import unicodedata

# Longer than any sensible label or path; what is cut off is replaced by an ellipsis.
MAX_CHARACTERS = 500
# Controls (C0, C1, DEL), invisible format characters (bidirectional overrides among them), halves of surrogate pairs,
# private use, and the two separators that break lines.
_UNFIT = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
# Format characters that words need: the (non-)joiners of Persian, the Indic scripts and emoji. They move nothing else.
_JOINERS = frozenset("\u200c\u200d")


def printable(text: str, *, max_characters: int = MAX_CHARACTERS) -> str:
    """`text` on one line, each unfit character as `\\xNN` or `\\uNNNN`, cut to `max_characters`.

    Text that is fit already comes back unchanged.
    """
    cut = text if len(text) <= max_characters else text[: max_characters - 1] + "…"
    return "".join(_escaped(character) if _is_unfit(character) else character for character in cut)


def _is_unfit(character: str) -> bool:
    return unicodedata.category(character) in _UNFIT and character not in _JOINERS


def _escaped(character: str) -> str:
    number = ord(character)
    if number > 0xFFFF:
        return f"\\U{number:08x}"
    return f"\\u{number:04x}" if number > 0xFF else f"\\x{number:02x}"

"""An address as a QR code in a terminal: two modules a character, light ones drawn, so that a dark terminal shows it
as it would be printed. On a light terminal it is inverted, which phones' cameras read as well.
"""

from __future__ import annotations

# ISO/IEC 18004 asks for four light modules around; readers take two, and a terminal is short.
_BORDER = 2
_HALVES = {(True, True): " ", (True, False): "▄", (False, True): "▀", (False, False): "█"}


def qr_lines(text: str) -> list[str]:
    """The code of `text`, a string a line; empty without the library segno (the address is printed all the same)."""
    try:
        import segno
    except ImportError:
        return []
    rows = [
        [bool(dark) for dark in row] for row in segno.make(text, error="l", micro=False).matrix_iter(border=_BORDER)
    ]
    if len(rows) % 2:
        rows.append([False] * len(rows[0]))
    return [
        "".join(_HALVES[pair] for pair in zip(upper, lower, strict=True))
        for upper, lower in zip(rows[::2], rows[1::2], strict=True)
    ]

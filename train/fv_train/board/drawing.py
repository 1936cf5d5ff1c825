"""Text and PNG for the pictures of a run; Pillow's own font, so they look alike on every machine."""

from __future__ import annotations

from functools import cache
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

INK, SOFT, LINE, PAPER = (28, 35, 48), (102, 112, 133), (215, 220, 227), (255, 255, 255)
# The report's colours of right and wrong (templates/evaluation.html).
RIGHT, WRONG = (31, 111, 235), (196, 67, 43)
_ELLIPSIS = "…"


@cache
def font(size_px: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Pillow's font at a size."""
    return ImageFont.load_default(size_px)


def width_of(text: str, size_px: int) -> int:
    """How many pixels wide a line of text is."""
    return round(font(size_px).getlength(text))


def shortened(text: str, size_px: int, width_px: int) -> str:
    """The text, its end left out where it is wider than that."""
    if width_of(text, size_px) <= width_px:
        return text
    while text and width_of(text + _ELLIPSIS, size_px) > width_px:
        text = text[:-1]
    return text + _ELLIPSIS


def upwards(text: str, size_px: int, color: tuple[int, int, int]) -> Image.Image:
    """The text as a picture that reads from bottom to top."""
    line = Image.new("RGB", (max(1, width_of(text, size_px)), size_px + 3), PAPER)
    ImageDraw.Draw(line).text((0, 0), text, fill=color, font=font(size_px))
    return line.transpose(Image.Transpose.ROTATE_90)


def blended(color: tuple[int, int, int], share: float) -> tuple[int, int, int]:
    """The colour on paper, from hardly there (0) to full (1)."""
    weight = 0.15 + 0.85 * share
    red, green, blue = (round(weight * a + (1.0 - weight) * b) for a, b in zip(color, PAPER, strict=True))
    return red, green, blue


def as_png(image: Image.Image) -> bytes:
    """The picture's file."""
    stream = BytesIO()
    image.save(stream, format="PNG", optimize=True)
    return stream.getvalue()

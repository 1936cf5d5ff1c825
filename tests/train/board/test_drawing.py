"""Text and files of the pictures."""

from __future__ import annotations

from io import BytesIO

from PIL import Image

from fv_train.board.drawing import INK, PAPER, RIGHT, as_png, blended, shortened, upwards, width_of


def test_short_text_is_left_alone_and_long_text_fits() -> None:
    assert shortened("pizza", 12, 200) == "pizza"
    cut = shortened("a_very_long_name_of_a_dish", 12, 60)
    assert cut.endswith("…")
    assert cut.startswith("a_very")
    assert width_of(cut, 12) <= 60


def test_upward_text_is_as_high_as_the_line_is_wide() -> None:
    picture = upwards("pizza", 12, INK)
    assert picture.height == width_of("pizza", 12)
    assert picture.width < picture.height
    assert picture.getextrema() != ((255, 255),) * 3, "nothing was drawn"


def test_full_colour_is_the_colour_and_none_is_nearly_paper() -> None:
    assert blended(RIGHT, 1.0) == RIGHT
    faint = blended(RIGHT, 0.0)
    assert all(a < b <= c for a, b, c in zip(RIGHT, faint, PAPER, strict=True))


def test_the_file_is_the_picture() -> None:
    picture = Image.new("RGB", (5, 3), RIGHT)
    opened = Image.open(BytesIO(as_png(picture)))
    assert opened.format == "PNG"
    assert opened.convert("RGB").tobytes() == bytes(RIGHT) * 15

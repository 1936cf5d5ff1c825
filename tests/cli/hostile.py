"""Pictures and models as strangers hand them over, for the tests that type whole commands."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from tests.core import png

if TYPE_CHECKING:
    import keras

SIZE = 16
_ORIENTATION = 0x0112
# EXIF orientation -> the transpose that a camera's sensor undid: the stored picture, given the upright one.
_STORED = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def upright() -> Image.Image:
    """A picture that looks different from every side."""
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (24, 40, 3), dtype=np.uint8))


def oriented(orientation: int) -> bytes:
    """`upright` as a camera that was held another way stores it."""
    exif = Image.Exif()
    exif[_ORIENTATION] = orientation
    way = _STORED[orientation]
    picture = upright() if way is None else upright().transpose(way)
    return _encoded(picture, "PNG", exif=exif)


def good_pictures() -> dict[str, bytes]:
    """File name -> bytes of pictures that are unusual and sound."""
    grey, frame = upright().convert("L"), upright().quantize(16)
    deep = Image.fromarray((np.asarray(grey).astype(np.uint16) << 8) + 255)
    return {
        "grey.png": _encoded(grey, "PNG"),
        "cmyk.jpg": _encoded(upright().convert("CMYK"), "JPEG"),
        "deep.png": _encoded(deep, "PNG"),
        "palette.png": _encoded(frame, "PNG", transparency=0),
        "animated.gif": _encoded(frame, "GIF", save_all=True, append_images=[frame.rotate(180)]),
        "pixel.png": _encoded(upright().resize((1, 1)), "PNG"),
        "corrupt-exif.jpg": _encoded(upright(), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff"),
        "two views.jpg": _encoded(upright(), "MPO", save_all=True, append_images=[upright()]),
    }


def bad_pictures() -> dict[str, bytes]:
    """File name -> bytes that must be refused."""
    jpeg = _encoded(upright(), "JPEG")
    return {
        "truncated.jpg": jpeg[: len(jpeg) // 2],
        "empty.jpg": b"",
        "text.jpg": b"this is no picture\n",
        "huge.png": png.claiming(65_000, 65_000),
        "bomb.png": png.claiming(20_000, 20_000),
        "postscript.jpg": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n",
        "document.jpg": b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n",
        "stars.jpg": b"".join(line.ljust(80) for line in (b"SIMPLE  =  T", b"BITPIX  =  8")) + b"END".ljust(2720),
    }


def save_models(folder: Path) -> None:
    """`good.keras`, and one file for each way in which a Keras file cannot be used."""
    import keras

    layers = keras.layers
    endings: dict[str, Callable[[Any], Any]] = {
        "good.keras": lambda x: layers.Dense(3, activation="softmax")(x),
        "lambda.keras": lambda x: layers.Softmax()(layers.Lambda(lambda y: y * 2)(x)),
        "logits.keras": lambda x: layers.Dense(3)(x),
        "two-outputs.keras": lambda x: [layers.Dense(n, activation="softmax")(x) for n in (3, 2)],
        "one-class.keras": lambda x: layers.Dense(1, activation="softmax")(x),
    }
    keras.utils.set_random_seed(1)
    for name, ending in endings.items():
        _model(ending).save(folder / name)
    # What model.save("legacy.h5") writes begins with HDF5's signature; the rest is never read.
    (folder / "legacy.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + b"\0" * 500)
    (folder / "legacy.keras").write_bytes((folder / "legacy.h5").read_bytes())
    whole = (folder / "good.keras").read_bytes()
    (folder / "truncated.keras").write_bytes(whole[: len(whole) // 2])
    (folder / "empty.keras").write_bytes(b"")


def _model(ending: Callable[[Any], Any]) -> keras.Model:
    """A network that sees where a pixel stands, so that a picture turned round gets another answer."""
    import keras

    picture = keras.Input((SIZE, SIZE, 3))
    flat = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(picture))
    return keras.Model(picture, ending(flat))


def _encoded(picture: Image.Image, kind: str, **options: Any) -> bytes:
    stream = BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()

"""The picture's path: formats, orientation, colour, limits, and a resize rule that is exact to the byte."""

from __future__ import annotations

import io
import random
import resource
import struct
import subprocess
import sys
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fv_core.errors import BadPicture, MissingPath
from fv_core.preprocess import MAX_PIXELS, Preprocess, decode, decode_square, short_side, stored_square
from tests.core import png

# JPEG at quality 95 without chroma subsampling moves a channel of a flat area by no more than this.
JPEG_TOLERANCE = 6
RED, GREEN, BLUE, WHITE = (220, 30, 30), (30, 200, 30), (30, 30, 220), (250, 250, 250)


def corners() -> Image.Image:
    """Upright 48 x 32 with another colour in each corner: red, green / blue, white."""
    pixels = np.empty((32, 48, 3), np.uint8)
    pixels[:16, :24], pixels[:16, 24:], pixels[16:, :24], pixels[16:, 24:] = RED, GREEN, BLUE, WHITE
    return Image.fromarray(pixels)


def encoded(image: Image.Image, kind: str, **how: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **how)
    return stream.getvalue()


def with_orientation(kind: str, orientation: int) -> bytes:
    """The picture as a camera held that way stores it, with the tag that says so."""
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    image = corners() if orientation == 1 else corners().transpose(undo[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    how = {"JPEG": {"quality": 95, "subsampling": 0}, "WEBP": {"lossless": True}}.get(kind, {})
    return encoded(image, kind, exif=exif, **how)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_is_turned_upright(kind: str, orientation: int) -> None:
    picture = decode(with_orientation(kind, orientation)).astype(int)
    assert picture.shape == (32, 48, 3)
    for place, colour in (((4, 4), RED), ((4, 44), GREEN), ((28, 4), BLUE), ((28, 44), WHITE)):
        assert abs(picture[place] - colour).max() <= JPEG_TOLERANCE, (place, picture[place])


@pytest.mark.parametrize("value", [0, 9, 65535])
def test_an_orientation_outside_of_the_standard_counts_as_upright(value: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = value
    assert np.array_equal(decode(encoded(corners(), "PNG", exif=exif)), np.asarray(corners()))


@pytest.mark.parametrize("exif", [b"Exif\0\0", b"Exif\0\0garbage", b"Exif\0\0II*\0\xff\xff\xff\xff", b"\0" * 40])
def test_corrupt_exif_counts_as_upright(exif: bytes) -> None:
    with_exif = encoded(corners(), "JPEG", exif=exif, quality=95)
    without = encoded(corners(), "JPEG", quality=95)
    assert np.array_equal(decode(with_exif), decode(without))


def test_exif_behind_the_pixels_of_a_png_is_honoured() -> None:
    exif = Image.Exif()
    exif[0x0112] = 3
    body = exif.tobytes().removeprefix(b"Exif\0\0")
    chunk = struct.pack(">I", len(body)) + b"eXIf" + body + struct.pack(">I", zlib.crc32(b"eXIf" + body))
    plain = encoded(corners(), "PNG")
    end = plain.index(b"IEND") - 4
    turned = decode(plain[:end] + chunk + plain[end:])
    assert np.array_equal(turned, np.asarray(corners())[::-1, ::-1])


def test_grey_is_repeated() -> None:
    grey = np.arange(64, dtype=np.uint8).reshape(8, 8)
    assert np.array_equal(decode(encoded(Image.fromarray(grey), "PNG")), np.repeat(grey[..., None], 3, axis=2))


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_keep_their_upper_eight(kind: str) -> None:
    deep = (np.arange(256, dtype=np.uint16) * 256 + 255).reshape(16, 16)
    picture = decode(encoded(Image.fromarray(deep), kind))
    assert np.array_equal(picture[..., 1].ravel(), np.arange(256))


def test_floating_point_is_refused_with_the_reason() -> None:
    image = Image.fromarray(np.zeros((4, 4), np.float32))
    with pytest.raises(BadPicture, match="floating-point"):
        decode(encoded(image, "TIFF"))


def test_cmyk_is_converted() -> None:
    cmyk = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    assert abs(decode(encoded(cmyk, "JPEG", quality=95)).astype(int) - (255, 0, 0)).max() <= JPEG_TOLERANCE


def test_an_opaque_palette_is_looked_up() -> None:
    palette = corners().quantize(4, dither=Image.Dither.NONE)
    assert np.array_equal(decode(encoded(palette, "PNG")), np.asarray(palette.convert("RGB")))


@pytest.mark.parametrize(
    "image",
    [
        Image.new("RGBA", (6, 6), (10, 20, 30, 0)),
        Image.new("LA", (6, 6), (10, 0)),
        Image.new("P", (6, 6), 0),
        Image.new("RGB", (6, 6), (10, 20, 30)),
        Image.new("L", (6, 6), 10),
    ],
    ids=lambda image: str(image.mode),
)
def test_what_is_transparent_is_white(image: Image.Image) -> None:
    key = {"P": 0, "RGB": (10, 20, 30), "L": 10}.get(image.mode)
    data = encoded(image, "PNG", **({} if key is None else {"transparency": key}))
    assert decode(data).min() == 255


def test_half_transparent_is_mixed_with_white() -> None:
    assert abs(decode(encoded(Image.new("RGBA", (2, 2), (0, 0, 0, 128)), "PNG")).astype(int) - 127).max() <= 1


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF"])
def test_of_an_animation_the_first_frame_is_taken(kind: str) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in (RED, GREEN, BLUE)]
    how = {"lossless": True} if kind == "WEBP" else {}
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], **how)
    assert np.array_equal(decode(data)[0, 0], RED)


def test_an_embedded_colour_profile_changes_nothing() -> None:
    assert np.array_equal(decode(encoded(corners(), "PNG", icc_profile=b"no profile")), np.asarray(corners()))


def test_one_pixel_goes_the_whole_way() -> None:
    data = encoded(Image.new("RGB", (1, 1), RED), "PNG")
    assert np.array_equal(Preprocess(64, 0.875, 32)(decode(data)), np.full((32, 32, 3), RED))


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.95])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "BMP"])
def test_a_truncated_picture_is_refused(kind: str, share: float) -> None:
    noisy = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    data = encoded(noisy, kind)
    with pytest.raises(BadPicture) as caught:
        decode(data[: int(share * len(data))])
    assert caught.value.why
    assert "0x" not in caught.value.why, "an address in a message"


def test_a_huge_picture_is_refused_from_its_header_in_bounded_memory(tmp_path: Path) -> None:
    for name, size in (("huge", (65_000, 65_000)), ("wide", (MAX_PIXELS + 1, 1)), ("bomb", (12_000, 12_000))):
        (tmp_path / f"{name}.png").write_bytes(png.claiming(*size))
    program = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from fv_core.errors import BadPicture\n"
        "from fv_core.preprocess import decode, short_side\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "for path in Path(sys.argv[1]).iterdir():\n"
        "    for read in (decode, short_side):\n"
        "        try:\n"
        "            read(path)\n"
        "        except BadPicture as error:\n"
        "            print('refused', error.why)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    result = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True)
    *refusals, grown_kb = result.stdout.splitlines()
    assert len(refusals) == 6, result.stdout
    assert all("pixels" in line for line in refusals)
    # A decoded 12,000 x 12,000 picture alone would be 432 MB.
    assert int(grown_kb) < 50_000, resource.getrusage(resource.RUSAGE_SELF)


DISGUISED = {
    "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n",
    "pdf": b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n",
    "fits": b"SIMPLE  =                    T".ljust(80)
    + b"BITPIX  =                    8".ljust(80)
    + b"END".ljust(2720),
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "text": b"this is no picture",
    "empty": b"",
}


def test_a_picture_of_more_than_one_view_opens_as_its_first() -> None:
    first, second = Image.new("RGB", (8, 8), (200, 0, 0)), Image.new("RGB", (8, 8))
    stream = io.BytesIO()
    first.save(stream, "MPO", save_all=True, append_images=[second])
    assert decode(stream.getvalue())[0, 0, 0] > 150


@pytest.mark.parametrize("kind", DISGUISED)
def test_other_formats_under_a_picture_s_name_are_refused(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "dinner.jpg"
    path.write_bytes(DISGUISED[kind])
    for read in (decode, short_side):
        with pytest.raises(BadPicture) as caught:
            read(path)
        assert caught.value.hint.endswith(f"file {path}")
        assert "cannot identify" in caught.value.why


def test_damaged_bytes_end_in_bad_picture_and_in_nothing_else() -> None:
    """Change bytes at random in every format: the decoder may succeed or refuse, but raises only our error."""
    rng = random.Random(0)
    exif = Image.Exif()
    exif[0x0112] = 6
    originals = [
        encoded(corners(), kind, **({"exif": exif} if kind in ("JPEG", "PNG", "WEBP", "TIFF") else {}))
        for kind in ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "PPM")
    ]
    refused = 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(1500):
            data = bytearray(rng.choice(originals))
            for _ in range(rng.randint(1, 12)):
                data[rng.randrange(min(len(data), 400))] = rng.randrange(256)
            try:
                decode(bytes(data))
            except BadPicture:
                refused += 1
    assert 100 < refused < 1500


def test_a_path_that_is_no_file(tmp_path: Path) -> None:
    for path in (tmp_path / "none.jpg", tmp_path, tmp_path / ("x" * 300)):
        with pytest.raises((MissingPath, BadPicture)):
            decode(path)
    with pytest.raises(MissingPath) as caught:
        decode(tmp_path / "none.jpg")
    assert caught.value.hint == f"ls {tmp_path}"


def test_short_side_reads_the_header_only(tmp_path: Path) -> None:
    path = tmp_path / "wide.jpg"
    path.write_bytes(encoded(Image.new("RGB", (300, 40)), "JPEG")[:700])
    assert short_side(path) == 40


def resized_by_the_book(picture: np.ndarray, size: int) -> np.ndarray:
    """Pillow's antialiased bilinear, written out with Python integers (src/libImaging/Resample.c)."""
    bits = 32 - 8 - 2

    def weights(length: int) -> list[tuple[int, list[int]]]:
        scale = length / size
        support = max(scale, 1.0)
        rows = []
        for out in range(size):
            centre = (out + 0.5) * scale
            first, last = max(int(centre - support + 0.5), 0), min(int(centre + support + 0.5), length)
            raw = [max(0.0, 1.0 - abs((k - centre + 0.5) / support)) for k in range(first, last)]
            total = sum(raw)
            rows.append((first, [int(0.5 + value / total * (1 << bits)) for value in raw]))
        return rows

    def along_rows(image: np.ndarray) -> np.ndarray:
        result = np.empty((image.shape[0], size, 3), np.uint8)
        for out, (first, factors) in enumerate(weights(image.shape[1])):
            total = np.full((image.shape[0], 3), 1 << (bits - 1), np.int64)
            for k, factor in enumerate(factors):
                total += image[:, first + k].astype(np.int64) * factor
            result[:, out] = np.clip(total >> bits, 0, 255)
        return result

    return along_rows(along_rows(picture).transpose(1, 0, 2)).transpose(1, 0, 2)


@pytest.mark.parametrize(("side", "size"), [(64, 64), (64, 32), (97, 32), (31, 64), (200, 7), (5, 160), (257, 224)])
def test_the_resize_rule_is_exact_to_the_byte(side: int, size: int) -> None:
    picture = np.random.default_rng(side * 1000 + size).integers(0, 256, (side, side, 3), dtype=np.uint8)
    expected = picture if side == size else resized_by_the_book(picture, size)
    assert np.array_equal(stored_square(picture, size), expected)


def test_the_square_is_centred_with_offsets_rounded_down() -> None:
    picture = np.zeros((4, 7, 3), np.uint8)
    picture[:, 1:5] = 9
    assert np.array_equal(stored_square(picture, 4), np.full((4, 4, 3), 9))
    assert np.array_equal(stored_square(picture.transpose(1, 0, 2), 4), np.full((4, 4, 3), 9))


def test_equal_sizes_are_a_copy_that_can_be_written_without_harm() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    assert np.array_equal(Preprocess(16, 1.0, 16)(picture), picture)


def test_the_crop_is_the_rounded_share() -> None:
    stored = np.zeros((10, 10, 3), np.uint8)
    stored[1:9, 1:9] = 7  # 0.75 * 10 = 7.5 rounds to 8
    assert np.array_equal(Preprocess(10, 0.75, 8).network_input(stored), np.full((8, 8, 3), 7))


def test_preprocess_is_its_parts_one_after_the_other() -> None:
    picture = np.random.default_rng(1).integers(0, 256, (50, 70, 3), dtype=np.uint8)
    preprocess = Preprocess(40, 0.9, 24)
    assert np.array_equal(preprocess(picture), preprocess.network_input(stored_square(picture, 40)))


@pytest.mark.parametrize("wrong", [(0, 1.0, 8), (8, 1.0, 0), (8, 0.0, 8), (8, 1.1, 8)])
def test_impossible_sizes_are_refused(wrong: tuple[int, float, int]) -> None:
    with pytest.raises(ValueError, match="must be"):
        Preprocess(*wrong)


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "RGBA", "CMYK", "I;16"])
@pytest.mark.parametrize("shape", [(20, 31), (31, 20), (16, 16), (15, 40)])
def test_a_square_made_while_decoding_is_the_same_to_the_byte(mode: str, shape: tuple[int, int]) -> None:
    values = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    if mode == "I;16":
        image = Image.fromarray(values[..., 0].astype(np.uint16) << 8)
    else:
        image = Image.fromarray(values).convert(mode)
    stream, kind = io.BytesIO(), "TIFF" if mode == "CMYK" else "PNG"
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save(stream, kind, exif=exif)
    for size in (16, 9, 40):
        wanted = stored_square(decode(stream.getvalue()), size)
        found = decode_square(stream.getvalue(), size)
        assert found.dtype == np.uint8
        np.testing.assert_array_equal(found, wanted)


def test_a_square_of_what_is_no_picture_is_refused_as_decode_does(tmp_path: Path) -> None:
    with pytest.raises(BadPicture):
        decode_square(b"no picture", 16)
    with pytest.raises(MissingPath):
        decode_square(tmp_path / "gone.png", 16)

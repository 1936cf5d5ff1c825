"""From the decoded pixels on every language gives the same bytes; decoders do not. How far apart are they?

    python perf/decoders.py MODEL… --photos FOLDER [--count 650]

JPEG allows a decoder some freedom in the inverse cosine transform, and all of it in the enlarging of the colour planes
(T.81, A.3.3 and A.1.1), so two decoders may differ and both be right. Against Pillow (libjpeg-turbo), with which the
training decodes, stand Java's ImageIO (libjpeg; Debian's build uses libjpeg-turbo), Chromium as the pages of fv use it
(libjpeg-turbo), and TensorFlow's decode_jpeg (libjpeg-turbo too) as two decoders that save work: with the fast, less
exact transform, which is its default, and with colour planes that are repeated instead of smoothly enlarged.

Each photo's centred square is compared, upright, before it is resized: largest and mean difference of a channel's value
(0 to 255), and the share of photos that are equal to the byte. Then every square goes the same way through the network:
share of photos whose most probable class changes. The decoders of Android and iOS are not here.
"""

from __future__ import annotations

import argparse
import shutil
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fv_core.preprocess import decode
from fv_edge_runtime.classifier import Classifier

HERE = Path(__file__).parent
SOURCES = HERE.parent / "web" / "src"
BROWSER_SECONDS = 1800
_EXIF_ORIENTATION = 0x0112
# None: a decoder that cannot read the photo.
Square = NDArray[np.uint8] | None


@dataclass(frozen=True)
class Apart:
    """How far a decoder is from Pillow; `changed`: model's name -> share of photos with another most probable class."""

    photos: int
    unread: int
    largest: int
    mean: float
    equal: float
    changed: dict[str, float]


def centre(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Centred square of an upright picture, offsets rounded down."""
    height, width, _ = picture.shape
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return np.ascontiguousarray(picture[top : top + side, left : left + side])


def by_java(photos: Sequence[Path]) -> list[Square]:
    """Squares as ImageIO decodes them; it does not turn, so the photo's own EXIF orientation is applied here."""
    with tempfile.TemporaryDirectory() as folder:
        names, out = Path(folder) / "names", Path(folder) / "out"
        names.write_text("\n".join(str(photo.resolve()) for photo in photos), encoding="utf-8")
        words = ["java", str(HERE / "decoders/Decode.java"), str(names), str(out)]
        subprocess.run(words, check=True)
        stream = BytesIO(out.read_bytes())
    return [_square_of_java(stream, photo) for photo in photos]


def _square_of_java(stream: BytesIO, photo: Path) -> Square:
    width, height = struct.unpack(">ii", stream.read(8))
    if width == 0:
        return None
    stored = np.frombuffer(stream.read(width * height * 3), dtype=np.uint8).reshape(height, width, 3)
    return centre(_turned(stored, photo))


def _turned(stored: NDArray[np.uint8], photo: Path) -> NDArray[np.uint8]:
    """Through a PNG with the photo's orientation: the turning is then the one that is tested elsewhere."""
    with Image.open(photo) as image:
        orientation = image.getexif().get(_EXIF_ORIENTATION, 1)
    if orientation == 1:
        return stored
    exif, png = Image.Exif(), BytesIO()
    exif[_EXIF_ORIENTATION] = orientation
    Image.fromarray(stored).save(png, "PNG", compress_level=1, exif=exif)
    return decode(png.getvalue())


def by_chromium(photos: Sequence[Path]) -> list[Square]:
    """Squares as the pages of fv decode them in Chromium."""
    squares: list[Square] = [None] * len(photos)
    done = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body, kind = _page(self.path, photos)
            self.send_response(200 if body is not None else 404)
            self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(body or b"")

        def do_POST(self) -> None:
            data = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            if self.path == "/done":
                done.set()
            elif data:
                side = round((len(data) / 3) ** 0.5)
                squares[int(self.path.rpartition("/")[2])] = np.frombuffer(data, np.uint8).reshape(side, side, 3)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing: the table is the output."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    _look_at(f"http://127.0.0.1:{server.server_port}/", done)
    server.shutdown()
    return squares


def by_tensorflow(photos: Sequence[Path]) -> list[Square]:
    """Squares as a tf.data pipeline decodes them when nothing is said: fast transform, smooth enlarging."""
    return _squares_of_tensorflow(photos, dct_method="INTEGER_FAST", fancy_upscaling=True)


def by_tensorflow_plainly(photos: Sequence[Path]) -> list[Square]:
    """Exact transform, colour planes enlarged by repeating: what a decoder may do that is built for speed."""
    return _squares_of_tensorflow(photos, dct_method="INTEGER_ACCURATE", fancy_upscaling=False)


def _squares_of_tensorflow(photos: Sequence[Path], *, dct_method: str, fancy_upscaling: bool) -> list[Square]:
    import tensorflow as tf

    squares: list[Square] = []
    for photo in photos:
        data = photo.read_bytes()
        stored = tf.io.decode_jpeg(data, channels=3, dct_method=dct_method, fancy_upscaling=fancy_upscaling)
        squares.append(centre(_turned(stored.numpy(), photo)))
    return squares


def _page(path: str, photos: Sequence[Path]) -> tuple[bytes | None, str]:
    if path == "/":
        return (HERE / "decoders/page.html").read_bytes(), "text/html"
    if path == "/count":
        return str(len(photos)).encode(), "text/plain"
    if path.startswith("/photo/"):
        return photos[int(path.rpartition("/")[2])].read_bytes(), "image/jpeg"
    source = SOURCES / Path(path).name
    return (source.read_bytes(), "text/javascript") if path == f"/src/{source.name}" else (None, "text/plain")


def _look_at(address: str, done: threading.Event) -> None:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        words = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}", address]
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            if not done.wait(BROWSER_SECONDS):
                sys.exit("the page did not come to an end")
        finally:
            process.terminate()
            process.wait()


def compared(
    squares: Sequence[Square],
    reference: Sequence[NDArray[np.uint8]],
    models: Sequence[Classifier],
    answers: Sequence[NDArray[np.intp]],
) -> Apart:
    """A decoder's squares against Pillow's; `answers`: for each model its most probable class of each photo."""
    pairs = [(n, square) for n, square in enumerate(squares) if square is not None]
    steps = [np.abs(square.astype(np.int16) - reference[n]) for n, square in pairs]
    values = sum(step.size for step in steps)
    changed = {}
    for model, expected in zip(models, answers, strict=True):
        found = np.array([best(model, square) for _, square in pairs])
        changed[model.path.name] = float(np.mean(found != expected[[n for n, _ in pairs]]))
    return Apart(
        photos=len(pairs),
        unread=len(squares) - len(pairs),
        largest=max(int(step.max()) for step in steps),
        mean=float(sum(step.sum(dtype=np.int64) for step in steps) / values),
        equal=float(np.mean([not step.any() for step in steps])),
        changed=changed,
    )


def best(model: Classifier, square: NDArray[np.uint8]) -> int:
    """Index of the most probable class of an upright square."""
    return int(np.argmax(model.probabilities(model.preprocess(square)[None])[0]))


def rows(apart: dict[str, Apart], models: Sequence[Classifier]) -> Iterator[str]:
    """The result as a Markdown table."""
    names = [model.path.name for model in models]
    yield "| decoder | photos | largest | mean | equal photos | " + " | ".join(f"changed, {n}" for n in names) + " |"
    yield "|---" * (5 + len(names)) + "|"
    for name, one in apart.items():
        cells = [f"{one.photos} ({one.unread} unread)", str(one.largest), f"{one.mean:.4f}", f"{one.equal:.1%}"]
        cells += [f"{one.changed[model]:.2%}" for model in names]
        yield f"| {name} | " + " | ".join(cells) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("models", nargs="+", type=Path, help="model files of fv")
    parser.add_argument("--photos", type=Path, required=True, help="a folder of JPEG files")
    parser.add_argument("--count", type=int, default=650, help="how many of them, in the order of their names")
    options = parser.parse_args()
    missing = [name for name in ("java", "chromium") if shutil.which(name) is None]
    if missing:
        sys.exit(f"needs {' and '.join(missing)}")
    photos = sorted(options.photos.rglob("*.jpg"))[: options.count]
    models = [Classifier(path) for path in options.models]
    reference = [centre(decode(photo)) for photo in photos]
    answers = [np.array([best(model, square) for square in reference]) for model in models]
    decoders = {
        "Java ImageIO": by_java,
        "Chromium": by_chromium,
        "TensorFlow, fast transform": by_tensorflow,
        "TensorFlow, colour repeated": by_tensorflow_plainly,
    }
    apart = {name: compared(run(photos), reference, models, answers) for name, run in decoders.items()}
    sys.stdout.write("\n".join(rows(apart, models)) + "\n")


if __name__ == "__main__":
    main()

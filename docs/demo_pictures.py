"""Take docs/images/demo-*.png and benchmark-browser.png: the pages in headless Chromium, on drawn plates.

    python docs/demo_pictures.py RUN

RUN is a run trained on `builtin:plates` with an int8 and an fp32 TFLite export. Needs Chromium and `make web-assets`.
No picture shows a photo of anybody's: only plates that `fv` draws.
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from fv_benchmark.protocol import Protocol  # noqa: E402 - the tests' browser is found from the root alone
from fv_benchmark.targets import TargetOptions  # noqa: E402 - as above
from fv_benchmark.targets.browser.target import BrowserTarget  # noqa: E402 - as above
from fv_benchmark.web.demo import DemoOptions, demo_app  # noqa: E402 - as above
from fv_benchmark.web.open_page import Where, open_page  # noqa: E402 - as above
from fv_cli.commands.demo import file_of, float_twin, mistakes_of  # noqa: E402 - as above
from fv_core.progress import Silent  # noqa: E402 - as above
from fv_train.plates import CLASSES, draw, seed_of  # noqa: E402 - as above
from tests.web.chromium import Chromium, Page  # noqa: E402 - as above

IMAGES = ROOT / "docs/images"
SIZES = {"phone": (390, 844), "desktop": (1280, 800)}
SCHEMES = ("light", "dark")
# A plate of the test split, larger than any the network has seen.
PHOTO = ("pizza", 3, 900)
COLOURS = 256


def main(run: Path) -> None:
    """Take every picture."""
    file = file_of(run)
    twin = float_twin(file)
    with Chromium() as browser, TemporaryDirectory() as name:
        photo = Path(name) / "photo.png"
        dish, index, size = PHOTO
        label = CLASSES.index(dish)
        Image.fromarray(draw(label, seed_of("test", label, index), size)).save(photo)
        demo(browser, DemoOptions((file, twin) if twin else (file,), mistakes=mistakes_of(run)), photo)
        benchmark(browser, [file] if twin is None else [twin, file])


def demo(browser: Chromium, options: DemoOptions, photo: Path) -> None:
    """The demo's page at both sizes, in both colour schemes."""
    page = open_page(demo_app(options), Where(lan=True))
    try:
        tab = browser.open(page.url)
        tab.wait_for("document.body.dataset.state === 'ready'", seconds=60)
        tab.choose_file("#file", photo)
        tab.wait_for("document.body.dataset.shown")
        for size, (width, height) in SIZES.items():
            for scheme in SCHEMES:
                tab.look(width, height, scheme)
                take(tab, f"demo-{size}-{scheme}.png")
    finally:
        page.server.stop()


def benchmark(browser: Chromium, files: list[Path]) -> None:
    """The benchmark's page on a phone, after two blocks of each file."""
    tabs: list[Page] = []

    class Visited(Silent):
        def say(self, message: str) -> None:
            if message.startswith("open: "):
                url = message.removeprefix("open: ")
                opening = threading.Thread(target=lambda: tabs.append(browser.open(url, width=390, height=844)))
                opening.start()

    target = BrowserTarget("browser", "wasm", TargetOptions())
    try:
        target.open(files, Visited())
        for path in files * 2:
            target.measure(path, 1, Protocol())
    finally:
        target.close()
    take(tabs[0], "benchmark-browser.png")


def take(tab: Page, name: str) -> None:
    """One picture, with a palette: a fifth of the size."""
    tab.evaluate("new Promise((done) => setTimeout(done, 500))")  # the bars grow for a quarter of a second
    path = IMAGES / name
    tab.screenshot(path)
    Image.open(path).convert("RGB").quantize(COLOURS).save(path, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

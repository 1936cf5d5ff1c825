"""The pages in a real browser, over HTTPS and plain HTTP, through an address that is not the loopback."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image

from fv_benchmark.answer import Question
from fv_benchmark.protocol import Protocol
from fv_benchmark.targets import TargetOptions
from fv_benchmark.targets.browser.errors import BrowserFailed
from fv_benchmark.targets.browser.target import BrowserTarget
from fv_benchmark.web.address import lan_addresses
from fv_benchmark.web.assets import web_assets
from fv_benchmark.web.demo import DemoOptions, demo_app
from fv_benchmark.web.errors import WebAssetsMissing
from fv_benchmark.web.mistakes import Mistake
from fv_benchmark.web.open_page import Where, open_page
from fv_core import golden
from fv_core.manifest import Golden
from fv_core.progress import Silent
from fv_edge_runtime.classifier import Classifier
from tests.benchmark.builders import image_set
from tests.edge_runtime.tiny_models import LABELS, SIZE, float_model, onnx_with_manifest, quantized_model, with_manifest
from tests.web.chromium import Chromium, Page

pytestmark = [pytest.mark.timeout(120), pytest.mark.xdist_group("chromium")]
# float32 sums in another order, and another exp in the softmax.
SAME = 1e-5
QUICK = Protocol(blocks=1, block_seconds=0.02, warm_up_seconds=0.05)


@pytest.fixture(scope="module")
def browser() -> Iterator[Chromium]:
    try:
        web_assets()
    except WebAssetsMissing as error:
        pytest.skip(f"needs the built pages: {error.hint}")
    if not lan_addresses():
        pytest.skip("needs an address that is not the loopback")
    with Chromium("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream") as running:
        yield running


class Visited(Silent):
    """Opens the address in the browser as soon as it is said."""

    def __init__(self, browser: Chromium) -> None:
        self._browser = browser
        self.lines: list[str] = []
        self.url = ""
        self._opening: threading.Thread | None = None

    def say(self, message: str) -> None:
        self.lines.append(message)
        if message.startswith("open: "):
            self.url = message.removeprefix("open: ")
            # The server runs already; the target waits for the page behind this call.
            self._opening = threading.Thread(target=self._browser.open, args=(self.url,))
            self._opening.start()

    def leave(self) -> None:
        """One thread at a time may speak to the browser."""
        if self._opening is not None:
            self._opening.join()


@contextmanager
def measuring(
    browser: Chromium, models: list[Path], *, plain_http: bool, accelerator: str = "wasm"
) -> Iterator[tuple[BrowserTarget, Visited]]:
    target, visited = BrowserTarget("browser", accelerator, TargetOptions(plain_http=plain_http)), Visited(browser)
    try:
        target.open(models, visited)
        yield target, visited
    finally:
        target.close()
        visited.leave()


def models(folder: Path) -> list[Path]:
    tflite = with_manifest(quantized_model(), folder / "tiny_int8.tflite", scheme="int8")
    return [tflite, onnx_with_manifest(folder / "tiny_fp32.onnx")]


@pytest.mark.parametrize("plain_http", [False, True], ids=["https", "http"])
def test_the_browser_measures_and_answers_as_python_does(browser: Chromium, tmp_path: Path, plain_http: bool) -> None:
    paths = models(tmp_path)
    imageset = image_set(tmp_path / "set")
    inputs = np.asarray(imageset.split("validation").images)
    with measuring(browser, paths, plain_http=plain_http) as (target, visited):
        assert not urlsplit(visited.url).hostname.startswith("127.")  # type: ignore[union-attr]  # it has a host
        for path in paths:
            found = target.answers(path, Question(imageset.folder, "validation", 1), Silent())
            here = Classifier(path).probabilities(inputs)
            assert np.abs(found.probabilities - here).max() <= SAME
        now = target.snapshot()
        facts = target.describe(now, now).facts
    assert facts["secure context"] is not plain_http
    assert facts["cross-origin isolated"] is not plain_http
    assert any("no secure context" in line for line in visited.lines) is plain_http


def test_a_block_is_timed_by_the_protocol(browser: Chromium, tmp_path: Path) -> None:
    with measuring(browser, models(tmp_path), plain_http=False) as (target, _):
        for path in models(tmp_path):
            block = target.measure(path, 1, QUICK)
            assert block.init_ns > 0
            assert len(block.samples_ns) >= QUICK.min_calls
            assert re.search("LiteRT.js" if path.suffix == ".tflite" else "onnxruntime-web", block.runtime)


def test_a_clock_that_is_coarser_than_a_call_is_said(browser: Chromium, tmp_path: Path) -> None:
    # Chromium's clock steps by 0.1 ms where a page is not isolated; this network takes a fraction of that.
    path = models(tmp_path)[0]
    with measuring(browser, [path], plain_http=True) as (target, _), pytest.raises(BrowserFailed, match="too coarse"):
        target.measure(path, 1, QUICK)


def test_threads_run_where_the_page_is_isolated(browser: Chromium, tmp_path: Path) -> None:
    with measuring(browser, models(tmp_path), plain_http=False) as (target, _):
        for path in models(tmp_path):
            assert target.measure(path, 2, QUICK).samples_ns


def test_threads_are_refused_and_not_replaced_where_it_is_not(browser: Chromium, tmp_path: Path) -> None:
    with measuring(browser, models(tmp_path), plain_http=True) as (target, _):
        for path in models(tmp_path):
            with pytest.raises(BrowserFailed, match="cross-origin isolated"):
                target.measure(path, 2, QUICK)


def test_where_there_is_no_webgpu_nothing_else_is_measured_instead(browser: Chromium, tmp_path: Path) -> None:
    with measuring(browser, models(tmp_path), plain_http=False, accelerator="webgpu") as (target, visited):
        assert any("no WebGPU" in line for line in visited.lines)
        for path in models(tmp_path):
            with pytest.raises(BrowserFailed, match="no WebGPU"):
                target.measure(path, 1, QUICK)


def test_a_run_without_a_pause(browser: Chromium, tmp_path: Path) -> None:
    path = models(tmp_path)[0]
    with measuring(browser, [path], plain_http=False) as (target, _):
        run = target.sustain(path, 1, 2.0, Silent())
    assert 2 <= len(run.slices) <= 3
    assert all(one.calls >= len(one.samples_ns) > 0 for one in run.slices)


HOSTILE = "</h2><img src=x onerror=\"document.body.dataset.hacked='yes'\">"


@contextmanager
def demo(browser: Chromium, options: DemoOptions, *, plain_http: bool = False) -> Iterator[tuple[Page, str]]:
    page = open_page(demo_app(options), Where(lan=True, plain_http=plain_http))
    try:
        tab = browser.open(page.url, width=390, height=844)
        tab.wait_for("document.body.dataset.state", seconds=60)
        yield tab, page.url
    finally:
        page.server.stop()


def test_the_demo_answers_and_loads_nothing_from_elsewhere(browser: Chromium, tmp_path: Path) -> None:
    labels = (HOSTILE, *LABELS[1:])
    pictures = [golden.draw(seed, SIZE) for seed in (1, 2)]
    path = with_manifest(quantized_model(), tmp_path / "tiny_int8.tflite", scheme="int8", labels=labels)
    answers = Classifier(path).probabilities(np.stack(pictures))
    told = tuple(
        Golden(seed, golden.sha256_of(picture), tuple(map(float, row)), tuple(map(float, row)))
        for seed, picture, row in zip((1, 2), pictures, answers, strict=True)
    )
    whole = {"scheme": "int8", "labels": labels, "golden": told, "golden_tolerance": SAME}
    with_manifest(quantized_model(), path, **whole)
    twin = with_manifest(float_model(), tmp_path / "tiny_fp32.tflite", labels=labels)
    red = np.zeros((30, 40, 3), dtype=np.uint8) + np.array([250, 10, 10], dtype=np.uint8)
    Image.fromarray(red).save(tmp_path / "red.png")
    mistakes = (Mistake(red[:30, :30], labels[1], HOSTILE, 0.9),)
    with demo(browser, DemoOptions((path, twin), mistakes=mistakes)) as (page, url):
        page.choose_file("#file", tmp_path / "red.png")
        page.wait_for("document.body.dataset.shown")
        assert page.evaluate("document.getElementById('answer').textContent") == HOSTILE
        assert "agree" in page.evaluate("document.getElementById('difference').textContent")
        assert page.evaluate("document.querySelectorAll('#times b').length") == 3
        page.evaluate("document.getElementById('check').click()")
        assert page.wait_for("document.body.dataset.check") == "passed"
        page.evaluate("document.querySelector('.mistake').click()")
        assert page.evaluate("document.body.dataset.hacked ?? null") is None
        assert page.evaluate("document.querySelector('img[onerror]')") is None
    asked = [one["request"]["url"] for one in page.events("Network.requestWillBeSent")]
    assert len(asked) > 5
    assert [one for one in asked if not one.startswith((url, "data:", "blob:"))] == []
    assert page.events("Runtime.exceptionThrown") == []


def test_the_demos_check_sees_a_wrong_answer(browser: Chromium, tmp_path: Path) -> None:
    wrong = (Golden(1, golden.sha256_of(golden.draw(1, SIZE)), (0.1, 0.2, 0.7), (0.1, 0.2, 0.7)),)
    path = with_manifest(float_model(), tmp_path / "tiny_fp32.tflite", golden=wrong, golden_tolerance=SAME)
    with demo(browser, DemoOptions((path,))) as (page, _):
        page.evaluate("document.getElementById('check').click()")
        assert page.wait_for("document.body.dataset.check") == "failed"


def test_the_camera_is_asked_until_it_is_stopped(browser: Chromium, tmp_path: Path) -> None:
    path = with_manifest(float_model(), tmp_path / "tiny_fp32.tflite")
    with demo(browser, DemoOptions((path,))) as (page, _):
        page.evaluate("document.getElementById('camera').click()")
        page.wait_for("document.body.dataset.shown")
        assert page.evaluate("document.getElementById('video').srcObject.active") is True
        page.evaluate("window.track = document.getElementById('video').srcObject.getTracks()[0]; 0")
        page.evaluate("document.getElementById('camera').click()")
        assert page.evaluate("window.track.readyState") == "ended"
        assert page.evaluate("document.getElementById('camera').textContent") == "Camera"


def test_without_https_the_camera_is_missing_and_it_says_so(browser: Chromium, tmp_path: Path) -> None:
    path = with_manifest(float_model(), tmp_path / "tiny_fp32.tflite")
    with demo(browser, DemoOptions((path,)), plain_http=True) as (page, _):
        page.wait_for("document.body.dataset.state === 'ready'", seconds=60)
        assert page.evaluate("document.getElementById('camera').disabled") is True
        assert "plain HTTP" in page.evaluate("document.getElementById('said').textContent")


def test_a_file_that_is_no_picture_is_said(browser: Chromium, tmp_path: Path) -> None:
    path = with_manifest(float_model(), tmp_path / "tiny_fp32.tflite")
    (tmp_path / "no.png").write_bytes(b"no picture")
    with demo(browser, DemoOptions((path,))) as (page, _):
        page.choose_file("#file", tmp_path / "no.png")
        page.wait_for("document.getElementById('said').textContent.includes('cannot read that picture')")


def test_the_policy_stops_what_would_come_from_elsewhere(browser: Chromium, tmp_path: Path) -> None:
    path = with_manifest(float_model(), tmp_path / "tiny_fp32.tflite")
    with demo(browser, DemoOptions((path,))) as (page, _):
        outcome = "fetch('https://192.0.2.1/x').then(() => 'loaded', (error) => error.name)"
        assert page.evaluate(outcome) == "TypeError"
        told = "new Promise((done) => document.addEventListener('securitypolicyviolation', (e) => done(e.blockedURI)))"
        page.evaluate(
            f"window.told = {told}; document.body.append(Object.assign(new Image(), {{src: 'https://192.0.2.1/y'}})); 0"
        )
        assert page.evaluate("window.told") == "https://192.0.2.1/y"

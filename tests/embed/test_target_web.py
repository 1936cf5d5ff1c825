"""The web project: complete, loads nothing from elsewhere, and passes its golden test in a browser, offline too."""

from __future__ import annotations

import functools
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from fv_benchmark.web.assets import web_assets
from fv_benchmark.web.errors import WebAssetsMissing
from tests.embed import hostile
from tests.embed.conftest import MakeProject
from tests.web.chromium import Chromium

# The runtime is compiled before the first answer; generous, for a busy machine.
BROWSER_SECONDS = 90


@pytest.fixture(autouse=True)
def _assets() -> None:
    try:
        web_assets()
    except WebAssetsMissing as error:
        pytest.skip(f"{error}; {error.hint}")


@contextmanager
def static_host(folder: Path) -> Iterator[str]:
    """A host of static files that knows no special headers, as the cheapest ones."""

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Nothing: a test's output is its own."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("model", ["plain.tflite", "plain.onnx", "hostile.tflite"])
def test_every_file_that_the_page_asks_for_is_there(make_project: MakeProject, model: str) -> None:
    project = make_project("web", model)
    about = json.loads((project / "model.json").read_text(encoding="utf-8"))
    paths = [one["path"] for one in about["models"]] + [one["path"] for one in about["golden"]["pictures"]]
    assert len(paths) == 9
    assert [path for path in paths if not (project / path).is_file()] == []
    assert (project / "index.html").is_file()
    assert not (project / "demo.html").exists()
    assert (project / "LICENSES.txt").is_file()


def test_labels_are_those_of_the_model(make_project: MakeProject) -> None:
    text = (make_project("web", "hostile.tflite") / "model.json").read_text(encoding="utf-8")
    assert text.isascii()
    assert tuple(json.loads(text)["labels"]) == hostile.LABELS


@pytest.mark.slow
@pytest.mark.parametrize("model", ["plain.tflite", "plain.onnx", "hostile.tflite"])
def test_the_golden_test_passes_in_a_browser(make_project: MakeProject, model: str) -> None:
    with static_host(make_project("web", model)) as address, Chromium() as browser:
        page = browser.open(f"{address}/index.html#check")
        assert page.wait_for("document.body.dataset.check", BROWSER_SECONDS) == "passed"
        asked = [event["params"]["request"]["url"] for event in browser.events if "request" in event.get("params", {})]
        assert [url for url in asked if not url.startswith((address, "blob:", "data:"))] == []


@pytest.mark.slow
def test_a_wrong_answer_fails_the_golden_test(make_project: MakeProject, tmp_path: Path) -> None:
    project = make_project("web", "plain.tflite")
    copy = tmp_path / "copy"
    copy.mkdir()
    for path in project.iterdir():
        if path.name != "model.json":
            (copy / path.name).symlink_to(path)
    about = json.loads((project / "model.json").read_text(encoding="utf-8"))
    about["golden"]["pictures"][3]["expected"].reverse()
    (copy / "model.json").write_text(json.dumps(about), encoding="utf-8")
    with static_host(copy) as address, Chromium() as browser:
        page = browser.open(f"{address}/index.html#check")
        assert page.wait_for("document.body.dataset.check", BROWSER_SECONDS) == "failed"


@pytest.mark.slow
def test_it_works_where_the_host_has_gone(make_project: MakeProject) -> None:
    """After one visit the service worker holds everything: the host stops, the page is loaded again and checked."""
    with Chromium() as browser:
        with static_host(make_project("web", "plain.tflite")) as address:
            page = browser.open(f"{address}/index.html#check")
            page.wait_for("document.body.dataset.check", BROWSER_SECONDS)
            page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        again = browser.open(f"{address}/index.html#check")
        assert again.wait_for("document.body.dataset.check", BROWSER_SECONDS) == "passed"
        assert again.evaluate("navigator.serviceWorker.controller !== null")


def test_the_model_is_a_copy(make_project: MakeProject, model_files: Path) -> None:
    copy = make_project("web", "plain.tflite") / "models/model.tflite"
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in (copy, model_files / "plain.tflite")]
    assert digests[0] == digests[1]

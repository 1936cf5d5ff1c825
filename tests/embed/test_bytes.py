"""Two hundred pictures become the same bytes in Python, Kotlin and JavaScript (Node and a browser).

Kotlin is what `fv embed --target android` writes, compiled with Debian's compiler; JavaScript is the module that the
pages are built from. Swift's lines are Kotlin's, and are compiled where there is a compiler.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.embed.conftest import MakeProject
from tests.embed.kotlin import Compiled
from tests.embed.many_pictures import COUNT, Job, draw_jobs

ROOT = Path(__file__).parents[2]
PREPROCESS_JS = ROOT / "web/src/preprocess.js"
WEB = Path(__file__).with_name("web")
BROWSER_SECONDS = 120
SWIFT_SECONDS = 300

# One xdist worker: the compiler and the pictures are made once.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("kotlin")]


@pytest.fixture(scope="module")
def jobs() -> list[Job]:
    return draw_jobs()


@pytest.fixture(scope="module")
def written(jobs: list[Job], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """jobs.txt and jobs.json with one job a line or entry, and the pixels of all of them one behind another."""
    folder = tmp_path_factory.mktemp("jobs")
    lines, entries, at = [], [], 0
    for job in jobs:
        height, width, _ = job.pixels.shape
        chain = job.preprocess
        words = (width, height, job.orientation, chain.store_size, chain.crop_fraction, chain.input_size)
        lines.append(" ".join(map(repr, words)))
        entries.append(
            {"width": width, "height": height, "orientation": job.orientation, "at": at, "preprocess": asdict(chain)}
        )
        at += job.pixels.size
    (folder / "jobs.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "jobs.json").write_text(json.dumps(entries), encoding="utf-8")
    (folder / "pixels").write_bytes(b"".join(job.pixels.tobytes() for job in jobs))
    return folder


def check(name: str, answer: bytes, jobs: list[Job]) -> None:
    """Byte for byte; says which pictures differ, and prints the result for whoever runs with -s."""
    at, different = 0, []
    for number, job in enumerate(jobs):
        if answer[at : at + len(job.expected)] != job.expected:
            different.append(number)
        at += len(job.expected)
    assert different == []
    assert len(answer) == at
    print(f"{name}: {len(jobs)} pictures, {at} bytes, identical to Python")


def test_the_pictures_are_what_they_are_said_to_be(jobs: list[Job]) -> None:
    assert len(jobs) == COUNT
    assert {job.orientation for job in jobs} == set(range(1, 9))
    assert sum(job.pixels.shape[0] % 2 or job.pixels.shape[1] % 2 for job in jobs) > COUNT / 2
    assert len({job.expected for job in jobs if job.preprocess.input_size > 1}) > COUNT / 2


def test_kotlin(jobs: list[Job], written: Path, kotlin: Compiled) -> None:
    out = written / "kotlin"
    done = kotlin.run("jobs.JobsKt", str(written / "jobs.txt"), str(written / "pixels"), str(out))
    assert done.returncode == 0, done.stderr
    check("Kotlin", out.read_bytes(), jobs)


def test_javascript_in_node(jobs: list[Job], written: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs Node")
    out = written / "node"
    words = [node, WEB / "jobs.mjs", PREPROCESS_JS, written / "jobs.json", written / "pixels", out]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    check("JavaScript in Node", out.read_bytes(), jobs)


def test_javascript_in_a_browser(jobs: list[Job], written: Path, tmp_path: Path) -> None:
    browser = shutil.which("chromium")
    if browser is None:
        pytest.skip("needs Chromium")
    with served(written) as (address, answers):
        words = [browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}", address]
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            assert answers.arrived.wait(BROWSER_SECONDS), "the page did not answer"
        finally:
            process.terminate()
            process.wait(timeout=30)
    check("JavaScript in Chromium", answers.data, jobs)


def test_swift(jobs: list[Job], written: Path, make_project: MakeProject, tmp_path: Path) -> None:
    swift = shutil.which("swiftc")
    if swift is None:
        pytest.skip("there is no Swift compiler: not compiled here")
    project = make_project("ios", "plain.tflite")
    sources = [next(project.rglob("Preprocess.swift")), Path(__file__).with_name("swift") / "main.swift"]
    program, out = tmp_path / "jobs", written / "swift"
    made = subprocess.run([swift, "-O", *sources, "-o", program], capture_output=True, text=True, timeout=SWIFT_SECONDS)
    assert made.returncode == 0, made.stderr
    words = [program, written / "jobs.txt", written / "pixels", out]
    done = subprocess.run(words, capture_output=True, text=True, timeout=SWIFT_SECONDS)
    assert done.returncode == 0, done.stderr
    check("Swift", out.read_bytes(), jobs)


class Answers:
    """What the page sends back."""

    def __init__(self) -> None:
        self.arrived = threading.Event()
        self.data = b""


@contextmanager
def served(written: Path) -> Iterator[tuple[str, Answers]]:
    """A server of the page, its module and the jobs, on this machine only."""
    answers = Answers()
    files = {
        "/": (WEB / "page.html", "text/html"),
        "/preprocess.js": (PREPROCESS_JS, "text/javascript"),
        "/jobs.json": (written / "jobs.json", "application/json"),
        "/pixels": (written / "pixels", "application/octet-stream"),
    }

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path not in files:
                self.send_error(404)
                return
            path, kind = files[self.path]
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(path.read_bytes())

        def do_POST(self) -> None:
            answers.data = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(204)
            self.end_headers()
            answers.arrived.set()

        def log_message(self, *_: object) -> None:
            """Nothing: a test's output is its own."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", answers
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

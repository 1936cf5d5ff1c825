"""The browser as a target, with a page of our own making at the other end."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fv_benchmark.answer import Question
from fv_benchmark.errors import AccuracyNotThere, BadAnswer
from fv_benchmark.protocol import Protocol
from fv_benchmark.targets import TargetOptions
from fv_benchmark.targets.browser import target as module
from fv_benchmark.targets.browser.errors import BrowserFailed, BrowserNotThere
from fv_benchmark.targets.browser.pictures import CHUNK
from fv_benchmark.targets.browser.target import BrowserTarget, probabilities
from fv_benchmark.web import model, open_page
from fv_core.progress import Silent
from tests.benchmark.builders import CLASSES, image_set
from tests.edge_runtime.tiny_models import float_model, with_manifest
from tests.web.fake_page import CUT_OFF, Answer, FakePage, PageFailure

BLOCK = {
    "init_ns": 5_000_000,
    "first_ns": 3_000_000,
    "warm_up_calls": 10,
    "steady": True,
    "samples_ns": [1_000_000, 1_100_000],
    "runtime": "Test runtime 1",
    "peak_memory_bytes": None,
}


class Told(Silent):
    """Keeps what is said, and hands the address to the page as soon as it is there."""

    def __init__(self, visit: Callable[[str], None]) -> None:
        self.lines: list[str] = []
        self._visit = visit

    def say(self, message: str) -> None:
        self.lines.append(message)
        if message.startswith("open: "):
            self._visit(message.removeprefix("open: "))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model file; pages that are empty, and a network that ends at this machine."""
    assets = tmp_path / "assets"
    assets.mkdir()
    (assets / "benchmark.html").write_text("<p>benchmark</p>")
    monkeypatch.setattr(module, "web_assets", lambda: assets)
    # A page that broke is noticed after seconds, not minutes.
    monkeypatch.setattr(module, "_OPENING_S", 5.0)
    # In this process: a child for each of these tests would take longer than all of them.
    monkeypatch.setattr(model, "run_in_child", lambda _name, path, **_limits: model.read_here(path))
    monkeypatch.setattr(open_page, "lan_address", lambda: "127.0.0.1")
    return with_manifest(float_model(), tmp_path / "tiny_fp32.tflite", labels=CLASSES)


@contextmanager
def opened(
    path: Path, answer: Answer, *, plain_http: bool = True, **facts: Any
) -> Iterator[tuple[BrowserTarget, Told]]:
    """A target whose page answers so; closed behind the block."""
    pages: list[FakePage] = []
    told = Told(lambda url: pages.append(FakePage(url, answer, **facts)))
    target = BrowserTarget("browser", "wasm", TargetOptions(plain_http=plain_http))
    try:
        target.open([path], told)
        yield target, told
    finally:
        target.close()
        for page in pages:
            page.__exit__(None, None, None)


def says(value: Any) -> Answer:
    return lambda _job, _page: value if isinstance(value, bytes) else json.dumps(value).encode()


def test_a_block_and_the_job_that_asked_for_it(here: Path) -> None:
    jobs: list[dict[str, Any]] = []

    def answer(job: dict[str, Any], page: FakePage) -> bytes:
        jobs.append(job)
        assert page.get("model/0") == here.read_bytes()
        return json.dumps(BLOCK).encode()

    with opened(here, answer) as (target, _):
        block = target.measure(here, 2, Protocol(blocks=1))
    assert block.samples_ns == (1_000_000, 1_100_000)
    (job,) = jobs
    assert job["model"] == {"index": 0, "name": "tiny_fp32.tflite", "format": "tflite"}
    assert (job["threads"], job["accelerator"], job["protocol"]["blocks"]) == (2, "wasm", 1)


def test_over_https_the_fingerprint_is_shown(here: Path) -> None:
    with opened(here, says(BLOCK), plain_http=False) as (target, told):
        assert target.measure(here, 1, Protocol()).steady
    assert any(line.startswith("SHA-256 fingerprint: ") for line in told.lines)
    assert any(line.startswith("open: https://127.0.0.1:") for line in told.lines)


@pytest.mark.parametrize(
    "forged",
    [
        b"",
        b"\x00" * 1000,
        b"[]",
        b"null",
        BLOCK | {"samples_ns": []},
        BLOCK | {"samples_ns": [-5]},
        BLOCK | {"samples_ns": ["1"]},
        BLOCK | {"samples_ns": [1.5]},
        BLOCK | {"samples_ns": 7},
        BLOCK | {"init_ns": -1},
        BLOCK | {"init_ns": 1 << 70},
        BLOCK | {"extra": 1},
        {key: value for key, value in BLOCK.items() if key != "steady"},
    ],
)
def test_a_forged_block_is_refused(here: Path, forged: Any) -> None:
    with opened(here, says(forged)) as (target, _), pytest.raises(BadAnswer):
        target.measure(here, 1, Protocol())


def test_more_than_was_asked_for_is_not_read(here: Path) -> None:
    page: list[FakePage] = []

    def answer(job: dict[str, Any], one: FakePage) -> bytes:
        page.append(one)
        one.post(f"result/{job['id']}", b"[" + b"1," * 3_000_000)
        assert one.statuses[-1] in (413, CUT_OFF)
        return json.dumps(BLOCK).encode()

    with opened(here, answer) as (target, _):
        assert target.measure(here, 1, Protocol(max_calls=100, block_limit_seconds=5.0)).steady
    assert page


def test_text_of_the_page_is_printable(here: Path) -> None:
    with opened(here, says(BLOCK | {"runtime": "x\x1b[2J"}), user_agent="Evil/1 (\x1b[31mred)") as (target, _):
        assert target.measure(here, 1, Protocol()).runtime == "x\\x1b[2J"
        now = target.snapshot()
        assert "\x1b" not in target.describe(now, now).os


def test_a_clock_that_is_too_coarse_is_said(here: Path) -> None:
    coarse = BLOCK | {"samples_ns": [0, 1_000_000]}
    with opened(here, says(coarse), clock_step_ns=1_000_000) as (target, _), pytest.raises(BrowserFailed) as raised:
        target.measure(here, 1, Protocol())
    assert "1 ms" in raised.value.why


def test_what_the_browser_lacks_is_said(here: Path) -> None:
    lacking = {"secure_context": False, "cross_origin_isolated": False, "threads": 1}
    with opened(here, says(BLOCK), **lacking) as (target, told):
        now = target.snapshot()
        machine = target.describe(now, now)
    assert any("no secure context" in line for line in told.lines)
    assert (machine.facts["secure context"], machine.facts["threads"], machine.target) == (False, 1, "browser")
    with opened(here, says(BLOCK)) as (_, told):
        assert not any("secure context" in line or "isolated" in line for line in told.lines)


def test_answers_are_about_the_same_pictures_in_the_classes_order(here: Path, tmp_path: Path) -> None:
    imageset = image_set(tmp_path / "set")  # 60 pictures: more than three chunks
    split = imageset.split("validation")

    def answer(job: dict[str, Any], page: FakePage) -> bytes:
        chunks = [page.get(f"pictures/{job['id']}/{number}") for number in range(5)]
        inputs = np.frombuffer(b"".join(chunks), dtype=np.uint8).reshape(-1, 8, 8, 3)
        assert len(chunks[0]) == CHUNK * 8 * 8 * 3
        assert len(inputs) == job["count"]
        page.post(f"progress/{job['id']}", json.dumps({"done": 60, "total": 60}).encode())
        means = inputs.mean(axis=(1, 2))
        return (means / means.sum(axis=1, keepdims=True)).astype("<f4").tobytes()

    question = Question(imageset.folder, "validation", threads=2)
    with opened(here, answer) as (target, _):
        found = target.answers(here, question, Silent())
    means = np.asarray(split.images).mean(axis=(1, 2))
    assert np.allclose(found.probabilities, means / means.sum(axis=1, keepdims=True), atol=1e-6)
    assert found.ids == split.ids
    assert np.array_equal(found.labels, split.labels)
    assert found.dataset_fingerprint == imageset.fingerprint


def test_fewer_pictures_are_spread_evenly(here: Path, tmp_path: Path) -> None:
    imageset = image_set(tmp_path / "set")
    same = np.full((6, 3), 1 / 3, dtype="<f4").tobytes()
    with opened(here, says(same)) as (target, _):
        found = target.answers(here, Question(imageset.folder, "validation", 1, limit=6), Silent())
    assert found.ids == tuple(f"picture/{index}" for index in range(0, 60, 10))


def test_a_model_that_the_browser_cannot_run_has_no_accuracy(here: Path, tmp_path: Path) -> None:
    imageset = image_set(tmp_path / "set")

    def answer(_job: dict[str, Any], _page: FakePage) -> bytes:
        raise PageFailure("no such operator")

    with opened(here, answer) as (target, _), pytest.raises(AccuracyNotThere, match="no such operator"):
        target.answers(here, Question(imageset.folder, "validation", 1), Silent())


def test_a_continuous_run(here: Path) -> None:
    slices = [{"at_s": 0.0, "seconds": 1.0, "calls": 2, "samples_ns": [5, 6]}]
    with opened(here, says({"slices": slices, "runtime": "Test"})) as (target, _):
        assert target.sustain(here, 1, 2.0, Silent()).slices[0].samples_ns == (5, 6)
    with opened(here, says({"slices": slices * 50, "runtime": "Test"})) as (target, _), pytest.raises(BadAnswer):
        target.sustain(here, 1, 2.0, Silent())


def test_where_nobody_comes(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WAIT_FOR_PAGE_S", 0.2)
    target = BrowserTarget("browser", "wasm", TargetOptions(plain_http=True))
    with pytest.raises(BrowserNotThere):
        target.open([here], Silent())
    target.close()
    target.close()


def test_a_target_that_was_never_opened_closes() -> None:
    BrowserTarget("browser", "wasm", TargetOptions()).close()


@pytest.mark.parametrize(
    "rows",
    [
        [[0.5, 0.6], [0.5, 0.5]],
        [[np.nan, 1.0], [0.5, 0.5]],
        [[-0.5, 1.5], [0.5, 0.5]],
        [[np.inf, 0.0], [0.5, 0.5]],
    ],
)
def test_what_is_no_probability_is_refused(rows: list[list[float]]) -> None:
    with pytest.raises(BadAnswer):
        probabilities(np.array(rows, dtype="<f4").tobytes(), 2, 2)


def test_probabilities_of_another_size_are_refused() -> None:
    with pytest.raises(BadAnswer):
        probabilities(np.full((3, 2), 0.5, dtype="<f4").tobytes(), 2, 2)
    assert probabilities(np.full((2, 2), 0.5, dtype="<f4").tobytes(), 2, 2).shape == (2, 2)

"""The browser as a target of the benchmark: one page, one job after another, each in a fresh worker with a fresh heap.

What a block's `init_ns` holds is more than on other targets: a page has to compile the runtime's WASM for every worker.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fv_benchmark import strict
from fv_benchmark.accuracy import columns
from fv_benchmark.answer import Question
from fv_benchmark.errors import AccuracyNotThere, BadAnswer
from fv_benchmark.machine import Machine, Snapshot
from fv_benchmark.protocol import Protocol
from fv_benchmark.slices import MAX_SLICE_SAMPLES, SLICE_SECONDS, Sustained
from fv_benchmark.targets import Block, Cooling, TargetOptions
from fv_benchmark.targets._block import block_from, sustained_from
from fv_benchmark.targets.browser.errors import BrowserFailed
from fv_benchmark.targets.browser.machine import machine_of
from fv_benchmark.targets.browser.pictures import ChosenPictures
from fv_benchmark.targets.browser.reverse import adb_reverse, end_adb_reverse
from fv_benchmark.targets.browser.session import Facts, Job, Session, new_id, read_json
from fv_benchmark.web.assets import asset_names, web_assets
from fv_benchmark.web.model import PageModel, page_model
from fv_benchmark.web.open_page import OpenPage, Where, open_page, say_where
from fv_benchmark.web.server import App
from fv_core.files import sha256_of_file
from fv_core.imageset import ImageSet
from fv_core.predictions import Predictions
from fv_core.progress import Progress

# Long enough to find the phone, scan the code and pass the browser's warning.
WAIT_FOR_PAGE_S = 600.0
_FINISH_S = 5.0
# Beside the block itself: the model over a slow network, and WASM compiled on a slow phone.
_OPENING_S = 120.0
# A float MobileNetV3Large takes a second an inference on the slowest phones that have WASM with SIMD.
_SECONDS_A_PICTURE = 5.0
# A sample is a number of up to eleven digits and a comma.
_BYTES_A_SAMPLE = 12
_BYTES_BESIDE = 4096
# float32 probabilities add up to 1 within 1e-4; float16 weights and the sum of 1,000 classes stay far below this.
_SUM_TOLERANCE = 1e-2


class BrowserTarget:
    """A `Target`."""

    def __init__(self, name: str, accelerator: str, options: TargetOptions) -> None:
        self.name = name
        self._accelerator = accelerator
        self._options = options
        self._session = Session()
        self._paths: list[Path] = []
        self._models: dict[Path, PageModel] = {}
        self._page: OpenPage | None = None
        self._facts: Facts | None = None

    def open(self, models: Sequence[Path], progress: Progress) -> None:
        """Serve the page and wait for a browser; raises `WebAssetsMissing`, `CannotServe`, `BrowserNotThere`."""
        folder = web_assets()
        self._paths = list(models)
        self._models = {path: page_model(path) for path in models}
        files = {name: folder / name for name in asset_names(folder)} | {"": folder / "benchmark.html"}
        files |= {f"model/{index}": path for index, path in enumerate(self._paths)}
        session = self._session
        app = App(files, session.get, session.post, session.largest_post)
        options = self._options
        where = Where(not options.adb_reverse, options.port, options.plain_http)
        self._page = open_page(app, where)
        if options.adb_reverse:
            adb_reverse(self._page.server.port)
        say_where(self._page, where, progress)
        self._facts = session.wait_for_page(WAIT_FOR_PAGE_S)
        for line in _missing(self._facts, self._accelerator):
            progress.say(line)

    def close(self) -> None:
        """See `Target`: the page is told that it is done, the server ends."""
        page, self._page = self._page, None
        if page is None:
            return
        self._session.finish(_FINISH_S)
        page.server.stop()
        if self._options.adb_reverse:
            end_adb_reverse(page.server.port)

    def cool_down(self, limit_s: float, progress: Progress) -> Cooling:
        """See `Target`: a page can see neither temperature nor throttling, so there is nothing to wait for."""
        return Cooling(0.0, None, None)

    def measure(self, path: Path, threads: int, protocol: Protocol) -> Block:
        """See `Target`; raises `BrowserFailed`, `BrowserGone`, `BadAnswer`."""
        what = self._what("measure", path, threads) | {"protocol": asdict(protocol)}
        largest = _BYTES_BESIDE + _BYTES_A_SAMPLE * protocol.max_calls
        limit_s = protocol.block_limit_seconds + _OPENING_S
        return block_from(self._checked(self._session.ask(Job(what, largest), limit_s)), protocol)

    def sustain(self, path: Path, threads: int, seconds: float, progress: Progress) -> Sustained:
        """See `Target`; raises as `measure` does."""
        what = self._what("sustain", path, threads)
        what |= {"seconds": seconds, "slice_s": SLICE_SECONDS, "most": MAX_SLICE_SAMPLES}
        largest = _BYTES_BESIDE + int(seconds / SLICE_SECONDS + 2) * (MAX_SLICE_SAMPLES * _BYTES_A_SAMPLE + 200)

        def tell(done: int, total: int) -> None:
            progress.advance(f"running, {path.name}", done, total)

        return sustained_from(self._checked(self._session.ask(Job(what, largest, tell), seconds + _OPENING_S)), seconds)

    def answers(self, path: Path, question: Question, progress: Progress) -> Predictions:
        """See `Target`: the pictures are cut and resized here, the network runs there."""
        model = self._models[path]
        imageset = ImageSet.open(question.imageset)
        split = imageset.split(question.split)
        order = columns(model.labels or imageset.classes, imageset.classes)
        pictures = ChosenPictures(split, question.limit, model.preprocess)
        # The question counts this machine's cores; a page has its own, or one.
        threads = min(question.threads, self._facts.threads if self._facts else 1)
        what = self._what("answer", path, threads)
        what |= {"count": len(pictures), "range": question.input_range}
        size = len(pictures) * len(order) * np.dtype(np.float32).itemsize

        def tell(done: int, total: int) -> None:
            progress.advance(f"answering, {path.name}", done, total)

        job = Job(what, size, tell, pictures.chunk)
        limit_s = _OPENING_S + _SECONDS_A_PICTURE * len(pictures)
        try:
            found = probabilities(self._session.ask(job, limit_s), len(pictures), len(order))
        except BrowserFailed as error:
            raise AccuracyNotThere(error.problem, why=error.why, hint=error.hint) from error
        return Predictions(
            ids=tuple(split.ids[index] for index in pictures.chosen),
            labels=np.asarray(split.labels)[pictures.chosen],
            probabilities=found[:, order],
            classes=imageset.classes,
            dataset_fingerprint=imageset.fingerprint,
            split=question.split,
            model_sha256=sha256_of_file(path),
        )

    def snapshot(self) -> Snapshot:
        """See `Target`: a page sees no counters."""
        return Snapshot(time.monotonic(), None, None, 0.0, None, None)

    def describe(self, before: Snapshot, after: Snapshot) -> Machine:
        """See `Target`."""
        if self._facts is None:
            raise RuntimeError("the target has not been opened")
        return machine_of(self._facts, self._accelerator)

    def _what(self, operation: str, path: Path, threads: int) -> dict[str, Any]:
        model = {"index": self._paths.index(path), "name": path.name, "format": self._models[path].format}
        what = {"id": new_id(), "op": operation, "model": model, "threads": threads}
        return what | {"accelerator": self._accelerator, "range": None}

    def _checked(self, body: bytes) -> Any:
        try:
            said = read_json(body)
        except strict.UNFIT:
            raise BadAnswer("the browser answered with something that is no JSON") from None
        samples = said.get("samples_ns") if isinstance(said, dict) else None
        if isinstance(samples, list) and 0 in samples:
            step_ms = self._facts.clock_step_ns / 1e6 if self._facts else 0.0
            raise BrowserFailed(
                "the page's clock is too coarse for this model",
                why=f"it steps by {step_ms:g} ms, and some calls took no step at all",
                hint="HTTPS (without --plain-http) gives a page a finer clock",
            )
        return said


def probabilities(body: bytes, pictures: int, classes: int) -> NDArray[np.float32]:
    """Little-endian float32 bytes of a stranger -> (pictures, classes); raises `BadAnswer` unless each row is one."""
    if len(body) != pictures * classes * 4:
        raise BadAnswer(
            "the browser's answers have another size", why=f"{len(body)} bytes for {pictures} × {classes} numbers"
        )
    found = np.frombuffer(body, dtype="<f4").reshape(pictures, classes).astype(np.float32)
    sums = found.sum(axis=1, dtype=np.float64)
    if not np.isfinite(found).all() or found.min() < -_SUM_TOLERANCE or np.abs(sums - 1).max() > _SUM_TOLERANCE:
        raise BadAnswer("the browser's answers are no probabilities", why="they do not add up to 1 for each picture")
    return found


def _missing(facts: Facts, accelerator: str) -> list[str]:
    """What this browser does not give, in sentences; nothing is replaced in silence."""
    lines = []
    if not facts.secure_context:
        lines.append("The page is no secure context (plain HTTP): no threads, no WebGPU, no camera.")
    elif not facts.cross_origin_isolated:
        lines.append("The page is not cross-origin isolated: WASM has one thread and a coarse clock.")
    if accelerator == "webgpu" and facts.webgpu is None:
        lines.append("This browser gives the page no WebGPU: its blocks will fail.")
    return lines

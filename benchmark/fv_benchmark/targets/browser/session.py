"""The jobs that a page does, one at a time, and what it says about itself.

The page asks for the next job and is kept waiting until there is one. A job stays the current one until its result has
come: a page that was loaded again, on a phone that fell asleep, gets the same job once more, and what the page before
it sends is refused. All sizes are bounded before anything is read.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from fv_benchmark import strict
from fv_benchmark.targets.browser.errors import BrowserFailed, BrowserGone, BrowserNotThere
from fv_benchmark.web.server import NOT_FOUND, Reply, Request, text_reply
from fv_core.text import printable

# Shorter than what a browser or the server calls a dead connection (60 s).
_LONG_POLL_S = 20.0
# A page says that it is alive every five seconds; a phone that is unlocked again goes on within this.
_SILENCE_S = 120.0
_HELLO_BYTES = 4096
_PROGRESS_BYTES = 256
_FAILED_BYTES = 2048
_MAX_WORDS = 300


@dataclass(frozen=True)
class Facts:
    """What a page says of its browser. `threads`: that WASM may use. `webgpu`: the adapter's name, None without.

    `clock_step_ns`: the smallest step of the page's clock; browsers coarsen it where a page is not isolated.
    """

    user_agent: str
    secure_context: bool
    cross_origin_isolated: bool
    threads: int
    cores: int | None
    memory_gb: float | None
    webgpu: str | None
    camera: bool
    clock_step_ns: int


@dataclass(frozen=True)
class Job:
    """`what`: the job as the page reads it, `id` included. `largest_result`: bytes. `progress`: called with (done,
    total). `pictures`: chunk number → bytes, where the job has pictures."""

    what: dict[str, Any]
    largest_result: int
    progress: Callable[[int, int], None] = lambda _done, _total: None
    pictures: Callable[[int], bytes] | None = None

    @property
    def id(self) -> str:
        """Its name in addresses: nobody guesses the next one."""
        return str(self.what["id"])


class Session:
    """Between the server's threads, which serve pages, and the benchmark's, which asks for one job after another."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._page: str | None = None
        self._facts: Facts | None = None
        self._job: Job | None = None
        self._result: bytes | None = None
        self._failure: str | None = None
        self._heard_s = time.monotonic()

    # The benchmark's side

    def wait_for_page(self, limit_s: float) -> Facts:
        """What the browser says of itself, as soon as it has opened the page; raises `BrowserNotThere`."""
        with self._changed:
            if not self._wait(lambda: self._facts is not None, limit_s):
                raise BrowserNotThere("no browser opened the page", why=f"waited {limit_s:.0f} s")
            assert self._facts is not None  # noqa: S101 - for the type checker: just waited for
            return self._facts

    def ask(self, job: Job, limit_s: float) -> bytes:
        """The page's result of the job; raises `BrowserFailed` with its words, or `BrowserGone`."""
        with self._changed:
            self._job, self._result, self._failure = job, None, None
            self._heard_s = time.monotonic()
            self._changed.notify_all()
            there = self._wait(lambda: self._is_over() or self._is_silent(), limit_s)
            self._job = None
            if self._failure is not None:
                raise BrowserFailed(f"the browser could not {job.what['op']} the model", why=self._failure)
            if self._result is None:
                why = f"the page has been silent for {_SILENCE_S:.0f} s" if there else f"no result in {limit_s:.0f} s"
                raise BrowserGone("the browser did not answer", why=why)
            return self._result

    def finish(self, limit_s: float) -> None:
        """Tell the page that it is done, and wait until it has heard so; silence is no error any more."""
        with self._changed:
            if self._page is None:
                return
            self._job = Job({"id": new_id(), "op": "done"}, 0)
            self._changed.notify_all()
            self._wait(lambda: self._job is None, limit_s)

    def _is_over(self) -> bool:
        return self._result is not None or self._failure is not None

    def _is_silent(self) -> bool:
        return time.monotonic() - self._heard_s > _SILENCE_S

    def _wait(self, is_so: Callable[[], bool], limit_s: float) -> bool:
        """`Condition.wait_for` in short turns: a wait without end would not hear Ctrl-C on every platform."""
        end = time.monotonic() + limit_s
        while not is_so():
            left = end - time.monotonic()
            if left <= 0:
                return False
            self._changed.wait(min(left, 0.5))
        return True

    # The page's side

    def largest_post(self, path: str) -> int:
        """Bytes that a body at this path may have."""
        name, _, job_id = path.partition("/")
        if name == "hello":
            return _HELLO_BYTES
        job = self._job
        if job is None or job.id != job_id:
            return _PROGRESS_BYTES
        return {"progress": _PROGRESS_BYTES, "failed": _FAILED_BYTES, "result": job.largest_result}.get(name, 0)

    def get(self, request: Request) -> Reply:
        """`next`: the current job. `pictures/JOB/CHUNK`: bytes."""
        if request.path == "next":
            return self._next(request.query.get("page"))
        name, _, rest = request.path.partition("/")
        job_id, _, chunk = rest.partition("/")
        job = self._job
        if name != "pictures" or job is None or job.id != job_id or job.pictures is None:
            return NOT_FOUND
        if not (chunk.isascii() and chunk.isdecimal() and len(chunk) < 10):
            return NOT_FOUND
        found = job.pictures(int(chunk))
        return Reply(found) if found else NOT_FOUND

    def post(self, request: Request) -> Reply:
        """`hello`, `alive`, `progress/JOB`, `failed/JOB`, `result/JOB`."""
        if request.path == "hello":
            return self._hello(request.body)
        name, _, job_id = request.path.partition("/")
        with self._changed:
            if self._page is None or request.query.get("page") != self._page:
                return text_reply(409, "another page has taken over")
            self._heard_s = time.monotonic()
            if request.path == "alive":
                return Reply(status=204)
            if self._job is None or self._job.id != job_id:
                return text_reply(410, "this job is over")
            try:
                self._take(name, request.body, self._job)
            except strict.UNFIT:
                return text_reply(400, "not what was asked for")
            if self._is_over():
                # At once, not when `ask` wakes up: the page asks for its next job faster than that.
                self._job = None
            self._changed.notify_all()
        return Reply(status=204)

    def _take(self, name: str, body: bytes, job: Job) -> None:
        if name == "result":
            self._result = body
        elif name == "failed":
            self._failure = printable(str(read_json(body)["error"]), max_characters=_MAX_WORDS)
        elif name == "progress":
            said = read_json(body)
            done, total = strict.finite(said["done"]), strict.finite(said["total"])
            if not 0 <= done <= total:
                raise ValueError("more done than there is")
            job.progress(int(done), int(total))
        else:
            raise ValueError("no such thing")

    def _hello(self, body: bytes) -> Reply:
        try:
            facts = facts_from(read_json(body))
        except strict.UNFIT:
            return text_reply(400, "these are no facts about a browser")
        with self._changed:
            self._page, self._facts = new_id(), facts
            self._changed.notify_all()
            return Reply(json.dumps({"page": self._page}).encode(), "application/json")

    def _next(self, page: str | None) -> Reply:
        with self._changed:
            self._heard_s = time.monotonic()
            self._wait(lambda: self._job is not None or page != self._page, _LONG_POLL_S)
            if page is None or page != self._page:
                return text_reply(409, "another page has taken over")
            if self._job is None:
                return Reply(status=204)
            what = self._job.what
            if what["op"] == "done":
                self._job = None
                self._changed.notify_all()
            return Reply(json.dumps(what).encode(), "application/json")


def facts_from(said: Any) -> Facts:
    """The facts in a decoded JSON object; raises one of `strict.UNFIT`. Text is made printable."""
    facts = strict.plain(Facts, said)
    if facts.threads < 1 or facts.clock_step_ns < 0 or (facts.cores or 1) < 1 or (facts.memory_gb or 0) < 0:
        raise ValueError("numbers that no browser has")
    words = {name: printable(value) for name, value in asdict(facts).items() if isinstance(value, str)}
    return Facts(**{**asdict(facts), **words})


def read_json(body: bytes) -> Any:
    """Strict JSON in UTF-8; raises one of `strict.UNFIT`."""
    return json.loads(body.decode("utf-8"), parse_constant=strict.no_constant)


def new_id() -> str:
    """A name that cannot be guessed."""
    return secrets.token_urlsafe(9)

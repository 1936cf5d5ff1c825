"""The page's posts are a stranger's: what is not exactly what was asked for changes nothing."""

from __future__ import annotations

import json
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from fv_benchmark.targets.browser import session as module
from fv_benchmark.targets.browser.errors import BrowserFailed, BrowserGone, BrowserNotThere
from fv_benchmark.targets.browser.session import Job, Session, facts_from, new_id
from fv_benchmark.web.server import Request

FACTS: dict[str, Any] = {
    "user_agent": "Test/1",
    "secure_context": True,
    "cross_origin_isolated": True,
    "threads": 4,
    "cores": 4,
    "memory_gb": 8,
    "webgpu": None,
    "camera": True,
    "clock_step_ns": 5000,
}


def hello(session: Session, **changes: Any) -> str:
    reply = session.post(Request("hello", {}, json.dumps(FACTS | changes).encode()))
    assert reply.status == 200, reply.body
    assert isinstance(reply.body, bytes)
    return str(json.loads(reply.body)["page"])


def job(largest: int = 1000, **more: Any) -> Job:
    return Job({"id": new_id(), "op": "measure"}, largest, **more)


def asking(session: Session, one: Job, limit_s: float = 20.0) -> Future[bytes]:
    """Ask in another thread, as the benchmark does."""
    pool = ThreadPoolExecutor(1)
    future = pool.submit(session.ask, one, limit_s)
    pool.shutdown(wait=False)
    while session._job is not one and not future.done():
        threading.Event().wait(0.01)
    return future


def post(session: Session, path: str, page: str | None, body: bytes = b"{}") -> int:
    return session.post(Request(path, {} if page is None else {"page": page}, body)).status


def test_a_job_goes_out_and_its_result_comes_back() -> None:
    session, one = Session(), job()
    page = hello(session)
    future = asking(session, one)
    reply = session.get(Request("next", {"page": page}))
    assert isinstance(reply.body, bytes)
    assert json.loads(reply.body) == one.what
    assert post(session, f"result/{one.id}", page, b"done") == 204
    assert future.result(5) == b"done"


def test_what_the_page_says_of_itself() -> None:
    session = Session()
    hello(session, user_agent="evil\x1b]0;title\x07")
    assert "\x1b" not in session.wait_for_page(1).user_agent


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"{",
        b"\xff\xfe",
        b'{"user_agent": NaN}',
        b"[" * 4000,
        json.dumps(FACTS | {"threads": "4"}).encode(),
        json.dumps(FACTS | {"threads": 0}).encode(),
        json.dumps(FACTS | {"threads": True}).encode(),
        json.dumps(FACTS | {"clock_step_ns": -1}).encode(),
        json.dumps(FACTS | {"more": 1}).encode(),
        json.dumps({key: value for key, value in FACTS.items() if key != "camera"}).encode(),
    ],
)
def test_forged_facts_are_no_page(body: bytes) -> None:
    session = Session()
    assert session.post(Request("hello", {}, body)).status == 400
    with pytest.raises(BrowserNotThere):
        session.wait_for_page(0.0)


@pytest.mark.parametrize("page", [None, "", "wrong"])
def test_who_is_not_the_page_gets_no_job_and_gives_no_result(page: str | None) -> None:
    session, one = Session(), job()
    right = hello(session)
    future = asking(session, one)
    query = {} if page is None else {"page": page}
    assert session.get(Request("next", query)).status == 409
    for path in ("result", "failed", "progress"):
        assert post(session, f"{path}/{one.id}", page, b'{"error": "x"}') == 409
    assert not future.done()
    post(session, f"result/{one.id}", right, b"right")
    assert future.result(5) == b"right"


def test_a_result_of_another_job_is_refused() -> None:
    session, one = Session(), job()
    page = hello(session)
    future = asking(session, one)
    assert post(session, "result/other", page, b"forged") == 410
    assert post(session, f"nonsense/{one.id}", page) == 400
    assert not future.done()
    assert post(session, f"result/{one.id}", page, b"right") == 204
    assert future.result(5) == b"right"
    assert post(session, f"result/{one.id}", page, b"late") == 410


def test_a_page_that_was_loaded_again_gets_the_same_job() -> None:
    session, one = Session(), job()
    before = hello(session)
    future = asking(session, one)
    after = hello(session)
    assert session.get(Request("next", {"page": before})).status == 409
    reply = session.get(Request("next", {"page": after}))
    assert isinstance(reply.body, bytes)
    assert json.loads(reply.body) == one.what
    assert post(session, f"result/{one.id}", before, b"of the page that is gone") == 409
    post(session, f"result/{one.id}", after, b"right")
    assert future.result(5) == b"right"


def test_a_failure_is_said_in_printable_words() -> None:
    session, one = Session(), job()
    page = hello(session)
    future = asking(session, one)
    post(session, f"failed/{one.id}", page, json.dumps({"error": "no \x1b[2J memory" + "!" * 5000}).encode())
    with pytest.raises(BrowserFailed) as raised:
        future.result(5)
    assert "no \\x1b[2J memory" in raised.value.why
    assert len(raised.value.why) < 400


@pytest.mark.parametrize(
    "body",
    [b"{}", b'{"done": 3}', b'{"done": 5, "total": 4}', b'{"done": -1, "total": 4}', b'{"done": "1", "total": 4}'],
)
def test_forged_progress_is_refused(body: bytes) -> None:
    told: list[tuple[int, int]] = []
    session, one = Session(), job(progress=lambda done, total: told.append((done, total)))
    page = hello(session)
    future = asking(session, one)
    assert post(session, f"progress/{one.id}", page, body) == 400
    assert post(session, f"progress/{one.id}", page, b'{"done": 1, "total": 4}') == 204
    post(session, f"result/{one.id}", page, b"")
    future.result(5)
    assert told == [(1, 4)]


def test_how_much_may_be_posted() -> None:
    session, one = Session(), job(largest=12345)
    assert session.largest_post("hello") == 4096
    assert session.largest_post(f"result/{one.id}") < 1000
    page = hello(session)
    future = asking(session, one)
    assert session.largest_post(f"result/{one.id}") == 12345
    assert session.largest_post("result/other") < 1000
    assert session.largest_post(f"model/{one.id}") == 0
    post(session, f"result/{one.id}", page, b"")
    future.result(5)


@pytest.mark.parametrize(
    "path",
    [
        "pictures/JOB/0/1",
        "pictures/JOB/-1",
        "pictures/JOB/x",
        "pictures/JOB/",
        "pictures/other/0",
        "pictures",
        "JOB/0",
        "pictures/JOB/" + "9" * 40,
    ],
)
def test_only_the_jobs_own_pictures_are_there(path: str) -> None:
    session, one = Session(), job(pictures=lambda number: b"chunk" if number == 0 else b"")
    page = hello(session)
    future = asking(session, one)
    assert session.get(Request(f"pictures/{one.id}/0", {})).body == b"chunk"
    assert session.get(Request(path.replace("JOB", one.id), {})).status == 404
    post(session, f"result/{one.id}", page, b"")
    future.result(5)


def test_a_job_whose_result_has_come_is_not_given_out_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LONG_POLL_S", 0.05)
    session, one = Session(), job()
    page = hello(session)
    # Nobody asks here: as long as the benchmark's thread sleeps, on a machine with much to do.
    session._job = one
    assert post(session, f"result/{one.id}", page, b"done") == 204
    assert session.get(Request("next", {"page": page})).status == 204


def test_a_page_that_does_not_answer_is_given_up() -> None:
    session = Session()
    hello(session)
    with pytest.raises(BrowserGone):
        session.ask(job(), 0.05)


def test_a_page_that_falls_silent_is_given_up_before_the_jobs_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SILENCE_S", 0.6)
    session = Session()
    hello(session)
    with pytest.raises(BrowserGone, match="silent"):
        session.ask(job(), 60.0)


def test_a_page_that_is_alive_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SILENCE_S", 0.6)
    session, one = Session(), job()
    page = hello(session)
    future = asking(session, one)
    for _ in range(6):
        threading.Event().wait(0.2)
        assert post(session, "alive", page, b"") == 204
    assert post(session, "alive", "wrong", b"") == 409
    post(session, f"result/{one.id}", page, b"slow")
    assert future.result(5) == b"slow"


def test_the_page_hears_that_it_is_done() -> None:
    session = Session()
    page = hello(session)
    with ThreadPoolExecutor(1) as pool:
        ended = pool.submit(session.finish, 10.0)
        reply = session.get(Request("next", {"page": page}))
        assert isinstance(reply.body, bytes)
        assert json.loads(reply.body)["op"] == "done"
        ended.result(5)


def test_without_a_page_there_is_nobody_to_tell() -> None:
    Session().finish(60.0)


def test_facts_are_taken_as_they_are() -> None:
    facts = facts_from(dict(FACTS))
    assert (facts.threads, facts.memory_gb, facts.webgpu) == (4, 8, None)

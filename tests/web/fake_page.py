"""A page without a browser: asks the server for jobs over HTTP and answers each as a test says."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from types import TracebackType
from typing import Any

from tests.web.test_session import FACTS
from tests.web.trust import trusting

CUT_OFF = 0
Answer = Callable[[dict[str, Any], "FakePage"], bytes]


class FakePage:
    """Says hello to `url` and works in a thread until it is told that it is done."""

    def __init__(self, url: str, answer: Answer, **facts: Any) -> None:
        self.url = url
        self.statuses: list[int] = []
        self._answer = answer
        self._facts = FACTS | facts
        self._page = ""
        self._thread = threading.Thread(target=self._work)
        self._thread.start()

    def get(self, path: str) -> bytes:
        """Status 200's body; empty for 204."""
        return self._asked(path, None)

    def post(self, path: str, body: bytes) -> bytes:
        """As the page of this name."""
        return self._asked(f"{path}?page={self._page}", body)

    def __enter__(self) -> FakePage:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._thread.join(20)
        assert not self._thread.is_alive(), "the page was never told that it is done"

    def _work(self) -> None:
        self._page = json.loads(self._asked("hello", json.dumps(self._facts).encode()))["page"]
        while True:
            body = self.get(f"next?page={self._page}")
            if not body:
                continue
            job = json.loads(body)
            if job["op"] == "done":
                return
            try:
                self.post(f"result/{job['id']}", self._answer(job, self))
            except PageFailure as failure:
                self.post(f"failed/{job['id']}", json.dumps({"error": str(failure)}).encode())

    def _asked(self, path: str, body: bytes | None) -> bytes:
        request = urllib.request.Request(self.url + path, body)  # noqa: S310 - the address of the server under test
        try:
            with urllib.request.urlopen(request, timeout=20, context=self._context()) as response:  # noqa: S310 - as above
                self.statuses.append(response.status)
                content: bytes = response.read()
                return content
        except urllib.error.HTTPError as error:
            self.statuses.append(error.code)
            return b""
        except (urllib.error.URLError, ConnectionError):
            # The server has answered and gone while the rest was still being sent.
            self.statuses.append(CUT_OFF)
            return b""

    def _context(self) -> Any:
        return trusting() if self.url.startswith("https:") else None


class PageFailure(Exception):
    """What a page could not do."""

"""A headless Chromium for tests and pictures, driven by its DevTools protocol over a pipe: no library, no open port.

    with Chromium() as browser:
        page = browser.open("https://…", width=390, height=844)
        page.wait_for("document.body.dataset.state === 'ready'", seconds=60)
        page.screenshot(path)

Messages are JSON, each ended by a NUL, on the file descriptors 3 and 4 (`--remote-debugging-pipe`).
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import signal
import subprocess
import time
from pathlib import Path
from tempfile import mkdtemp
from types import TracebackType
from typing import Any

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome")
# Certificates of the tests are made for one run, and nobody vouches for them.
_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run", "--mute-audio",
    "--ignore-certificate-errors", "--disable-background-networking", "--remote-debugging-pipe",
)  # fmt: skip
_ANSWER_SECONDS = 60.0
# Above the numbers that the shell below gives away.
_LOWEST_FD = 10


def chromium_path() -> str:
    """Where Chromium is; skips the test where there is none."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        pytest.skip("needs Chromium")
    return found


class Chromium:
    """A browser with a profile of its own, which goes with it."""

    def __init__(self, *flags: str) -> None:
        self._profile = mkdtemp(prefix="fv-chromium-")
        theirs, self._write = _pipe(mine=1)
        self._read, answers = _pipe(mine=0)
        # The descriptors get their numbers in a shell, behind the fork.
        words = [chromium_path(), *_FLAGS, *flags, f"--user-data-dir={self._profile}", "about:blank"]
        script = f'exec "$0" "$@" 3<&{theirs} 4>&{answers}'
        self._process = subprocess.Popen(
            ["/bin/bash", "-c", script, *words],
            pass_fds=(theirs, answers),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(theirs)
        os.close(answers)
        self._rest = b""
        self._next = 0
        self.events: list[dict[str, Any]] = []

    def open(self, url: str, *, width: int = 1280, height: int = 800, scheme: str = "light", scale: float = 1) -> Page:
        """A page of this size (CSS pixels) and colour scheme."""
        target = self.send("Target.createTarget", {"url": "about:blank"})["targetId"]
        session = self.send("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        page = Page(self, session)
        page.send("Page.enable")
        page.send("Runtime.enable")
        page.send("Network.enable")
        page.look(width, height, scheme, scale)
        page.send("Page.navigate", {"url": url})
        return page

    def send(self, method: str, params: dict[str, Any] | None = None, session: str | None = None) -> dict[str, Any]:
        """One command and its answer; what happens in between is kept in `events`."""
        self._next += 1
        message: dict[str, Any] = {"id": self._next, "method": method, "params": params or {}}
        if session is not None:
            message["sessionId"] = session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        end = time.monotonic() + _ANSWER_SECONDS
        while time.monotonic() < end:
            answer = self._receive(end)
            if answer.get("id") != message["id"]:
                self.events.append(answer)
            elif "error" in answer:
                raise AssertionError(f"{method}: {answer['error']}")
            else:
                result: dict[str, Any] = answer["result"]
                return result
        raise AssertionError(f"{method}: no answer from Chromium")

    def close(self) -> None:
        """End every process of the browser, and remove its profile."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._write)
        os.close(self._read)
        shutil.rmtree(self._profile, ignore_errors=True)

    def __enter__(self) -> Chromium:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _receive(self, end: float) -> dict[str, Any]:
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._read], [], [], max(0.0, end - time.monotonic()))
            part = os.read(self._read, 1 << 20) if ready else b""
            if not part:
                raise AssertionError("Chromium has ended" if ready else "no answer from Chromium")
            self._rest += part
        message, _, self._rest = self._rest.partition(b"\0")
        parsed: dict[str, Any] = json.loads(message)
        return parsed


class Page:
    """One tab."""

    def __init__(self, browser: Chromium, session: str) -> None:
        self._browser = browser
        self._session = session

    def send(self, method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        """A command of the protocol to this tab."""
        return self._browser.send(method, params, self._session)

    def look(self, width: int, height: int, scheme: str, scale: float = 1) -> None:
        """Size in CSS pixels, colour scheme, and device pixels for each of them."""
        size = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": width < 600}
        self.send("Emulation.setDeviceMetricsOverride", size)
        self.send("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression, a promise's included."""
        asked = {"expression": expression, "awaitPromise": True, "returnByValue": True}
        answer = self.send("Runtime.evaluate", asked)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait_for(self, expression: str, seconds: float = 30) -> Any:
        """The first true value of the expression."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            value = self.evaluate(f"document.body && ({expression})")
            if value:
                return value
            time.sleep(0.1)
        raise AssertionError(f"not within {seconds} s: {expression}; {self.evaluate('document.body?.innerText')}")

    def choose_file(self, selector: str, path: Path) -> None:
        """What a person does with a file input."""
        root = self.send("DOM.getDocument")["root"]["nodeId"]
        node = self.send("DOM.querySelector", {"nodeId": root, "selector": selector})["nodeId"]
        self.send("DOM.setFileInputFiles", {"nodeId": node, "files": [str(path)]})

    def events(self, method: str) -> list[dict[str, Any]]:
        """What this tab has told of the kind `method` so far."""
        mine = [one for one in self._browser.events if one.get("sessionId") == self._session]
        return [one["params"] for one in mine if one["method"] == method]

    def screenshot(self, path: Path, *, whole: bool = False) -> None:
        """PNG of what is to be seen, or of the whole page."""
        data = self.send("Page.captureScreenshot", {"format": "png", "captureBeyondViewport": whole})["data"]
        path.write_bytes(base64.b64decode(data))


def _pipe(mine: int) -> tuple[int, int]:
    """A pipe (read, write); the end that is not `mine` gets a number that the shell does not use."""
    ends = list(os.pipe())
    other = 1 - mine
    moved = fcntl.fcntl(ends[other], fcntl.F_DUPFD, _LOWEST_FD)
    os.close(ends[other])
    ends[other] = moved
    return ends[0], ends[1]

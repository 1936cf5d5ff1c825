"""Where a page is served, and what is said about it."""

from __future__ import annotations

import pytest

from fv_benchmark.web import open_page as module
from fv_benchmark.web.open_page import Where, open_page, say_where
from fv_benchmark.web.server import App
from fv_core.progress import Silent


class Lines(Silent):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, message: str) -> None:
        self.lines.append(message)


def said(where: Where, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr(module, "lan_address", lambda: "127.0.0.1")
    page, lines = open_page(App({}), where), Lines()
    try:
        say_where(page, where, lines)
    finally:
        page.server.stop()
    return lines.lines


def test_on_this_machine_it_is_plain_http_at_localhost(monkeypatch: pytest.MonkeyPatch) -> None:
    (line,) = said(Where(lan=False), monkeypatch)
    assert line.startswith("open: http://localhost:")
    assert line.endswith("/")


def test_on_the_network_it_is_https_with_a_code_and_a_fingerprint(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = said(Where(lan=True), monkeypatch)
    assert sum("█" in line for line in lines) > 10
    assert [line for line in lines if line.startswith("open: https://127.0.0.1:")]
    assert lines[-1].startswith("SHA-256 fingerprint: ")
    assert "made for this run" in lines[-2]


def test_plain_http_on_the_network_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = said(Where(lan=True, plain_http=True), monkeypatch)
    assert [line for line in lines if line.startswith("open: http://127.0.0.1:")]
    assert "no threads, no WebGPU and no camera" in lines[-1]
    assert not any("fingerprint" in line for line in lines)

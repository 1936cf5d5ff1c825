"""A stranger on the network gets nothing without the token, and nothing but the listed files with it."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from fv_benchmark.web.certificate import make_certificate
from fv_benchmark.web.errors import CannotServe
from fv_benchmark.web.server import HEADERS, App, PageServer, Reply, Request
from tests.web.trust import trusting

LOCALHOST = "127.0.0.1"
LARGEST = 100


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PageServer]:
    (tmp_path / "page.html").write_text("<p>page</p>")
    (tmp_path.parent / "secret.txt").write_text("secret")
    files = {"": tmp_path / "page.html", "page.html": tmp_path / "page.html"}
    app = App(
        files,
        post=lambda request: Reply(request.body[::-1]),
        largest_post=lambda path: LARGEST if path == "result" else 0,
    )
    with PageServer(app, LOCALHOST) as running:
        yield running


def asked(
    server: PageServer, path: str, method: str = "GET", body: bytes | None = None, **headers: str
) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection(LOCALHOST, server.port, timeout=10)
    connection.request(method, path, body, headers)
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response, content


def test_a_listed_file_behind_the_token(server: PageServer) -> None:
    response, content = asked(server, f"/{server.token}/")
    assert (response.status, content) == (200, b"<p>page</p>")
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize(
    "path", ["/", "/page.html", "/wrong/page.html", "//", "/%00/", "/wrong-token-of-any-kind/page.html"]
)
def test_nothing_without_the_token(server: PageServer, path: str) -> None:
    assert asked(server, path)[0].status == 404
    assert asked(server, path, "POST", b"x")[0].status == 404


@pytest.mark.parametrize(
    "path",
    [
        "../secret.txt",
        "..%2fsecret.txt",
        "%2e%2e/secret.txt",
        "./page.html",
        "page.html/",
        "/etc/passwd",
        "page.html%00",
    ],
)
def test_no_path_leads_out_of_the_list(server: PageServer, path: str) -> None:
    response, content = asked(server, f"/{server.token}/{path}")
    assert response.status == 404
    assert b"secret" not in content


def test_every_reply_isolates_the_page_and_forbids_elsewhere(server: PageServer) -> None:
    for path in (f"/{server.token}/", f"/{server.token}/none", "/wrong/"):
        headers = asked(server, path)[0].headers
        assert {name: headers[name] for name in HEADERS} == HEADERS
    assert "http" not in HEADERS["Content-Security-Policy"]
    assert "'unsafe-inline'" not in HEADERS["Content-Security-Policy"]
    assert "'unsafe-eval'" not in HEADERS["Content-Security-Policy"]


def test_a_body_that_fits_is_taken(server: PageServer) -> None:
    response, content = asked(server, f"/{server.token}/result", "POST", b"abc")
    assert (response.status, content) == (200, b"cba")
    assert asked(server, f"/{server.token}/result", "POST", b"x" * LARGEST)[0].status == 200


def test_a_body_that_is_too_long_is_refused_unread(server: PageServer) -> None:
    with socket.create_connection((LOCALHOST, server.port), timeout=10) as raw:
        # Not a byte of these 50 MB is sent: the answer comes all the same.
        raw.sendall(f"POST /{server.token}/result HTTP/1.1\r\nHost: x\r\nContent-Length: 50000000\r\n\r\n".encode())
        assert raw.recv(1000).startswith(b"HTTP/1.1 413 ")


def test_nothing_may_be_posted_elsewhere(server: PageServer) -> None:
    assert asked(server, f"/{server.token}/page.html", "POST", b"x")[0].status == 413


@pytest.mark.parametrize(
    "header", ["Transfer-Encoding: chunked", "Content-Length: -1", "Content-Length: 1e3", "Content-Length: ١٢", "X: y"]
)
def test_a_body_has_to_say_its_length(server: PageServer, header: str) -> None:
    with socket.create_connection((LOCALHOST, server.port), timeout=10) as raw:
        raw.sendall(f"POST /{server.token}/result HTTP/1.1\r\nHost: x\r\n{header}\r\n\r\n".encode())
        assert raw.recv(1000).startswith(b"HTTP/1.1 411 ")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "TRACE"])
def test_other_methods_do_not_exist(server: PageServer, method: str) -> None:
    assert asked(server, f"/{server.token}/", method)[0].status == 501


@pytest.mark.parametrize(
    "noise", [b"\x16\x03\x01\x02\x00\x01", b"\x00" * 5000, b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n"]
)
def test_noise_harms_nobody(server: PageServer, noise: bytes) -> None:
    with socket.create_connection((LOCALHOST, server.port), timeout=10) as raw:
        raw.sendall(noise)
    assert asked(server, f"/{server.token}/")[0].status == 200


def test_a_silent_client_does_not_hold_up_the_others() -> None:
    app = App({}, get=lambda _request: Reply(b"here"))
    with PageServer(app, LOCALHOST, 0, make_certificate([LOCALHOST])) as server:
        silent = [socket.create_connection((LOCALHOST, server.port)) for _ in range(5)]
        connection = http.client.HTTPSConnection(LOCALHOST, server.port, timeout=10, context=trusting())
        connection.request("GET", f"/{server.token}/x")
        assert connection.getresponse().read() == b"here"
        connection.close()
        for one in silent:
            one.close()


def test_tokens_differ_and_cannot_be_guessed() -> None:
    tokens = set()
    for _ in range(5):
        server = PageServer(App({}), LOCALHOST)
        tokens.add(server.token)
        server.stop()
    assert len(tokens) == 5
    assert min(map(len, tokens)) >= 22  # 128 bits in base64


def test_after_the_end_nobody_answers(server: PageServer) -> None:
    server.stop()
    with pytest.raises(ConnectionError):
        asked(server, f"/{server.token}/")


def test_a_port_that_is_taken_is_said(server: PageServer) -> None:
    with pytest.raises(CannotServe, match="cannot serve"):
        PageServer(App({}), LOCALHOST, server.port)


def test_the_request_that_an_app_sees() -> None:
    seen: list[Request] = []

    def get(request: Request) -> Reply:
        seen.append(request)
        return Reply()

    with PageServer(App({}, get), LOCALHOST) as server:
        asked(server, f"/{server.token}/pictures/1?page=abc&x=%20")
    assert seen == [Request("pictures/1", {"page": "abc", "x": " "})]

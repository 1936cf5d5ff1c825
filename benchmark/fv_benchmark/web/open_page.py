"""Open a server for a page and say where it is: address, QR code, fingerprint."""

from __future__ import annotations

from dataclasses import dataclass

from fv_benchmark.web.address import LOCALHOST, lan_address
from fv_benchmark.web.certificate import Certificate, make_certificate
from fv_benchmark.web.qr import qr_lines
from fv_benchmark.web.server import App, PageServer
from fv_core.progress import Progress


@dataclass(frozen=True)
class Where:
    """Where a page is to be reached. `lan`: from the local network; else from this machine alone, where plain HTTP is a
    secure context too. `port` None: any free one. `plain_http`: no certificate on the local network."""

    lan: bool
    port: int | None = None
    plain_http: bool = False


@dataclass(frozen=True)
class OpenPage:
    """A running server and the address to type."""

    server: PageServer
    url: str
    certificate: Certificate | None


def open_page(app: App, where: Where) -> OpenPage:
    """Start to serve; raises `CannotServe`, `MissingExtra`."""
    host = lan_address() if where.lan else LOCALHOST
    certificate = make_certificate([host, LOCALHOST]) if where.lan and not where.plain_http else None
    server = PageServer(app, host, where.port or 0, certificate)
    server.start()
    return OpenPage(server, server.url(host if where.lan else "localhost"), certificate)


def say_where(page: OpenPage, where: Where, progress: Progress) -> None:
    """The address, how to get there, and what the browser will say on the way."""
    for line in qr_lines(page.url) if where.lan else []:
        progress.say(line)
    progress.say(f"open: {page.url}")
    if page.certificate is not None:
        progress.say("The browser warns of an unknown certificate: it was made for this run. Go on if it shows this")
        progress.say(f"SHA-256 fingerprint: {page.certificate.fingerprint}")
    elif where.lan:
        progress.say("Plain HTTP: the browser gives the page no threads, no WebGPU and no camera.")

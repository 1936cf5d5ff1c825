"""A certificate of one run: what the browser shows is the fingerprint that the terminal showed."""

from __future__ import annotations

import hashlib
import ipaddress
import socket
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from fv_benchmark.web.certificate import Certificate, make_certificate
from fv_core.errors import MissingExtra
from tests.web.trust import trusting

LOCALHOST = "127.0.0.1"


def presented(certificate: Certificate) -> bytes:
    """The certificate (DER) that a client is shown."""
    listener = socket.create_server((LOCALHOST, 0))

    def serve() -> None:
        connection, _ = listener.accept()
        with certificate.context.wrap_socket(connection, server_side=True) as secured:
            secured.recv(1)

    server = threading.Thread(target=serve)
    server.start()
    client = trusting()
    with socket.create_connection(listener.getsockname()) as raw, client.wrap_socket(raw) as secured:
        shown = secured.getpeercert(binary_form=True)
        secured.send(b"x")
    server.join()
    listener.close()
    assert shown is not None
    return shown


def test_the_fingerprint_is_the_one_that_a_browser_shows() -> None:
    certificate = make_certificate([LOCALHOST])
    digest = hashlib.sha256(presented(certificate)).hexdigest().upper()
    assert certificate.fingerprint == ":".join(digest[at : at + 2] for at in range(0, 64, 2))


def test_it_names_the_addresses_and_is_short_lived() -> None:
    from cryptography import x509

    found = x509.load_der_x509_certificate(presented(make_certificate(["192.0.2.7", LOCALHOST])))
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert set(names.get_values_for_type(x509.IPAddress)) == {
        ipaddress.ip_address("192.0.2.7"),
        ipaddress.ip_address(LOCALHOST),
    }
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert (found.not_valid_after_utc - found.not_valid_before_utc).days <= 7


def test_each_run_has_a_key_of_its_own() -> None:
    assert make_certificate([LOCALHOST]).fingerprint != make_certificate([LOCALHOST]).fingerprint


def test_the_key_does_not_stay_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    make_certificate([LOCALHOST])
    assert list(tmp_path.rglob("*")) == []


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography", None)
    with pytest.raises(MissingExtra) as raised:
        make_certificate([LOCALHOST])
    assert "fv[demo]" in raised.value.hint
    assert "--plain-http" in raised.value.hint

"""A certificate made for one run: no authority vouches for it, so its fingerprint is shown beside the address.

A phone gives camera, WebGPU, cross-origin isolation and WASM threads only to a page that came over HTTPS. The key lives
in memory and, for the moment that OpenSSL needs to read it, in a file that only this user can read.
"""

from __future__ import annotations

import ipaddress
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from fv_core.errors import MissingExtra

# A run takes minutes; a clock that is a day behind is still served.
_VALID_FOR = timedelta(days=2)
_CLOCKS_DIFFER_BY = timedelta(days=1)


@dataclass(frozen=True)
class Certificate:
    """`context`: what a server wraps its connections with. `fingerprint`: SHA-256 of the certificate, as browsers
    show it: pairs of capital hexadecimal digits with colons."""

    context: ssl.SSLContext
    fingerprint: str


def make_certificate(addresses: list[str]) -> Certificate:
    """A new key and a certificate for these IP addresses and `localhost`; raises `MissingExtra`."""
    try:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
    except ImportError:
        raise MissingExtra(
            "HTTPS needs the library cryptography",
            why="it makes the certificate of this run",
            hint="pip install 'fv[demo]', or go without: --plain-http",
        ) from None
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "fv on this network")])
    alternatives = [x509.IPAddress(ipaddress.ip_address(text)) for text in addresses]
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCKS_DIFFER_BY)
        .not_valid_after(now + _VALID_FOR)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost"), *alternatives]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    context = _context(certificate.public_bytes(serialization.Encoding.PEM), secret)
    return Certificate(context, certificate.fingerprint(hashes.SHA256()).hex(":").upper())


def _context(certificate: bytes, secret: bytes) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    with TemporaryDirectory(prefix="fv-tls-") as name:  # made with mode 0700
        path = Path(name) / "both.pem"
        path.touch(mode=0o600)
        path.write_bytes(certificate + secret)
        context.load_cert_chain(path)
    return context

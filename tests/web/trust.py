"""A client that takes any certificate: those of the tests are made for one run, and nobody vouches for them."""

from __future__ import annotations

import ssl


def trusting() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context

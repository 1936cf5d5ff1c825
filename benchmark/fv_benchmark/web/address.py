"""By which address another device on the local network reaches this machine."""

from __future__ import annotations

import socket

import psutil

from fv_benchmark.web.errors import CannotServe

LOCALHOST = "127.0.0.1"
# TEST-NET-1 (RFC 5737): routed like any place outside, belongs to nobody. Connecting a datagram socket sends nothing.
_OUTSIDE = ("192.0.2.1", 9)


def lan_address() -> str:
    """The IPv4 address of the interface that leads outside, else of any that is up; raises `CannotServe`."""
    outward = _outward()
    known = lan_addresses()
    if outward in known:
        return str(outward)
    if not known:
        raise CannotServe(
            "this machine is on no network that a phone could reach",
            why="it has no address but its own loopback",
            hint="join a network, or reach an Android phone on its cable: --adb-reverse",
        )
    return known[0]


def lan_addresses() -> list[str]:
    """IPv4 addresses of the interfaces that are up, without the loopback and link-local ones."""
    states = psutil.net_if_stats()
    return [
        entry.address
        for name, entries in sorted(psutil.net_if_addrs().items())
        for entry in entries
        if entry.family == socket.AF_INET
        and not entry.address.startswith(("127.", "169.254."))
        and (name not in states or states[name].isup)
    ]


def _outward() -> str | None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_OUTSIDE)
        except OSError:
            return None
        return str(probe.getsockname()[0])

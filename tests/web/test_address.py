"""The address that a phone is told: of an interface that is up, never the loopback."""

from __future__ import annotations

import socket
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from fv_benchmark.web import address
from fv_benchmark.web.errors import CannotServe


def interfaces(monkeypatch: pytest.MonkeyPatch, outward: str | None, **entries: tuple[str, bool]) -> None:
    """A machine with these interfaces: name = (address, is it up)."""

    def entry(text: str) -> Any:
        return [
            SimpleNamespace(family=socket.AF_INET, address=text),
            SimpleNamespace(family=socket.AF_INET6, address="::1"),
        ]

    monkeypatch.setattr(psutil, "net_if_addrs", lambda: {name: entry(text) for name, (text, _) in entries.items()})
    states = {name: SimpleNamespace(isup=is_up) for name, (_, is_up) in entries.items()}
    monkeypatch.setattr(psutil, "net_if_stats", lambda: states)
    monkeypatch.setattr(address, "_outward", lambda: outward)


def test_the_interface_that_leads_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    interfaces(
        monkeypatch, "192.168.1.5", lo=("127.0.0.1", True), docker0=("172.17.0.1", True), wlan0=("192.168.1.5", True)
    )
    assert address.lan_address() == "192.168.1.5"


def test_without_a_way_outside_any_that_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    interfaces(monkeypatch, None, lo=("127.0.0.1", True), eth0=("10.0.0.2", False), wlan0=("10.0.0.3", True))
    assert address.lan_address() == "10.0.0.3"


def test_a_machine_on_no_network_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    interfaces(monkeypatch, None, lo=("127.0.0.1", True), eth0=("169.254.3.4", True))
    with pytest.raises(CannotServe) as raised:
        address.lan_address()
    assert "--adb-reverse" in raised.value.hint


def test_here_it_is_no_loopback() -> None:
    assert not any(one.startswith("127.") for one in address.lan_addresses())

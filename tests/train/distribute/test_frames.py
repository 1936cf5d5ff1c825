"""Messages arrive whole and in order, whatever the pieces; anything else ends the connection."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from fv_train.distribute.frames import Connection, Kind
from fv_train.errors import WorkerLost

Ends = tuple[Connection, Connection]


@pytest.fixture
def ends() -> Iterator[Ends]:
    one, other = socket.socketpair()
    with one, other:
        yield Connection(one, "worker 1", 0.0), Connection(other, "worker 0", 0.0)


def received(connection: Connection, count: int) -> list[tuple[Kind, bytes]]:
    found: list[tuple[Kind, bytes]] = []
    while len(found) < count:
        found += connection.receive(5.0)
    return found


def test_messages_come_as_they_were_sent(ends: Ends) -> None:
    data = bytes(range(256)) * 100
    ends[0].send(Kind.SHARED, data)
    ends[0].send(Kind.ALIVE)
    assert received(ends[1], 2) == [(Kind.SHARED, data), (Kind.ALIVE, b"")]
    assert ends[1].heard_at == 5.0


def test_a_message_in_pieces_waits_for_its_end(ends: Ends) -> None:
    for byte in b"n" + (3).to_bytes(8, "big") + b"ab":
        ends[0].socket.send(bytes([byte]))
        assert ends[1].receive(1.0) == []
    ends[0].socket.send(b"c")
    assert ends[1].receive(1.0) == [(Kind.NUMBER, b"abc")]


def test_one_message_can_be_taken_and_the_next_stays(ends: Ends) -> None:
    ends[0].send(Kind.WELCOME)
    ends[0].send(Kind.SHARED, b"state")
    assert ends[1].receive_one(2.0) == (Kind.WELCOME, b"")
    assert received(ends[1], 1) == [(Kind.SHARED, b"state")]


def test_a_closed_connection_is_a_lost_worker(ends: Ends) -> None:
    ends[0].close()
    with pytest.raises(WorkerLost, match="worker 0 is gone: its connection closed"):
        ends[1].receive(1.0)
    with pytest.raises(WorkerLost, match="worker 0 is gone"):
        ends[1].send(Kind.ALIVE)


@pytest.mark.parametrize(
    "strange", [b"GET / HTTP/1.1\r\n", b"g" + (2 << 20).to_bytes(8, "big"), b"s" + (5 << 30).to_bytes(8, "big")]
)
def test_what_no_worker_sends_ends_the_connection(ends: Ends, strange: bytes) -> None:
    ends[0].socket.sendall(strange)
    with pytest.raises(WorkerLost):
        ends[1].receive(1.0)


def test_a_checkpoint_may_be_longer_than_other_messages(ends: Ends) -> None:
    ends[0].socket.sendall(b"s" + (2 << 30).to_bytes(8, "big"))
    assert ends[1].receive(1.0) == []

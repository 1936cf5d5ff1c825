"""Workers find each other on loopback, and say the same when they cannot."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from fv_core.errors import FvError
from fv_core.progress import Silent
from fv_train.distribute.frames import Kind
from fv_train.distribute.line import Line
from fv_train.distribute.meet import join
from fv_train.errors import BadWorkers, TeamMismatch, WorkerLost, WorkersMissing
from tests.train.distribute._loopback import addresses, cluster, greeting


def both(*calls: Callable[[], Line]) -> list[Line | FvError]:
    """What each call gives or raises, all at once."""
    with ThreadPoolExecutor(len(calls)) as pool:
        futures: list[Future[Line]] = [pool.submit(call) for call in calls]
        return [future.exception() or future.result() for future in futures]  # type: ignore[misc]  # FvError here


def message(line: Line, index: int) -> tuple[Kind, bytes]:
    while not (found := line.receive(index)):
        pass
    return found[0]


def joining(index: int, workers: tuple[str, ...], **changes: Any) -> Callable[[], Line]:
    times = {key: changes.pop(key) for key in ("join_s", "silence_s") if key in changes}
    view = cluster(index, workers, **times)
    return lambda: join(view, greeting(view, **changes), Silent())


@pytest.mark.parametrize("count", [2, 3])
def test_all_meet_and_messages_go_both_ways(count: int) -> None:
    workers = addresses(count)
    lines = both(*(joining(index, workers) for index in range(count)))
    chief, *others = lines
    assert isinstance(chief, Line)
    assert sorted(chief.connections) == list(range(1, count))
    chief.send(Kind.SHARED, b"state")
    for other in others:
        assert isinstance(other, Line)
        assert message(other, 0) == (Kind.SHARED, b"state")
        other.send(Kind.NUMBER, b"1")
    for index in chief.connections:
        assert message(chief, index) == (Kind.NUMBER, b"1")
    for line in lines:
        with line:  # type: ignore[union-attr]  # all are lines
            pass


def test_a_worker_that_is_there_first_waits_for_the_chief() -> None:
    workers = addresses()

    def late() -> Line:
        time.sleep(1.0)
        return joining(0, workers)()

    for line in both(late, joining(1, workers)):
        assert isinstance(line, Line)
        line.__exit__()


def test_a_difference_is_the_same_error_on_both() -> None:
    workers = addresses()
    chief, other = both(joining(0, workers), joining(1, workers, pictures="f" * 64))
    assert type(chief) is type(other) is TeamMismatch
    assert str(chief) == str(other)


def test_two_of_the_same_number_are_refused() -> None:
    workers = addresses(3)
    found = both(joining(0, workers), joining(1, workers), joining(1, workers))
    assert {type(one) for one in found} == {TeamMismatch}
    assert "worker 1" in str(found[0])


def test_who_does_not_come_is_named() -> None:
    workers = addresses(3)
    chief, other = both(joining(0, workers, join_s=2.0), joining(1, workers))
    assert isinstance(chief, WorkersMissing)
    assert "worker 2 did not come within 2 s" in str(chief)
    assert isinstance(other, WorkerLost)
    assert "worker 2 did not come" in str(other)


def test_a_chief_that_is_not_there_is_said() -> None:
    with pytest.raises(WorkersMissing, match=r"worker 0 cannot be reached at 127\.0\.0\.1"):
        joining(1, addresses(), join_s=1.0)()


def test_a_name_that_is_no_machine_is_said_at_once() -> None:
    with pytest.raises(BadWorkers, match=r"there is no machine nobody\.invalid"):
        joining(1, ("nobody.invalid:2222", "127.0.0.1:2222"))()


def test_an_address_of_another_machine_cannot_be_listened_on() -> None:
    # TEST-NET-1 (RFC 5737): nobody's.
    with pytest.raises(BadWorkers, match=r"cannot listen at 192\.0\.2\.1:2223"):
        joining(0, ("192.0.2.1:2222", "127.0.0.1:2222"))()


def test_a_port_in_use_is_said() -> None:
    workers = addresses()
    host, port = cluster(0, workers).meeting()
    with socket.create_server((host, port)), pytest.raises(BadWorkers, match="cannot listen") as caught:
        joining(0, workers)()
    assert "next port" in caught.value.hint


def test_strangers_are_sent_away_and_the_team_meets() -> None:
    workers = addresses()
    host, port = cluster(0, workers).meeting()

    def knock() -> None:
        for said in (b"GET / HTTP/1.1\r\n\r\n", b"", b"g" + (2).to_bytes(8, "big") + b"{}"):
            while True:
                try:
                    with socket.create_connection((host, port)) as stranger:
                        stranger.sendall(said)
                    break
                except ConnectionRefusedError:
                    time.sleep(0.05)

    stranger = threading.Thread(target=knock)

    def after() -> Line:
        stranger.join()
        return joining(1, workers)()

    stranger.start()
    for line in both(joining(0, workers), after):
        assert isinstance(line, Line)
        line.__exit__()


def test_a_worker_that_goes_while_others_are_awaited_ends_it() -> None:
    workers = addresses(3)
    view = cluster(1, workers)

    def come_and_go() -> Line:
        while True:
            try:
                sock = socket.create_connection(view.meeting())
                break
            except ConnectionRefusedError:
                time.sleep(0.05)
        data = greeting(view).to_bytes()
        sock.sendall(b"g" + len(data).to_bytes(8, "big") + data)
        time.sleep(0.3)
        sock.close()
        raise WorkerLost("gone")

    chief, _ = both(joining(0, workers), come_and_go)
    assert isinstance(chief, WorkerLost)
    assert "worker 1 is gone" in str(chief)

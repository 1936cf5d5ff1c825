"""Who is let through, who is not, and what is said about it; against OpenSSH's own server."""

from __future__ import annotations

import os
import tempfile
from contextlib import closing
from pathlib import Path

import pytest

from fv_benchmark.errors import BadAnswer
from fv_benchmark.targets.ssh.address import Address
from fv_benchmark.targets.ssh.connection import Connection
from fv_benchmark.targets.ssh.errors import (
    ConnectionLost,
    DeviceTimedOut,
    DeviceUnreachable,
    HostKeyChanged,
    HostKeyUnknown,
    LoginRefused,
    SshMissing,
)
from fv_core.errors import FvError
from tests.benchmark.targets.ssh.board import ALIAS, NEEDS_SSHD, Board, gone, running_with

pytestmark = NEEDS_SSHD


def refused(kind: type[FvError]) -> FvError:
    """The error of an attempt to connect, after which nothing runs and nothing lies about."""
    connection = Connection(Address(ALIAS))
    with closing(connection), pytest.raises(kind) as error:
        connection.open()
    assert not list(Path(tempfile.gettempdir()).glob(f"fv-ssh-{os.getpid()}-*"))
    return error.value


def test_one_connection_carries_every_command(started: Board) -> None:
    connection = Connection(Address(ALIAS))
    try:
        connection.open()
        for word in ("one", "two"):
            done = connection.run(f"echo {word}; cat", "script", 10, 1000)
            assert (done.status, done.stdout) == (0, f"{word}\nscript".encode())
        servers = [
            one for one in started.sessions() if one.name().startswith("sshd") and one.ppid() == started.server.pid
        ]
        assert len(servers) == 1
        below = started.sessions()
    finally:
        connection.close()
    assert gone(below) == []


def test_a_changed_key_is_refused(board: Board) -> None:
    board.know_host("other_key")
    board.start()
    error = refused(HostKeyChanged)
    assert error.code == "host-key-changed"
    assert "ssh-keygen -R" in error.hint


@pytest.mark.parametrize("word", ["no", "off", "accept-new"])
def test_a_changed_key_is_refused_whatever_the_users_settings_say(board: Board, word: str) -> None:
    board.know_host("other_key")
    board.client_options.append(f"StrictHostKeyChecking {word}")
    board.start()
    refused(HostKeyChanged)


def test_a_new_host_is_refused_until_somebody_has_looked_at_its_key(board: Board) -> None:
    board.forget_host()
    board.start()
    assert refused(HostKeyUnknown).hint.startswith(f"ssh {ALIAS}")


def test_a_new_host_is_taken_where_the_user_has_said_so(board: Board) -> None:
    board.forget_host()
    board.client_options.append("StrictHostKeyChecking no")
    board.start()
    connection = Connection(Address(ALIAS))
    try:
        connection.open()
    finally:
        connection.close()
    assert "ssh-ed25519" in (board.folder / "known_hosts").read_text()


def test_the_wrong_key_is_refused_without_a_question(board: Board) -> None:
    board.client_options.append(f"IdentityFile {board.folder}/other_key")
    board.start()
    (board.folder / "user_key").write_bytes((board.folder / "other_key").read_bytes())
    error = refused(LoginRefused)
    assert "ssh-copy-id" in error.hint


def test_nobody_at_home(board: Board) -> None:
    board.start()
    board.stop()
    assert "refused" in refused(DeviceUnreachable).why


def test_a_name_that_nobody_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FV_SSH", "ssh -F /dev/null")
    connection = Connection(Address("no-such-host.invalid"))
    with closing(connection), pytest.raises(DeviceUnreachable):
        connection.open()


def test_no_ssh_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FV_SSH", "/nowhere/ssh")
    connection = Connection(Address("board"))
    with closing(connection), pytest.raises(SshMissing):
        connection.open()


def test_a_login_that_prints_without_an_end_is_left(board: Board) -> None:
    # 50 MB, and it would go on.
    board.options.append(f"ForceCommand while :; do echo {'a' * 70}; done")
    board.start()
    assert refused(BadAnswer).code == "bad-device-answer"
    board.stop()


def test_a_greeting_does_no_harm(board: Board) -> None:
    board.options.append('ForceCommand echo "Welcome to $(echo fv-board)"; eval "$SSH_ORIGINAL_COMMAND"')
    board.start()
    connection = Connection(Address(ALIAS))
    try:
        connection.open()
        assert connection.run("echo ok", "", 10, 1000).stdout.endswith(b"ok\n")
    finally:
        connection.close()


def test_a_command_that_does_not_end_is_left(started: Board) -> None:
    connection = Connection(Address(ALIAS))
    try:
        connection.open()
        with pytest.raises(DeviceTimedOut):
            connection.run("sleep 30", "", 0.3, 1000)
    finally:
        connection.close()
        started.stop()
    assert running_with(str(started.folder)) == []


def test_a_command_that_prints_too_much_is_left(started: Board) -> None:
    connection = Connection(Address(ALIAS))
    try:
        connection.open()
        with pytest.raises(BadAnswer):
            connection.run("while :; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaa; done", "", 20, 100_000)
    finally:
        connection.close()


def test_a_broken_connection_is_said(started: Board) -> None:
    connection = Connection(Address(ALIAS))
    try:
        connection.open()
        started.cut()
        with pytest.raises(ConnectionLost):
            connection.run("sleep 30", "", 20, 1000)
    finally:
        connection.close()

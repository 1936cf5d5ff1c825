"""The device's end of the line, in a process of its own: with nobody there any more it ends, and so do its children."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import psutil
import pytest

from tests.benchmark.targets.ssh.board import gone

START = (
    "import sys, time, subprocess\nfrom fv_benchmark.device import line\nline.SILENCE_S = 1.5\nhost = line.Line('t')\n"
)


def started(program: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", START + program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def said(process: subprocess.Popen[bytes]) -> bytes:
    assert process.stdout is not None
    line: bytes = process.stdout.readline()
    return line


def test_requests_come_one_by_one_and_empty_lines_say_nothing() -> None:
    process = started("for one in host.requests(): host.answer({'got': one})")
    out, _ = process.communicate(b'{"verb": "a"}\n\n\n{"verb": "b"}\n', timeout=20)
    assert (
        out
        == b'fv t answer 23 0\n{"got": {"verb": "a"}}'.replace(b"23", b"22")
        + b'fv t answer 22 0\n{"got": {"verb": "b"}}'
    )
    assert process.returncode == 0


def test_frames_follow_a_request() -> None:
    process = started("next(host.requests()); host.answer([len(one) for one in host.frames()], b'xy')")
    out, _ = process.communicate(b'{"verb": "put"}\n' + b"\0\0\0\3abc" + b"\0\0\0\1d" + b"\0\0\0\0", timeout=20)
    assert out == b"fv t answer 6 2\n[3, 1]xy"


def test_what_else_is_printed_does_not_reach_the_line() -> None:
    process = started("print('noise', flush=True); host.note('a\\nb'); host.progress(1, 2)")
    out, _ = process.communicate(b"", timeout=20)
    assert out == b"fv t note a b\nfv t progress 1 2\n"


WORK = "child = subprocess.Popen(['sleep', '60'])\nwith host.watched(): host.note(str(child.pid)); time.sleep(60)"


@pytest.mark.parametrize("how", ["the line ends", "nothing is heard"])
def test_it_ends_with_its_children_when(how: str) -> None:
    process = started(WORK)
    child = psutil.Process(int(said(process).split()[3]))
    assert process.stdin is not None
    assert process.stdout is not None
    if how == "the line ends":
        process.stdin.close()
    assert process.wait(20) != 0
    assert gone([child]) == []
    process.stdin.close()
    process.stdout.close()


def test_somebody_who_is_heard_now_and_then_is_waited_for() -> None:
    process = started("with host.watched(): host.note('x'); time.sleep(3)\nhost.answer(1)")
    said(process)
    assert process.stdin is not None
    for _ in range(12):
        time.sleep(0.25)
        if process.poll() is None:
            os.write(process.stdin.fileno(), b"\n")
    out, _ = process.communicate(timeout=20)
    assert out == b"fv t answer 1 0\n1"

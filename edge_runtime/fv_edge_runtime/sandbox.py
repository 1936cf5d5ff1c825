"""Work on a file that nobody vouches for, in a child process with limits on time and memory.

Model runtimes are C++ and read offsets and sizes from the file; a hostile or damaged file may crash them, make them
loop, or ask for all memory there is. `run_in_child` starts a fresh Python, lets it call one function, and takes back
JSON. What goes wrong there becomes an error here:

    the function raised an FvError      the same code, problem, why, hint and exit code
    the process died or answered nonsense    ChildCrashed, with the signal
    it needed more than `seconds`       killed with all its children, ChildTimedOut
    it wanted more than `memory_bytes`  ChildOutOfMemory

The limits are the kernel's (setrlimit(2)): address space, processor time, file size, no core dump. This is no jail:
the child may read what its user may read. It keeps a bad file from taking the caller down, no more.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from tempfile import TemporaryFile
from typing import IO, Any, cast

import fv_edge_runtime.errors  # noqa: F401 - so that its errors are found by their code when a child raises them
from fv_core.errors import FvError
from fv_core.text import printable
from fv_edge_runtime.errors import ChildCrashed, ChildOutOfMemory, ChildTimedOut

MAX_ANSWER_BYTES = 64 << 20
_MAX_NOISE_BYTES = 1 << 16
_MAX_TEXT_CHARACTERS = 2000
# What the C++ and Python allocators say when the address space is used up.
_OUT_OF_MEMORY = ("bad_alloc", "MemoryError", "Cannot allocate memory", "failed to allocate", "out of memory")
# -I: neither the current folder nor PYTHON* variables decide what is imported; the parent's own path does.
_START = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from fv_edge_runtime._child import main; "
_START += "main(int(sys.argv[2]))"


def run_in_child(target: str, argument: Any, *, seconds: float, memory_bytes: int) -> Any:
    """Call `target` ("module:function") with `argument` (JSON-able) in a child process and return its JSON-able result.

    `seconds`: wall clock for everything, the start of Python included. `memory_bytes`: address space of the child,
    which is more than it touches (libraries and thread stacks count). Raises what the module says.
    """
    job = {"target": target, "argument": argument, "seconds": seconds, "memory_bytes": memory_bytes}
    with TemporaryFile() as question, TemporaryFile() as answer, TemporaryFile() as noise:
        question.write(json.dumps(job).encode())
        question.seek(0)
        status = _run(question, answer, noise, seconds)
        return _read(status, answer, _tail(noise))


def _run(question: IO[bytes], answer: IO[bytes], noise: IO[bytes], seconds: float) -> int:
    """Exit status of the child; negative for a signal."""
    path = [entry for entry in sys.path if entry]
    command = [sys.executable, "-I", "-c", _START, json.dumps(path), str(answer.fileno())]
    process = subprocess.Popen(
        command,
        stdin=question,
        stdout=noise,
        stderr=noise,
        pass_fds=(answer.fileno(),),
        env=_environment(),
        start_new_session=True,  # Ctrl-C reaches the parent alone, which then ends the child and its children
    )
    try:
        return process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        raise ChildTimedOut(
            f"stopped after {seconds:g} s", why="the child process that worked on the file did not come to an end"
        ) from None
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _environment() -> dict[str, str]:
    """OpenBLAS reserves address space for each core of the machine; NumPy's matrix product is not needed here."""
    return {**os.environ, "OPENBLAS_NUM_THREADS": "1"}


def _read(status: int, answer: IO[bytes], noise: str) -> Any:
    if status != 0:
        raise _death(status, noise)
    # Asked for that many bytes, a stream takes the room for them first; this process may have hardly any left.
    size_bytes = answer.seek(0, os.SEEK_END)
    if size_bytes > MAX_ANSWER_BYTES:
        raise ChildCrashed("the child process answered too much", why=f"more than {MAX_ANSWER_BYTES} bytes")
    answer.seek(0)
    data = answer.read(size_bytes)
    try:
        message = json.loads(data)
    except (ValueError, RecursionError):
        raise ChildCrashed("the child process answered nonsense", why=_last_line(noise)) from None
    if not isinstance(message, dict):
        raise ChildCrashed("the child process answered nonsense", why="no JSON object")
    if "value" in message:
        return message["value"]
    if message.get("out_of_memory"):
        raise _out_of_memory("MemoryError")
    if isinstance(message.get("error"), dict):
        raise _same_error(message["error"])
    why = _short(message.get("bug"))
    if any(word in why for word in _OUT_OF_MEMORY):
        raise _out_of_memory(why)
    raise ChildCrashed("the child process failed", why=why)


def _death(status: int, noise: str) -> FvError:
    if any(word in noise for word in _OUT_OF_MEMORY):
        return _out_of_memory(_last_line(noise))
    if status == -signal.SIGKILL:
        return _out_of_memory("the system killed the child process, as it does when memory runs out")
    if status == -signal.SIGXCPU:
        return ChildTimedOut("stopped: the child process used up its processor time")
    how = signal.Signals(-status).name if status < 0 else f"exit status {status}"
    last = _last_line(noise)
    return ChildCrashed("the child process crashed", why=f"{how}; {last}" if last else how)


def _out_of_memory(why: str) -> ChildOutOfMemory:
    return ChildOutOfMemory("the child process ran out of the memory it was given", why=why)


def _same_error(fields: dict[str, Any]) -> FvError:
    """The error that was raised in the child, as its own class where this process has imported that class."""
    code = _short(fields.get("code")) or ChildCrashed.code
    exit_code = fields.get("exit_code")
    known = next((kind for kind in _kinds(FvError) if kind.code == code), None)
    kind = known or cast(
        type[FvError],
        type("ErrorInChild", (FvError,), {"code": code, "exit_code": exit_code if exit_code in (1, 2, 3, 4) else 1}),
    )
    return kind(_short(fields.get("problem")), why=_short(fields.get("why")), hint=_short(fields.get("hint")))


def _kinds(base: type[FvError]) -> Iterator[type[FvError]]:
    yield base
    for kind in base.__subclasses__():
        yield from _kinds(kind)


def _short(text: object) -> str:
    return printable(str(text or ""), max_characters=_MAX_TEXT_CHARACTERS)


def _tail(noise: IO[bytes]) -> str:
    """The end of what the child wrote to its standard output and error."""
    end = noise.seek(0, os.SEEK_END)
    noise.seek(max(0, end - _MAX_NOISE_BYTES))
    return noise.read().decode("utf-8", errors="replace")


def _last_line(noise: str) -> str:
    lines = [line for line in noise.splitlines() if line.strip()]
    return _short(lines[-1]) if lines else ""

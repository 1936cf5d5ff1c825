"""The process on the device that a benchmark over ssh talks to: one request after the other, until the line ends.

It imports the standard library only. What needs NumPy and a runtime is done in child processes of its own
(`fv_edge_runtime.sandbox`), fresh for each block as on this machine; the modules for them lie in the same file.
Started as `python agent.pyz TOKEN`.
"""

from __future__ import annotations

import fcntl
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fv_benchmark import machine
from fv_benchmark.condition import read_condition
from fv_benchmark.device import board, power
from fv_benchmark.device.environment import install
from fv_benchmark.device.errors import DeviceBusy
from fv_benchmark.device.line import HostGone, Line
from fv_benchmark.device.store import Store, disk_errors, remove_tree
from fv_core.errors import FvError
from fv_edge_runtime.sandbox import run_in_child

CACHE = Path(".cache/fv")
VENV = Path(".local/share/fv/venv")
Answer = tuple[Any, bytes]


class Agent:
    """Everything the device can be asked for; each public method is a request."""

    def __init__(self, home: Path, line: Line) -> None:
        self._cache = home / CACHE
        self._venv = home / VENV
        self._line = line
        self._store = Store(self._cache / "blobs")
        self._lock = _lock(self._cache)
        self._cores = board.big_cores()

    def about(self, job: dict[str, Any]) -> Answer:
        """The machine in words, and what emulates it."""
        now = machine.snapshot()
        watts = power.board_watts(board.vcgencmd("pmic_read_adc"))
        said = asdict(machine.describe(now, now))
        return {"machine": said, "emulated": board.emulated_by(), "big_cores": self._cores, "watts": watts}, b""

    def snapshot(self, job: dict[str, Any]) -> Answer:
        """The machine's counters."""
        return asdict(machine.snapshot()), b""

    def condition(self, job: dict[str, Any]) -> Answer:
        """How hot and how fast it is."""
        return self._completed(asdict(read_condition())), b""

    def have(self, job: dict[str, Any]) -> Answer:
        """How many bytes of each of `names` are here, and whether that is all."""
        return {name: self._store.bytes_of(name) for name in job["names"]}, b""

    def make_room(self, job: dict[str, Any]) -> Answer:
        """Delete old blobs until `needed_bytes` fit beside those in `keep`."""
        self._store.make_room(job["needed_bytes"], job["keep"], job["limit_bytes"])
        return None, b""

    def put(self, job: dict[str, Any]) -> Answer:
        """Receive the blob `name` of `size_bytes` from `offset` on."""
        self._store.receive(job["name"], job["size_bytes"], job["offset"], self._line.frames())
        return None, b""

    def install(self, job: dict[str, Any]) -> Answer:
        """Make the private environment; `wheels`: file name and blob of each, None for the network."""
        with tempfile.TemporaryDirectory(prefix="wheels-", dir=self._cache) as folder, self._line.watched():
            for name, blob in (job["wheels"] or {}).items():
                os.link(self._store.path(blob), Path(folder) / Path(name).name)
            wheels = Path(folder) if job["wheels"] else None
            return install(self._venv, job["packages"], wheels, self._line.note), b""

    def block(self, job: dict[str, Any]) -> Answer:
        """Measure one block of the blob `model` in a fresh process."""
        bits = board.throttled_bits()
        argument = {"path": self._model(job), "threads": job["threads"], "protocol": job["protocol"]}
        with self._pinned(), power.power_logged() as log:
            said = self._child("fv_benchmark.worker:measure_block", argument, job)
            ended_ns = time.monotonic_ns()
        if said["energy_uj"] is None:
            # The block's time, or longer where single calls are.
            timed_ns = max(round(job["protocol"]["block_seconds"] * 1e9), sum(said["samples_ns"]))
            said["energy_uj"] = log.energy_uj(ended_ns, timed_ns, said["samples_ns"])
        if said["before"]["throttled_bits"] is None:
            said["before"]["throttled_bits"] = bits
        return {**said, "after": self._completed(said["after"])}, b""

    def sustain(self, job: dict[str, Any]) -> Answer:
        """Run the blob `model` without a pause for `run_s`."""
        with tempfile.TemporaryDirectory(prefix="fv-") as folder, self._pinned():
            counter = Path(folder) / "done.txt"
            argument = {"path": self._model(job), "threads": job["threads"], "seconds": job["run_s"]}
            said = self._child("fv_benchmark.sustain:sustain_here", {**argument, "counter": str(counter)}, job, counter)
        return said, b""

    def look(self, job: dict[str, Any]) -> Answer:
        """Input size and number of classes of the blob `model`."""
        return self._child("fv_benchmark.device.asking:look", {"path": self._model(job)}, job), b""

    def ask(self, job: dict[str, Any]) -> Answer:
        """The answers of the blob `model` about the blob `pictures`, as float32."""
        with tempfile.TemporaryDirectory(prefix="ask-", dir=self._cache) as folder:
            counter, answers = Path(folder) / "done.txt", Path(folder) / "answers.bin"
            pictures = str(self._store.path(job["pictures"]))
            paths = {"path": self._model(job), "pictures": pictures, "answers": str(answers), "counter": str(counter)}
            said = self._child("fv_benchmark.device.asking:ask", {**job["question"], **paths}, job, counter)
            return said, answers.read_bytes()

    def clean(self, job: dict[str, Any]) -> Answer:
        """Remove everything that was ever put here; how many bytes that was."""
        return sum(remove_tree(folder) for folder in (self._cache, self._venv.parent)), b""

    def _child(self, target: str, argument: Any, job: dict[str, Any], counter: Path | None = None) -> Any:
        with self._line.watched(None if counter is None else lambda: self._tell(counter)):
            # A 32-bit kernel cannot be told of a larger limit.
            memory_bytes = min(job["memory_bytes"], sys.maxsize)
            return run_in_child(target, argument, seconds=job["seconds"], memory_bytes=memory_bytes)

    def _tell(self, counter: Path) -> None:
        try:
            done, total = counter.read_text(encoding="ascii").split()
        except (OSError, ValueError):  # not there yet, or just being written
            return
        self._line.progress(int(done), int(total))

    def _model(self, job: dict[str, Any]) -> str:
        return str(self._store.path(job["model"]))

    def _completed(self, condition: dict[str, Any]) -> dict[str, Any]:
        """A condition with the firmware's word where the kernel does not pass it on."""
        bits = condition["throttled_bits"]
        return {**condition, "throttled_bits": board.throttled_bits() if bits is None else bits}

    def _pinned(self) -> board.Pinned:
        return board.Pinned(self._cores)


def main(arguments: list[str]) -> None:
    """Answer requests until there are no more. `arguments`: the token."""
    line = Line(arguments[0])
    try:
        agent = Agent(Path.home(), line)
        line.answer({"ready": True})
    except FvError as error:
        line.answer(_said(error))
        return
    for request in line.requests():
        work: Callable[[dict[str, Any]], Answer] = getattr(agent, str(request["verb"]))
        try:
            with disk_errors():
                value, payload = work(request)
        except FvError as error:
            line.answer(_said(error))
            if request["verb"] == "put":
                return  # what is still on its way belongs to no request
        except HostGone:
            return
        else:
            line.answer({"value": value}, payload)


def _said(error: FvError) -> dict[str, Any]:
    return {"error": {"code": error.code, "problem": error.problem, "why": error.why, "exit_code": error.exit_code}}


def _lock(cache: Path) -> int:
    """A lock that the kernel takes back when this process ends, however it ends."""
    with disk_errors():
        cache.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(cache / "lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise DeviceBusy("another fv benchmark is measuring on the device", why="it holds the lock") from error
    return descriptor

"""A device reached over ssh: a Raspberry Pi, a Jetson, any Linux with Python 3.11; it runs `fv_benchmark.device`."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from fv_benchmark.answer import MEMORY_BYTES, Question
from fv_benchmark.condition import Condition
from fv_benchmark.cooling import wait_until_cool
from fv_benchmark.device import power
from fv_benchmark.errors import BadAnswer
from fv_benchmark.machine import Machine, Snapshot
from fv_benchmark.protocol import Protocol
from fv_benchmark.slices import Sustained
from fv_benchmark.targets import Block, Cooling, TargetOptions
from fv_benchmark.targets._block import block_from, condition_from, sustained_from
from fv_benchmark.targets.ssh.address import Address
from fv_benchmark.targets.ssh.asked import ask_model
from fv_benchmark.targets.ssh.channel import Channel, Heard
from fv_benchmark.targets.ssh.connection import Connection
from fv_benchmark.targets.ssh.provide import Wish, provide
from fv_benchmark.targets.ssh.pythons import RemotePython
from fv_benchmark.targets.ssh.said import bad_answer, machine_from, snapshot_from
from fv_benchmark.targets.ssh.transfer import Parcel, send
from fv_core.errors import FvError
from fv_core.predictions import Predictions
from fv_core.progress import Progress

# The device ends a child that takes too long by itself; the answer about that has to come back, too.
MARGIN_SECONDS = 60.0
_ASK_SECONDS = 30.0
# Ten thousand small files of an environment, on the slowest memory card.
_CLEAN_SECONDS = 180.0


@dataclass
class _Opened:
    """What stands between `open` and `close`."""

    channel: Channel
    python: RemotePython
    about: dict[str, Any]
    cool: Condition
    models: dict[Path, Parcel]


class SshTarget:
    """A `Target`."""

    def __init__(self, name: str, address: Address, options: TargetOptions) -> None:
        self.name = name
        self._options = options
        self._connection = Connection(address)
        self._state: _Opened | None = None

    def open(self, models: Sequence[Path], progress: Progress) -> None:
        """See `Target`. Raises the errors of `fv_benchmark.targets.ssh.errors` and `fv_benchmark.device.errors`."""
        parcels = {path: Parcel.of(path, path.suffix, path.name) for path in models}
        progress.advance(f"connecting to {self._connection.address.host}", 0, None)
        self._connection.open()
        options = self._options
        photos = options.decode_on_device is not None
        wish = Wish([path.suffix for path in models], photos, options.install, options.wheels)
        channel, python = provide(self._connection, wish, progress)
        self._state = _Opened(channel, python, {}, Condition(), parcels)
        send(channel, list(parcels.values()), progress)
        self._state.about = _about(channel.ask("about", seconds=_ASK_SECONDS)[0])
        self._state.cool = self._condition()

    def close(self) -> None:
        """See `Target`; `--clean` takes away what was put there, as long as the connection stands."""
        if self._state is not None:
            if self._options.clean:
                with suppress(FvError):  # the way out of an error: that one is what the user has to know
                    self._state.channel.ask("clean", seconds=_CLEAN_SECONDS)
            self._state.channel.close()
            self._state = None
        self._connection.close()

    def cool_down(self, limit_s: float, progress: Progress) -> Cooling:
        """See `Target`."""
        return wait_until_cool(self._condition, self._opened.cool, limit_s, progress)

    def measure(self, path: Path, threads: int, protocol: Protocol) -> Block:
        """See `Target`."""
        fields = {
            "model": self._opened.models[path].name,
            "threads": threads,
            "protocol": asdict(protocol),
            "seconds": protocol.block_limit_seconds,
            "memory_bytes": protocol.memory_bytes,
        }
        limit_s = protocol.block_limit_seconds + MARGIN_SECONDS
        said, _ = self._opened.channel.ask("block", fields, seconds=limit_s)
        block = block_from(said, protocol)
        if sum(block.samples_ns) > limit_s * 1e9:
            raise BadAnswer("the device says that its calls took longer than we waited", why=f"over {limit_s:g} s")
        return block

    def answers(self, path: Path, question: Question, progress: Progress) -> Predictions:
        """See `Target`."""
        cores = machine_from(self._opened.about["machine"]).cores
        asked = replace(question, threads=cores)
        parcel = self._opened.models[path]
        return ask_model(self._opened.channel, parcel, asked, self._options.decode_on_device, progress)

    def sustain(self, path: Path, threads: int, seconds: float, progress: Progress) -> Sustained:
        """See `Target`."""
        limit_s = seconds + Protocol.block_limit_seconds
        fields = {
            "model": self._opened.models[path].name,
            "threads": threads,
            "run_s": seconds,
            "seconds": limit_s,
            "memory_bytes": MEMORY_BYTES,
        }
        heard = Heard(progress=lambda done, total: progress.advance(f"running, {path.name}", done, total))
        said, _ = self._opened.channel.ask("sustain", fields, seconds=limit_s + MARGIN_SECONDS, heard=heard)
        return sustained_from(said, seconds)

    def snapshot(self) -> Snapshot:
        """See `Target`."""
        return snapshot_from(self._opened.channel.ask("snapshot", seconds=_ASK_SECONDS)[0])

    def describe(self, before: Snapshot, after: Snapshot) -> Machine:
        """See `Target`."""
        about, python = self._opened.about, self._opened.python
        cores = about["big_cores"]
        facts: dict[str, str | float | bool | None] = {"environment": "fv's own" if python.is_ours else "the device's"}
        if cores:
            facts["pinned to the big cores"] = ", ".join(str(core) for core in cores)
        machine = machine_from(about["machine"])
        return replace(
            machine,
            target="ssh",
            emulated=about["emulated"],
            energy=machine.energy if about["watts"] is None else f"measured ({power.SOURCE})",
            load_before=before.load,
            load_after=after.load,
            facts=facts,
        )

    @property
    def _opened(self) -> _Opened:
        if self._state is None:
            raise ValueError("the target was not opened")
        return self._state

    def _condition(self) -> Condition:
        said, _ = self._opened.channel.ask("condition", seconds=_ASK_SECONDS)
        try:
            return condition_from(said) or Condition()
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise bad_answer(error) from None


def _about(said: Any) -> dict[str, Any]:
    """What the device says of itself, checked field by field."""
    try:
        cores, emulated, watts = said["big_cores"], said["emulated"], said["watts"]
        if not (isinstance(cores, list) and all(type(core) is int and 0 <= core < 1 << 16 for core in cores)):
            raise TypeError("cores are whole numbers")
        if not (emulated is None or (isinstance(emulated, str) and emulated.isprintable() and len(emulated) < 100)):
            raise TypeError("an emulator has a name")
        if not (watts is None or type(watts) in (int, float)):
            raise TypeError("power is a number")
        machine_from(said["machine"])
    except (TypeError, KeyError, ValueError) as error:
        raise bad_answer(error) from None
    return {"machine": said["machine"], "big_cores": cores, "emulated": emulated, "watts": watts}

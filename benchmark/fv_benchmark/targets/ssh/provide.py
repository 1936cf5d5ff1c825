"""A Python on the device that can run these models: one that is there, or, when asked to, a private one made now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fv_benchmark.device.errors import VenvMissing
from fv_benchmark.targets.ssh.channel import Channel, Heard
from fv_benchmark.targets.ssh.connection import Connection
from fv_benchmark.targets.ssh.launch import launch
from fv_benchmark.targets.ssh.needs import fitting_wheels, missing, not_there, requirements, wheel_name
from fv_benchmark.targets.ssh.pythons import RemotePython, find_pythons
from fv_benchmark.targets.ssh.transfer import Parcel, send
from fv_core.progress import Progress

# A Raspberry Pi 3 with an old card: compiling nothing, but unpacking sixty megabytes of wheels.
_INSTALL_SECONDS = 1800.0


@dataclass(frozen=True)
class Wish:
    """What must be there: runtimes for files of these `suffixes`; Pillow, where `photos` are to be decoded.

    `install`: make a private environment where something lacks; from `wheels`, or from the network.
    """

    suffixes: Sequence[str]
    photos: bool = False
    install: bool = False
    wheels: Path | None = None


def provide(connection: Connection, wish: Wish, progress: Progress) -> tuple[Channel, RemotePython]:
    """An agent on a Python that has everything, and which one that is.

    Raises `DevicePythonMissing`, `RuntimeMissing` with the command to type, `WheelsMissing`, `VenvMissing`,
    `InstallFailed`, `DeviceDiskFull`.
    """
    pythons = find_pythons(connection)
    ready = next((one for one in pythons if not missing(one, wish.suffixes, photos=wish.photos)), None)
    if ready is None:
        if not wish.install:
            best = min(pythons, key=lambda one: len(missing(one, wish.suffixes, photos=wish.photos)))
            raise not_there(best, missing(best, wish.suffixes, photos=wish.photos), connection.address)
        _install(connection, pythons, wish, progress)
        pythons = find_pythons(connection)
        ready = next((one for one in pythons if not missing(one, wish.suffixes, photos=wish.photos)), None)
        if ready is None:
            lacking = missing(pythons[0], wish.suffixes, photos=wish.photos)
            raise not_there(pythons[0], lacking, connection.address)
    progress.say(f"{connection.address.host}: {ready.words()}" + (f" in {_place(ready)}" if ready.is_ours else ""))
    return launch(connection, ready), ready


def _install(connection: Connection, pythons: Sequence[RemotePython], wish: Wish, progress: Progress) -> None:
    system = next((one for one in pythons if not one.is_ours), pythons[0])
    ours = next((one for one in pythons if one.is_ours), None)
    names = missing(ours or _bare(system), wish.suffixes, photos=wish.photos)
    if not system.has_ensurepip:
        raise VenvMissing(
            f"the Python of {connection.address.host} cannot make an environment",
            why="Debian keeps that in the package python3-venv",
            hint=f"ssh {connection.address.typed()} sudo apt install python3-venv",
        )
    wheels = None if wish.wheels is None else fitting_wheels(wish.wheels, system, names)
    channel = launch(connection, system)
    try:
        parcels = {path.name: Parcel.of(path, ".whl", wheel_name(path.name)) for path in wheels or []}
        send(channel, list(parcels.values()), progress)
        channel.ask(
            "install",
            {
                "packages": requirements(system, names),
                "wheels": None if wheels is None else {name: parcel.name for name, parcel in parcels.items()},
            },
            seconds=_INSTALL_SECONDS,
            heard=Heard(note=lambda text: progress.advance("installing there", 0, None, text)),
        )
    finally:
        channel.close()
    source = "from the network" if wheels is None else f"from {len(parcels)} wheels"
    progress.say(f"installed {', '.join(names)} on {connection.address.host} {source}; --clean removes it again")


def _bare(python: RemotePython) -> RemotePython:
    """What a fresh environment of that Python has: nothing."""
    return RemotePython(
        python.executable, python.version, python.machine, python.bits, python.glibc, python.has_ensurepip, {}
    )


def _place(python: RemotePython) -> str:
    return python.executable.removesuffix("/bin/python")

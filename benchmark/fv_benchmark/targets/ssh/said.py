"""What the device says, checked before it means anything: JSON of bounded size and depth, errors of known kinds.

A device may be anybody's. It can forge its figures (a benchmark believes the machine it measures), but no more: its
text is made printable, and the hint under an error, a command to paste, is always ours.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeVar

from fv_benchmark import strict
from fv_benchmark.device import errors as device
from fv_benchmark.errors import BadAnswer
from fv_benchmark.machine import Machine, Snapshot
from fv_benchmark.targets.ssh.errors import RuntimeMissing
from fv_core.errors import BadPicture, FvError, MissingExtra
from fv_core.text import printable
from fv_edge_runtime import errors as runtime

_MAX_TEXT_CHARACTERS = 500
_SHOWN_CHARACTERS = 200
KINDS: Mapping[str, type[FvError]] = {
    kind.code: kind
    for kind in (
        device.DeviceDiskFull,
        device.TransferDamaged,
        device.DeviceBusy,
        device.VenvMissing,
        device.InstallFailed,
        runtime.BadModelFile,
        runtime.UnsupportedModel,
        runtime.NotProbabilities,
        runtime.BadInputRange,
        runtime.ChildCrashed,
        runtime.ChildTimedOut,
        runtime.ChildOutOfMemory,
        BadPicture,
    )
}
T = TypeVar("T")


def decoded(data: bytes) -> Any:
    """The value in the JSON of an answer; raises `BadAnswer`, or the error that was raised on the device."""
    try:
        message = json.loads(data, parse_constant=strict.no_constant)
        if not isinstance(message, dict):
            raise TypeError("no object")
    except (*strict.UNFIT, UnicodeDecodeError) as error:
        raise bad_answer(error) from None
    if "error" in message:
        raise _same_error(message["error"])
    return message.get("value")


def machine_from(entry: Any) -> Machine:
    """A `Machine` as a device describes itself; raises `BadAnswer`."""
    try:
        facts = {_text(name): _text(value) for name, value in strict.facts(entry["facts"]).items()}
        return strict.plain(Machine, {name: _text(value) for name, value in entry.items()} | {"facts": facts})
    except strict.UNFIT as error:
        raise bad_answer(error) from None


def snapshot_from(entry: Any) -> Snapshot:
    """A `Snapshot` of a device; raises `BadAnswer`."""
    return checked(Snapshot, entry)


def checked(kind: type[T], entry: Any) -> T:
    """The flat dataclass `kind` of an answer; raises `BadAnswer`."""
    try:
        return strict.plain(kind, {name: _text(value) for name, value in entry.items()})
    except strict.UNFIT as error:
        raise bad_answer(error) from None


def bad_answer(error: BaseException) -> BadAnswer:
    """For an answer that is none of ours."""
    why = printable(f"{type(error).__name__}: {error}", max_characters=_SHOWN_CHARACTERS)
    return BadAnswer("the device answered with something else than it was asked for", why=why)


def _same_error(fields: Any) -> FvError:
    """The error that was raised there, as its own class and with that class's hint."""
    if not isinstance(fields, dict):
        return bad_answer(TypeError("an error without fields"))
    code, problem, why = (_short(fields.get(name)) for name in ("code", "problem", "why"))
    if code == MissingExtra.code:
        return RuntimeMissing(f"on the device: {problem}", why=why, hint="add --install to the command")
    if code not in KINDS:
        return bad_answer(ValueError(f"an error of the kind {code!r}: {problem}"))
    return KINDS[code](problem, why=why)


def _short(value: Any) -> str:
    return printable(value, max_characters=_MAX_TEXT_CHARACTERS) if isinstance(value, str) else ""


def _text(value: T) -> T:
    return printable(value, max_characters=_MAX_TEXT_CHARACTERS) if isinstance(value, str) else value  # type: ignore[return-value]  # str stays str

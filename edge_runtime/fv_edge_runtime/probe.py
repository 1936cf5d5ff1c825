"""Does a model file take its runtime down? Tried out in a child process before this one opens it.

A runtime is C++ that believes the file: sizes that wrap around, or operators that grow a tensor beyond all memory, end
the process with a signal that no `except` catches. So `Classifier` lets a child open a file first and run it once. It
costs a start of Python and of the runtime: 0.35 s for a MobileNetV3Small on two cores of a server (docs/security.md).

What needs no probe: a file whose SHA-256 the caller knows, for it was tried when it was made; and whatever happens in a
child process of `sandbox`, where a crash is caught already.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from fv_core.files import sha256_of_file
from fv_edge_runtime import _child
from fv_edge_runtime.answers import SECONDS_A_PICTURE, SECONDS_TO_OPEN, memory_for
from fv_edge_runtime.errors import BadModelFile, CannotProbe, ChildCrashed, ChildOutOfMemory, ChildTimedOut
from fv_edge_runtime.sandbox import run_in_child

_HINT = 'give the file\'s digest (sha256sum FILE) to Classifier(path, sha256="…"), or probe=False'


def check_digest(path: Path, sha256: str) -> None:
    """Raise `BadModelFile` unless the file has this hex SHA-256."""
    found = sha256_of_file(path)
    if found != sha256.lower():
        raise BadModelFile(
            f"{path} is another file than the one that was vouched for",
            why=f"its SHA-256 is {found}, not {sha256}",
            hint="copy the file again, or give the digest of this one",
        )


def probe(path: Path) -> None:
    """Have a child process open the file and run it once.

    Raises `ChildCrashed`, `ChildTimedOut` or `ChildOutOfMemory` where that takes the child down, `CannotProbe` where no
    child can be started, and what opening and running raises.
    """
    if _child.is_child():
        return
    if getattr(sys, "frozen", False):
        raise CannotProbe(
            f"cannot try {path} out before it is opened",
            why="this program was frozen into one executable, which starts no other Python",
            hint=_HINT,
        )
    try:
        run_in_child(
            "fv_edge_runtime.probe:probe_here",
            str(path.resolve()),
            seconds=SECONDS_TO_OPEN + SECONDS_A_PICTURE,
            memory_bytes=memory_for(path),
        )
    except (ChildCrashed, ChildTimedOut, ChildOutOfMemory) as error:
        why = f"{error.problem}: {error.why}" if error.why else error.problem
        raise type(error)(f"{path} takes its runtime down", why=why, hint=f"fv inspect {path}") from error


def probe_here(path: str) -> dict[str, Any]:
    """Open the file and run it once on zeros, in this process."""
    import numpy as np

    from fv_edge_runtime.backends import open_session

    session = open_session(Path(path))
    session.run(np.zeros(session.input_shape, dtype=session.input_dtype))
    return {"runtime": session.runtime}

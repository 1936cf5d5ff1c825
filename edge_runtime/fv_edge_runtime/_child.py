"""The child's side of `sandbox`: limits first, then the import, then the call, then one JSON answer.

Nothing but the standard library is imported before the limits stand.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import resource
import signal
import sys
import traceback
from typing import Any

from fv_core.errors import FvError

# What the child may write to any one file, its answer included.
MAX_FILE_BYTES = 1 << 30
# linux/prctl.h; prctl(2).
_PR_SET_PDEATHSIG = 1


# Set before anything of the job is imported.
_here = False


def is_child() -> bool:
    """Whether this process is such a child."""
    return _here


def main(answer_descriptor: int) -> None:
    """Read the job from standard input and write the answer to the descriptor that the parent holds open."""
    global _here
    _here = True
    _end_with_parent()
    job = json.loads(sys.stdin.buffer.read())
    _limit(int(job["seconds"]), int(job["memory_bytes"]))
    answer = json.dumps(_answer(job["target"], job["argument"])).encode()
    with os.fdopen(answer_descriptor, "wb") as stream:
        stream.write(answer)
    # Native runtimes may hang or crash when they are torn down; the answer stands already.
    sys.stderr.flush()
    os._exit(0)


def _end_with_parent() -> None:
    """Be killed when the parent is, however it ends: nobody would stop a child that waits for ever. Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _limit(seconds: int, memory_bytes: int) -> None:
    _lower(resource.RLIMIT_AS, memory_bytes)
    _lower(resource.RLIMIT_FSIZE, MAX_FILE_BYTES)
    _lower(resource.RLIMIT_CORE, 0)
    # Processor time, not wall clock: a child whose parent was killed ends on its own, even when it spins on all cores.
    _lower(resource.RLIMIT_CPU, (seconds + 1) * (os.cpu_count() or 1))


def _lower(limit: int, value: int) -> None:
    """Set a limit, but never above the one that stands already."""
    _, hard = resource.getrlimit(limit)
    new = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(limit, (new, new))


def _answer(target: str, argument: Any) -> dict[str, Any]:
    module, _, name = target.partition(":")
    try:
        return {"value": getattr(importlib.import_module(module), name)(argument)}
    except FvError as error:
        return {
            "error": {
                "code": error.code,
                "exit_code": error.exit_code,
                "problem": error.problem,
                "why": error.why,
                "hint": error.hint,
            }
        }
    except MemoryError:
        return {"out_of_memory": True}
    except Exception as error:  # noqa: BLE001 - a child process's border: whatever it was becomes ChildCrashed
        traceback.print_exc()
        return {"bug": f"{type(error).__name__}: {error}"}

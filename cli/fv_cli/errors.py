"""Every failure as the user sees it: two lines and an exit code.

    error[missing-path]: no picture at dinner.jpg: there is no such file
    hint: ls .

Exit codes: 0 done, 1 failed, 2 wrong usage or input, 3 a gate says no, 4 a gate cannot tell, 130 interrupted (Ctrl-C),
143 terminated. An `FvError` carries its own. Anything else is a fault of `fv`, said so in one line; `--debug` prints
the stack trace of either.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from pathlib import Path

from fv_core.errors import FvError, MissingExtra
from fv_core.files import translated_os_errors
from fv_core.text import printable

FAILED = 1
WRONG_USAGE = 2
# 128 + the signal's number, as shells report a process that a signal ended (POSIX.1-2017, 2.8.2 Exit Status).
INTERRUPTED = 128 + signal.SIGINT
TERMINATED = 128 + signal.SIGTERM

# A path of the longest length (PATH_MAX 4096, limits.h of Linux) fits into a message.
_LINE_CHARACTERS = 5000

_EXTRA_OF_MODULE = {
    "tensorflow": "train",
    "keras": "train",
    "tensorflow_datasets": "train",
    "tensorboard": "train",
    "sklearn": "train",
    "h5py": "train",
    "onnx": "export",
    "tf2onnx": "export",
    "flatbuffers": "export",
    "ai_edge_litert": "litert",
    "onnxruntime": "onnx",
    "tflite_runtime": "tflite-runtime",
    "ai_edge_quantizer": "peers",
}


class Terminated(KeyboardInterrupt):
    """SIGTERM, raised where the main thread stands; cleans up on its way like Ctrl-C."""


def report(error: BaseException, *, debug: bool) -> int:
    """Write what the user needs to know of `error` to stderr and return the exit code."""
    if isinstance(error, SystemExit):
        return _exit_code(error)
    if isinstance(error, BrokenPipeError):
        return _reader_gone()
    if debug and not isinstance(error, KeyboardInterrupt):
        traceback.print_exception(error)
    if isinstance(error, KeyboardInterrupt):
        _forget_interrupt()
    lines, exit_code = explain(error)
    sys.stderr.write(_coloured(lines))
    return exit_code


def _forget_interrupt() -> None:
    """Python remembers a Ctrl-C that came through `exec` of a text, as every dataclass is made, and at its end kills
    itself by SIGINT although it was handled. Another `exec` forgets it (CPython, pythonrun.c, run_eval_code_obj)."""
    exec("")  # noqa: S102 - no code at all


def explain(error: BaseException) -> tuple[list[str], int]:
    """The lines that say `error`, without colour, and its exit code."""
    if isinstance(error, Terminated):
        return ["terminated"], TERMINATED
    if isinstance(error, KeyboardInterrupt):
        return ["interrupted"], INTERRUPTED
    error = _translated(error)
    if isinstance(error, FvError):
        hint = [f"hint: {one_line(error.hint)}"] if error.hint else []
        return [f"error[{error.code}]: {one_line(str(error))}", *hint], error.exit_code
    if _is_usage_error(error):
        return _explain_usage(error)
    if isinstance(error, MemoryError):
        return ["error[no-memory]: there is not enough memory", "hint: free -h"], FAILED
    what = one_line(f"{type(error).__name__}: {error}")
    return [f"error[fault]: {what}", "hint: this is a fault of fv; run again with --debug and report it"], FAILED


def _translated(error: BaseException) -> BaseException:
    """The `FvError` that says the same, where there is one."""
    if isinstance(error, ModuleNotFoundError):
        return missing_extra(error) or error
    if isinstance(error, OSError):
        try:
            with translated_os_errors(Path(str(error.filename or "the output"))):
                raise error
        except (FvError, OSError) as translated:
            return translated
    return error


def missing_extra(error: ModuleNotFoundError) -> MissingExtra | None:
    """The error for a module that an extra of `fv` would have installed; None when no extra has it."""
    module = (error.name or "").partition(".")[0]
    extra = _EXTRA_OF_MODULE.get(module)
    if extra is None:
        return None
    return MissingExtra(f"this needs {module}", why="it is not installed", hint=f"pip install 'fv[{extra}]'")


def one_line(text: str) -> str:
    """`text` in one line that a terminal can show and will not obey: names come from files and folders of strangers."""
    return printable(" ".join(text.splitlines()), max_characters=_LINE_CHARACTERS)


def _is_usage_error(error: BaseException) -> bool:
    # Typer is imported wherever a usage error can come from, so this costs nothing; without it there is none.
    typer = sys.modules.get("typer")
    return typer is not None and isinstance(error, typer.TyperException)


def _explain_usage(error: BaseException) -> tuple[list[str], int]:
    """What Typer says of a wrong command line, in our style."""
    says = getattr(error, "format_message", lambda: str(error))()
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "fv"
    return [f"error[usage]: {one_line(says).rstrip('.')}", f"hint: {path} --help"], WRONG_USAGE


def _exit_code(error: SystemExit) -> int:
    if error.code is None or isinstance(error.code, int):
        return error.code or 0
    sys.stderr.write(f"{one_line(str(error.code))}\n")
    return FAILED


def _reader_gone() -> int:
    """`fv … | head`: nobody reads any more. Point stdout elsewhere, or its flush at exit fails a second time."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return FAILED


def _coloured(lines: list[str]) -> str:
    text = "".join(f"{line}\n" for line in lines)
    if os.environ.get("NO_COLOR") or not sys.stderr.isatty() or not text.startswith("error["):
        return text
    label, rest = text.split(":", 1)
    return f"\x1b[1;31m{label}\x1b[0m:{rest}"

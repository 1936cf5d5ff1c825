"""`fv`: the one place where the command line begins, and where every failure ends as one line and an exit code.

Only the standard library's light modules are imported above `main`, and everything else below its `try`, so that Ctrl-C
during the imports of the first tenth of a second is already handled here.
"""

from __future__ import annotations

import os
import signal
import sys
import warnings
from collections.abc import Sequence
from types import FrameType

# What a shell asks to complete a command line; Typer's protocol, named after the program.
_COMPLETION_REQUEST = "_FV_COMPLETE"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line (default: `sys.argv`) and return its exit code; never raises."""
    words, debug = _take_debug(sys.argv[1:] if arguments is None else list(arguments))
    try:
        signal.signal(signal.SIGTERM, _terminate)
        with warnings.catch_warnings():
            _keep_quiet(debug)
            exit_code = _run(words)
        sys.stdout.flush()
    except BaseException as error:  # noqa: BLE001 - the outermost border: every failure is rendered here
        from fv_cli import errors

        return errors.report(error, debug=debug)
    return exit_code


def _run(words: list[str]) -> int:
    import typer

    from fv_cli.group import command_line, run

    if _COMPLETION_REQUEST in os.environ:
        command_line().main(args=words, prog_name="fv")
    try:
        run(words)
    except typer.Exit as stop:
        return stop.exit_code
    return 0


def _take_debug(words: list[str]) -> tuple[list[str], bool]:
    """`--debug` counts wherever it stands before a `--`: it is what somebody adds at the end of a line that failed."""
    end = words.index("--") if "--" in words else len(words)
    kept = [word for word in words[:end] if word != "--debug"] + words[end:]
    return kept, len(kept) != len(words)


def _keep_quiet(debug: bool) -> None:
    """Libraries' warnings and start-up chatter are of no use to somebody who types a command; `--debug` shows them."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    if debug:
        return
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if not sys.warnoptions:
        warnings.simplefilter("ignore")


def _terminate(_number: int, _frame: FrameType | None) -> None:
    """SIGTERM unwinds like Ctrl-C, so that temporary files are removed and children end."""
    from fv_cli.errors import Terminated

    raise Terminated

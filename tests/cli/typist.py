"""Types whole `fv` commands in processes of their own, with limits on time and memory, and says what each one cost.

A small server, started once, has the commands' light modules imported; for each command it forks, so that a command
begins in milliseconds and yet has its own process: its death, its memory and its files are its own. `wait4` gives the
peak of the largest process among the command and the children that it waited for (getrusage(2), ru_maxrss).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

_HERE = Path(__file__).resolve()
# A seat belt for the machine that runs the tests, not what is asserted: TensorFlow reserves a few GiB and touches less.
_ADDRESS_SPACE_BYTES = 40 << 30
_POLL_SECONDS = 0.01


@dataclass(frozen=True)
class Typed:
    """How a command ended. `signal`: 0, or what killed it. `peak_bytes`: resident memory of its largest process."""

    words: tuple[str, ...]
    exit_code: int
    signal: int
    out: str
    err: str
    seconds: float
    peak_bytes: int
    timed_out: bool


class Typist:
    """`with Typist(folder) as typist: typist.types("predict", "m.tflite", "p.png")`; `folder` holds its scratch files.

    A command runs in `here`, with `folder/tmp` for temporary files and `folder/home` as home.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("tmp", "home", "said"):
            (folder / name).mkdir(parents=True)
        environment = {
            **os.environ,
            "TMPDIR": str(folder / "tmp"),
            "HOME": str(folder / "home"),
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "KERAS_HOME": str(folder / "keras"),
            # The server forks: threads of NumPy's libraries would be missing in the fork, and their locks held.
            "OPENBLAS_NUM_THREADS": "1",
            "OMP_NUM_THREADS": "1",
        }
        self._server = subprocess.Popen(
            [sys.executable, str(_HERE)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
        )

    def __enter__(self) -> Typist:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.close()
        self._server.stdout.close()
        self._server.wait(timeout=10)

    def types(self, *words: str, here: Path, seconds: float = 120) -> Typed:
        """Type `fv WORDS` in the folder `here`; a command that takes longer than `seconds` is killed and says so."""
        out, err = self.folder / "said" / "out", self.folder / "said" / "err"
        job = {"words": words, "here": str(here), "out": str(out), "err": str(err), "seconds": seconds}
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(json.dumps(job) + "\n")
        self._server.stdin.flush()
        answer: dict[str, Any] = json.loads(self._server.stdout.readline())
        said = {name: path.read_text(errors="replace") for name, path in (("out", out), ("err", err))}
        return Typed(words=words, **said, **answer)

    def left_behind(self) -> list[str]:
        """What commands left in the temporary folder or at home."""
        return sorted(
            str(path.relative_to(self.folder)) for name in ("tmp", "home") for path in (self.folder / name).rglob("*")
        )


def serve() -> None:
    """The server: one JSON job a line on standard input, one JSON answer a line on standard output."""
    import fv_cli.commands.benchmark
    import fv_cli.commands.evaluate
    import fv_cli.commands.inspect
    import fv_cli.commands.predict  # noqa: F401 - imported so that every command starts with it

    for line in sys.stdin:
        job = json.loads(line)
        started = time.monotonic()
        process = os.fork()
        if process == 0:
            _become(job)
        timed_out, (_, status, usage) = _wait(process, job["seconds"])
        answer = {
            "exit_code": os.WEXITSTATUS(status) if os.WIFEXITED(status) else -1,
            "signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0,
            "seconds": time.monotonic() - started,
            "peak_bytes": usage.ru_maxrss * 1024,
            "timed_out": timed_out,
        }
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _become(job: dict[str, Any]) -> None:
    """In the fork: be the command, and end with its exit code."""
    import resource

    for descriptor, path in ((1, job["out"]), (2, job["err"])):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), descriptor)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.setsid()
    os.chdir(job["here"])
    resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_SPACE_BYTES, _ADDRESS_SPACE_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    from fv_cli.main import main

    code = main(job["words"])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _wait(process: int, seconds: float) -> tuple[bool, tuple[int, int, Any]]:
    """Whether it had to be killed, and what wait4(2) gives."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        ended = os.wait4(process, os.WNOHANG)
        if ended[0]:
            return False, ended
        time.sleep(_POLL_SECONDS)
    os.killpg(process, 9)
    return True, os.wait4(process, 0)


def everything(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Kind, size and time of last change of all that is below `folder`."""
    return {
        str(path.relative_to(folder)): (path.lstat().st_mode, path.lstat().st_size, path.lstat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
    }


if __name__ == "__main__":
    serve()

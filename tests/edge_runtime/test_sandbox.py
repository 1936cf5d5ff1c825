from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from fv_core.errors import FvError, MissingPath
from fv_edge_runtime import sandbox
from fv_edge_runtime.errors import BadModelFile, ChildCrashed, ChildOutOfMemory, ChildTimedOut
from fv_edge_runtime.sandbox import run_in_child

SECONDS = 20.0
MEMORY_BYTES = 1 << 30
JOBS = """
import ctypes, os, resource, subprocess, sys, time
from fv_core.errors import FvError, MissingPath
from fv_edge_runtime.errors import BadModelFile

class OnlyThere(FvError):
    code = "only-there"
    exit_code = 4

def echo(argument): return argument
def sleep(argument):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    open(argument, "w").write(str(child.pid))
    time.sleep(60)
def wait(argument):
    open(argument, "w").write(str(os.getpid()))
    time.sleep(60)
def allocate(argument): return len(bytearray(argument))
def native_allocate(argument):
    print("terminate called after throwing an instance of 'std::bad_alloc'", file=sys.stderr, flush=True)
    os.abort()
def segfault(argument): ctypes.string_at(0)
def leave(argument): os._exit(7)
def killed(argument): os.kill(os.getpid(), 9)
def divide(argument): return 1 / 0
def refuse(argument): raise BadModelFile("bad \\x1b[31mfile", why="because", hint="do this")
def refuse_core(argument): raise MissingPath("not there", hint="ls")
def refuse_there(argument): raise OnlyThere("no", why="of that")
def noise(argument):
    print("noise" * 1000); os.write(2, b"more noise"); return "quiet"
def limits(argument):
    return [resource.getrlimit(kind)[0] for kind in (resource.RLIMIT_AS, resource.RLIMIT_CORE)]
def large(argument): return "x" * argument
def lie(argument):
    os.write(int(sys.argv[2]), argument.encode()); os._exit(0)
"""


@pytest.fixture(scope="module", autouse=True)
def jobs(tmp_path_factory: pytest.TempPathFactory) -> object:
    folder = tmp_path_factory.mktemp("jobs")
    (folder / "fv_test_jobs.py").write_text(JOBS)
    sys.path.append(str(folder))
    yield folder
    sys.path.remove(str(folder))


def call(name: str, argument: object = None, seconds: float = SECONDS) -> object:
    return run_in_child(f"fv_test_jobs:{name}", argument, seconds=seconds, memory_bytes=MEMORY_BYTES)


def ended(pid_file: Path) -> bool:
    """Whether the process ends within five seconds; a zombie that waits for init has ended."""
    stat = Path(f"/proc/{pid_file.read_text()}/stat")
    for _ in range(100):
        if not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.05)
    return False


def test_what_goes_in_comes_out() -> None:
    value = {"a": [1, 2.5, None, "é\x00"], "b": {}}
    assert call("echo", value) == value


def test_noise_of_the_child_stays_there(capfd: pytest.CaptureFixture[str]) -> None:
    assert call("noise") == "quiet"
    assert capfd.readouterr() == ("", "")


def test_a_child_that_hangs_is_ended_with_its_children(tmp_path: Path) -> None:
    started = time.monotonic()
    with pytest.raises(ChildTimedOut) as caught:
        call("sleep", str(tmp_path / "pid"), seconds=3.5)
    assert time.monotonic() - started < 30  # the job itself would take 60
    assert "3.5 s" in caught.value.problem
    assert ended(tmp_path / "pid")


@pytest.mark.parametrize(("name", "argument"), [("allocate", 4 << 30), ("native_allocate", None), ("killed", None)])
def test_memory_that_runs_out_is_said_so(name: str, argument: object) -> None:
    with pytest.raises(ChildOutOfMemory):
        call(name, argument)


def test_memory_that_suffices_is_given() -> None:
    assert call("allocate", 1 << 20) == 1 << 20


@pytest.mark.parametrize(
    ("name", "why"),
    [("segfault", "SIGSEGV"), ("leave", "exit status 7"), ("divide", "ZeroDivisionError"), ("missing", "missing")],
)
def test_a_crash_is_an_error_with_its_kind(name: str, why: str) -> None:
    with pytest.raises(ChildCrashed) as caught:
        call(name)
    assert why in caught.value.why


@pytest.mark.parametrize("lie", ["", "no json", "[]", "{}", '{"error": 3}', "[" * 100_000])
def test_an_answer_that_is_none_is_a_crash(lie: str) -> None:
    with pytest.raises(ChildCrashed):
        call("lie", lie)


def test_an_answer_without_end_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "MAX_ANSWER_BYTES", 1000)
    assert call("large", 900) == "x" * 900
    with pytest.raises(ChildCrashed, match="too much"):
        call("large", 1000)


def test_an_error_arrives_as_itself_and_fit_for_a_terminal() -> None:
    with pytest.raises(BadModelFile) as caught:
        call("refuse")
    error = caught.value
    assert (error.problem, error.why, error.hint) == ("bad \\x1b[31mfile", "because", "do this")
    assert (error.code, error.exit_code) == (BadModelFile.code, BadModelFile.exit_code)
    with pytest.raises(MissingPath):
        call("refuse_core")


def test_an_error_of_an_unknown_kind_keeps_its_code() -> None:
    with pytest.raises(FvError) as caught:
        call("refuse_there")
    assert (caught.value.code, caught.value.exit_code, str(caught.value)) == ("only-there", 4, "no: of that")


def test_forged_errors_are_read_with_care() -> None:
    with pytest.raises(FvError) as caught:
        call("lie", '{"error": {"code": "x\\u001b", "exit_code": 0, "problem": ["p"], "why": null}}')
    assert (caught.value.code, caught.value.exit_code, caught.value.problem) == ("x\\x1b", 1, "['p']")


def test_the_limits_stand_in_the_child() -> None:
    assert call("limits") == [MEMORY_BYTES, 0]


def test_neither_the_current_folder_nor_the_environment_is_imported_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit(9)")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert call("echo", 1) == 1


def parent_of(job: str, pid_file: Path, jobs: Path) -> subprocess.Popen[bytes]:
    """A process that waits for `job` in a child, once that has written a process id to `pid_file`."""
    program = (
        f"import sys; sys.path.append({str(jobs)!r})\n"
        "from fv_edge_runtime.sandbox import run_in_child\n"
        f"run_in_child('fv_test_jobs:{job}', {str(pid_file)!r}, seconds=60, memory_bytes=1 << 30)"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE)
    for _ in range(200):
        if pid_file.exists() and pid_file.read_text():
            break
        time.sleep(0.05)
    return parent


def test_an_interrupted_parent_ends_its_child(tmp_path: Path, jobs: Path) -> None:
    parent = parent_of("sleep", tmp_path / "pid", jobs)
    parent.send_signal(2)
    _, noise = parent.communicate(timeout=10)
    assert b"KeyboardInterrupt" in noise
    assert ended(tmp_path / "pid")


def test_a_killed_parent_takes_its_child_along(tmp_path: Path, jobs: Path) -> None:
    parent = parent_of("wait", tmp_path / "pid", jobs)
    parent.kill()
    parent.communicate(timeout=10)
    assert ended(tmp_path / "pid")

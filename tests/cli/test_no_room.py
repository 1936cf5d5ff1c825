"""A full disk and a place that cannot be written, typed: one error with its code and a hint, and nothing half-written.

Root ignores permissions, so both are small mounts; without the right to mount these tests are skipped.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fv_cli.main import main
from tests.core._mounts import mounted_tmpfs
from tests.edge_runtime import tiny_models
from tests.export import separable

pytestmark = pytest.mark.root

# What each command writes is larger than this: the smallest is the report of a benchmark with its samples.
DISK = "size=16k"
COMMANDS = {
    "data prepare": [
        "data", "prepare", "builtin:plates", "--limit", "20", "--size", "32", "--workers", "1", "--out", "OUT",
    ],
    "train": [
        "train", "plates_quick", "--data", "set", "--out", "OUT",
        "--set", "data.input_size=32", "--set", "data.batch_size=8", "--set", "model.alpha=0.25",
        "--set", "model.minimalistic=true", "--set", "stage.scratch.epochs=1",
    ],
    "export": ["export", "run", "--fp32", "--int8", "--out", "OUT"],
    "evaluate": ["evaluate", "tiny.tflite", "--data", "set", "--out", "OUT"],
    "evaluate a run": ["evaluate", "run", "--data", "set", "--out", "OUT"],
    "benchmark json": ["benchmark", "tiny.tflite", "--runs", "1", "--json", "OUT.json"],
    "benchmark html": ["benchmark", "tiny.tflite", "--runs", "1", "--html", "OUT.html"],
    "benchmark markdown": ["benchmark", "tiny.tflite", "--runs", "1", "--markdown", "OUT.md"],
    "quickstart": ["quickstart", "--out", "OUT"],
}  # fmt: skip


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `set`, `run` and `tiny.tflite`."""
    folder = tmp_path_factory.mktemp("source")
    separable.run(folder / "run", separable.build(), separable.image_set(folder / "set"))
    tiny_models.with_manifest(tiny_models.float_model(), folder / "tiny.tflite", labels=separable.CLASSES)
    return folder


@pytest.fixture(autouse=True)
def _here(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(source)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    yield from mounted_tmpfs(tmp_path / "small", DISK)


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk on which not one more block is free."""
    for place in mounted_tmpfs(tmp_path / "full", "size=4k"):
        (place / "somebody else's").write_bytes(b"x" * 4096)
        yield place


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    yield from mounted_tmpfs(tmp_path / "sealed", "ro")


def typed(command: str, place: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """Type the command with its output in `place`; it must fail. Returns the code of its error."""
    words = [word.replace("OUT", str(place / "out")) for word in COMMANDS[command]]
    capsys.readouterr()
    exit_code = main(words)
    lines = capsys.readouterr().err.splitlines()
    problem, hint = [line for line in lines if line.startswith(("error[", "hint: "))]
    assert exit_code == 1, lines
    assert str(place) in problem
    assert hint.startswith("hint: ")
    assert "Traceback" not in "".join(lines)
    return problem.removeprefix("error[").partition("]")[0]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_full_disk(command: str, full_disk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert typed(command, full_disk, capsys) == "disk-full"
    files = [path.name for path in full_disk.rglob("*") if path.is_file()]
    assert files == ["somebody else's"]


@pytest.mark.parametrize("command", ["data prepare", "train", "export", "evaluate"])
def test_a_disk_that_becomes_full(command: str, small_disk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert typed(command, small_disk, capsys) == "disk-full"
    assert not [path.name for path in small_disk.rglob("*") if ".fv-" in path.name]
    if command == "data prepare":
        assert not (small_disk / "out").exists()


@pytest.mark.parametrize("command", COMMANDS)
def test_a_place_that_cannot_be_written(command: str, read_only: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert typed(command, read_only, capsys) == "not-writable"


@pytest.mark.parametrize("command", ["data prepare", "train", "export", "evaluate"])
def test_a_file_in_the_place_of_the_folder(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("mine")
    assert typed(command, tmp_path / "file", capsys) == "not-writable"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("command", ["export", "evaluate", "benchmark json", "benchmark html", "benchmark markdown"])
def test_it_is_said_before_the_work_begins(command: str, read_only: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [word.replace("OUT", str(read_only / "out")) for word in COMMANDS[command]]
    assert main(words) == 1
    lines = capsys.readouterr().err.splitlines()
    assert not [line for line in lines if line.startswith(("exporting", "answering", "measuring"))]

"""`fv train --worker N --workers …` as typed: what is refused before anything is imported, and how one goes on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from fv_cli.commands.train import _again
from tests.train._pictures import imageset

SET = ("--data", "set", "--set", "distribute=data_parallel")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("together")
    imageset(folder / "set")
    return folder


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--worker", "0", *SET], 2, "error[bad-workers]: --worker needs --workers"),
        (["--workers", "a:1,b:1", *SET], 2, "error[bad-workers]: --workers needs --worker"),
        (["--worker", "2", "--workers", "a:1,b:1", *SET], 2, "error[bad-workers]: there is no worker 2 among 2"),
        (
            ["--worker", "0", "--workers", "a:1,b:1", "--data", "set"],
            2,
            "error[cannot-distribute]: the recipe trains on one device: --workers names several\n"
            "hint: --set distribute=data_parallel\n",
        ),
        (
            ["--worker", "1", "--workers", "nobody.invalid:1,b:1", *SET],
            2,
            "worker 1 of 2: looking for worker 0 at nobody.invalid:2\n"
            "error[bad-workers]: there is no machine nobody.invalid: ",
        ),
    ],
)
def test_wrong_workers_are_one_error_and_write_nothing(folder: Path, words: list[str], code: int, message: str) -> None:
    command = [sys.executable, "-m", "fv_cli", "train", "plates_quick", *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == code
    assert done.stdout == ""
    assert done.stderr.startswith(message)
    assert [path.name for path in folder.iterdir()] == ["set"]


def test_the_command_that_goes_on_names_the_workers() -> None:
    again = _again("r", ["distribute=data_parallel"], None, Path("runs/r-1"), 0, "a:1,b:1")
    assert again == "fv train r --out runs/r-1 --set distribute=data_parallel --worker 0 --workers a:1,b:1 --resume"
    assert _again("r", [], Path("set"), Path("o"), None, None) == "fv train r --out o --data set --resume"

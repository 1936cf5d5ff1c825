"""`fv train` and `fv recipes` as typed: what they print, how they fail, and how a stopped training goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fv_train.run import Run
from tests.train._pictures import imageset

# The narrowest real network at the smallest input.
NARROW = (
    "data.input_size=32",
    "data.batch_size=8",
    "model.alpha=0.25",
    "model.minimalistic=true",
    "stage.scratch.epochs=2",
    "select.holdout=0.2",
)
SET = tuple(word for setting in NARROW for word in ("--set", setting))


def fv(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "fv_cli", *words], cwd=folder, capture_output=True, text=True, timeout=300
    )


def test_recipes_are_listed_and_shown_whole(tmp_path: Path) -> None:
    listed = fv("recipes", folder=tmp_path)
    assert listed.returncode == 0
    assert "plates_quick" in listed.stdout
    shown = fv("recipes", "show", "plates_quick", "--set", "data.batch_size=7", folder=tmp_path)
    assert shown.stdout.startswith('name = "plates_quick"\n')
    assert "\nbatch_size = 7\n" in shown.stdout
    assert shown.stderr == "next: fv train plates_quick\n"


def test_listing_recipes_imports_no_framework(tmp_path: Path) -> None:
    code = "import sys; from fv_cli.main import main; main(['recipes']); sys.exit('keras' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["plates_quik"],
            "error[unknown-name]: unknown recipe 'plates_quik': no such entry\nhint: did you mean plates_quick",
        ),
        (["plates_quick", "--set", "data.batchsize=1"], "error[bad-recipe]: unknown key 'batchsize' in data"),
        (["plates_quick"], "error[no-pictures]: no pictures for plates_quick: there is no image set at data/plates\n"),
        (["plates_quick", "--data", "none"], "error[no-pictures]: no pictures for plates_quick"),
        (
            ["as_is"],
            "error[no-pictures]: no pictures for as_is: the recipe names none\n"
            "hint: fv data prepare folder:PICTURES --classes imagenet --out data/pictures, or --data IMAGESET\n",
        ),
        (["gone.toml"], "error[missing-path]: no recipe at gone.toml"),
    ],
)
def test_wrong_words_are_one_error_and_write_nothing(words: list[str], message: str, tmp_path: Path) -> None:
    done = fv("train", *words, folder=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(message)
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_ctrl_c_says_how_to_go_on_and_that_command_works(tmp_path: Path) -> None:
    imageset(tmp_path / "set", per_class=400)
    # So many epochs that it cannot end before it is interrupted, however long this process has to wait for its turn.
    longer = ("--set", "stage.scratch.epochs=5")
    words = [sys.executable, "-m", "fv_cli", "train", "plates_quick", "--data", "set", *SET, *longer]
    process = subprocess.Popen(words, cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    run = tmp_path / "runs" / "plates_quick-1"
    _wait_for(run / "checkpoints" / "last.npz", process)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    again = next(line for line in said.splitlines() if line.startswith("next: "))
    assert again.endswith("--resume")
    assert not Run.open_unfinished(run).finished
    done = fv(*again.removeprefix("next: fv ").split(), folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert Run.open(run).finished
    assert "next: fv export runs/plates_quick-1 --int8" in done.stderr


@pytest.mark.slow
def test_kill_leaves_a_run_that_goes_on(tmp_path: Path) -> None:
    imageset(tmp_path / "set", per_class=400)
    words = [sys.executable, "-m", "fv_cli", "train", "plates_quick", "--data", "set", "--out", "run", *SET]
    process = subprocess.Popen(words, cwd=tmp_path, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    _wait_for(tmp_path / "run" / "checkpoints" / "last.npz", process)
    os.kill(process.pid, signal.SIGKILL)
    process.wait(timeout=60)
    done = fv("train", "plates_quick", "--data", "set", "--out", "run", *SET, "--resume", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert Run.open(tmp_path / "run").finished
    assert not [path for path in (tmp_path / "run").rglob("*") if ".fv-tmp" in path.name]


def _wait_for(path: Path, process: subprocess.Popen[str] | subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 240
    while not path.is_file():
        assert process.poll() is None, "the training ended before its first checkpoint"
        assert time.monotonic() < deadline
        time.sleep(0.05)

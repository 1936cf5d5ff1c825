"""`fv data prepare` as it is typed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fv_cli.commands.data import _recipe_for
from fv_cli.main import main
from fv_core.imageset import ImageSet
from fv_train.prepare import PrepareOptions
from fv_train.recipe import load_recipe


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for name in ("pho", "soup"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for k in range(5):
            pixels = rng.integers(0, 256, (20, 30, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "photos" / name / f"{k}.png")
    return tmp_path / "photos"


def test_the_result_and_the_next_step(photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "set"
    assert main(["data", "prepare", f"folder:{photos}", "--out", str(out)]) == 0
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        f"image set    {out}",
        "source       folder:photos",
        "pictures     train 8, validation 2, 20 px square",
        "classes      2: pho, soup",
        f"fingerprint  {ImageSet.open(out).fingerprint}",
    ]
    assert said.err.splitlines()[-1] == f"next: fv train mobilenetv3large --data {out}"


@pytest.mark.parametrize("source", ["builtin:plates", "tfds:food101", "folder:mine"])
def test_the_recipe_of_the_next_step_is_published(source: str) -> None:
    recipe = load_recipe(_recipe_for(source))
    assert recipe.data.source in (source, "")


def test_the_builtin_plates_have_their_own_recipe() -> None:
    assert _recipe_for("builtin:plates") == "plates_quick"


def test_json_holds_the_same_and_a_second_start_changes_nothing(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "set"
    words = ["data", "prepare", f"folder:{photos}", "--out", str(out), "--size", "16", "--json"]
    answers = []
    for _ in range(2):
        assert main(words) == 0
        said = capsys.readouterr()
        answers.append(json.loads(said.out))
    assert "already prepared" in said.err
    assert answers[0] == answers[1]
    assert answers[0]["size_px"] == 16
    assert answers[0]["counts"] == {"train": 8, "validation": 2}


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["folder:nowhere"], "error[missing-path]: no folder at nowhere: there is no such place"),
        (["tfds:huggingface:food"], "error[bad-source]: 'huggingface:food' is not the name of a TFDS data set: "),
        (["builtin:pizza"], "error[unknown-name]: unknown built-in data set 'pizza': no such entry"),
        (["builtin:plates", "--size", "1"], "error[bad-input]: --size 1: it must be from 8 to 1024 pixels"),
    ],
)
def test_a_wrong_source_is_one_line_and_exit_code_2(
    words: list[str], line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["data", "prepare", *words, "--out", str(tmp_path / "set")]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines()[0].startswith(line)
    assert not (tmp_path / "set").exists()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_termination_are_one_line_and_leave_no_image_set(tmp_path: Path, how: signal.Signals) -> None:
    out = tmp_path / "plates"
    command = [sys.executable, "-m", "fv_cli", "data", "prepare", "builtin:plates", "--out", str(out), "--workers", "2"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as child:
        assert child.stderr is not None
        first = child.stderr.readline()
        os.killpg(child.pid, how)  # as a terminal does it, while the workers start
        said, heard = child.communicate(timeout=60)
    assert first == "prepare train: 0/3000\n"
    word = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}[how]
    assert heard.splitlines() == ["interrupted: the same command goes on after 0 pictures", word]
    assert (child.returncode, said) == (128 + how, "")
    assert not out.exists()


def test_without_a_command_it_shows_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data"]) == 0
    assert "prepare" in capsys.readouterr().out


def test_every_option_has_the_default_of_the_dataclass(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "prepare", "--help"]) == 0
    said = capsys.readouterr().out
    assert f"[default: {PrepareOptions.size}]" in said.replace("\n", " ")
    for name in PrepareOptions.__dataclass_fields__:
        assert name == "source" or f"--{name.replace('_', '-')}" in said


def test_check_finds_a_leak_and_strict_says_no(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seeds = iter(range(100, 200))
    for name in ("train", "validation"):
        shutil.copytree(photos, tmp_path / "split" / name)
    for path in sorted((tmp_path / "split/validation").rglob("*.png")):
        if (path.parent.name, path.stem) != ("soup", "3"):
            pixels = np.random.default_rng(next(seeds)).integers(0, 256, (20, 30, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(path)
    out = tmp_path / "set"
    assert main(["data", "prepare", f"folder:{tmp_path / 'split'}", "--out", str(out)]) == 0
    capsys.readouterr()
    assert main(["data", "check", str(out)]) == 0
    said = capsys.readouterr()
    assert "twice        train/soup/3.png = validation/soup/3.png (soup; same bytes)" in said.out
    assert "! 1 picture of one split again in another: its accuracy is no test" in said.out
    assert main(["data", "check", str(out), "--strict", "--json"]) == 3
    found = json.loads(capsys.readouterr().out)
    assert [twin["exact"] for twin in found["twins"]] == [True]


def test_check_of_a_clean_set_has_nothing_to_mend(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "set"
    assert main(["data", "prepare", f"folder:{photos}", "--out", str(out)]) == 0
    assert main(["data", "check", str(out), "--strict"]) == 0
    assert "nothing to mend" in capsys.readouterr().out

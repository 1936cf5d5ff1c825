"""What `fv train` is told that it cannot do, typed: one line with a code of its own, a hint, and nothing lost.

Nothing is written where training has not begun; where it has, the last good checkpoint stays, and the run goes on from
it once the reason is gone.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fv_cli.main import main
from fv_core.files import sha256_of_file
from fv_train import checkpoint
from fv_train.backbones import build
from fv_train.run import Run
from tests.core._mounts import mounted_tmpfs
from tests.train._pictures import imageset, narrow_recipe, with_tiny_backbone
from tests.train._tiny import TINY

# One checkpoint is of some 0.3 MB.
BIG = ("model.hidden_units=1000", "optimizer.ema_decay=0.9")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("refusals")
    imageset(folder / "set")
    imageset(folder / "four")
    _with_a_fourth_class(folder / "four")
    imageset(folder / "floats")
    images = np.load(folder / "floats/train.images.npy").astype(np.float32)
    images[0, 0, 0] = np.nan
    np.save(folder / "floats/train.images.npy", images)
    narrow = build(narrow_recipe(), 3).backbone
    narrow.save_weights(folder / "narrow.weights.h5")
    narrow.set_weights([*narrow.get_weights()[:-1], np.full(narrow.get_weights()[-1].shape, np.nan)])
    narrow.save_weights(folder / "nan.weights.h5")
    np.savez(folder / "other.npz", stem=np.zeros(3))
    return folder


def _with_a_fourth_class(folder: Path) -> None:
    header = json.loads((folder / "imageset.json").read_text())
    header["classes"].append("grey")
    header["content_sha256"] = "4" * 64
    (folder / "imageset.json").write_text(json.dumps(header))


@pytest.fixture(autouse=True)
def _here(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(folder)
    with with_tiny_backbone():
        yield


def words(out: Path, *settings: str, data: str = "set") -> list[str]:
    typed = ["train", "plates_quick", "--data", data, "--out", str(out)]
    return typed + [word for setting in (*TINY, *settings) for word in ("--set", setting)]


def refused(typed: list[str], capsys: pytest.CaptureFixture[str], exit_code: int = 2) -> tuple[str, str]:
    """Type it; it must fail. Returns its error line and its hint."""
    capsys.readouterr()
    assert main(typed) == exit_code
    said = capsys.readouterr()
    assert said.out == ""
    problem, hint = said.err.splitlines()[-2:]
    assert problem.startswith("error[")
    assert hint.startswith("hint: ")
    assert "Traceback" not in said.err
    return problem.removeprefix("error["), hint.removeprefix("hint: ")


NARROW = ("model.backbone=mobilenetv3small", "model.alpha=0.25", "model.minimalistic=true")
BEFORE_IT_BEGINS = {
    "unknown backbone": (["model.backbone=mobilenetv3smal"], "unknown-name]: unknown backbone 'mobilenetv3smal'"),
    "unknown key": (["data.batchsize=8"], "bad-recipe]: unknown key 'batchsize' in data"),
    "another architecture": (
        ["model.weights=narrow.weights.h5"],
        "bad-weights]: narrow.weights.h5 does not fit tiny: it holds ",
    ),
    "another width": (
        [*NARROW, "model.alpha=0.5", "model.weights=narrow.weights.h5"],
        "bad-weights]: narrow.weights.h5 does not fit mobilenetv3small: it holds ",
    ),
    "arrays of another network": (
        ["model.weights=other.npz"],
        "bad-weights]: other.npz does not fit tiny: ",
    ),
    "weights that are no numbers": (
        [*NARROW, "model.weights=nan.weights.h5"],
        "bad-weights]: refused the weights nan.weights.h5: ",
    ),
}


@pytest.mark.parametrize("case", BEFORE_IT_BEGINS)
def test_what_is_known_before_training_writes_nothing(
    case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings, wanted = BEFORE_IT_BEGINS[case]
    problem, _ = refused(words(tmp_path / "run", *settings), capsys)
    assert problem.startswith(wanted)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_recipe(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    problem, hint = refused(["train", "plates_quik", "--data", "set", "--out", str(tmp_path / "run")], capsys)
    assert problem.startswith("unknown-name]: unknown recipe 'plates_quik'")
    assert "plates_quick" in hint
    assert list(tmp_path.iterdir()) == []


def test_pictures_that_are_no_numbers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An image set holds bytes; somebody's array of floats, with what no byte can be, is no image set."""
    problem, hint = refused(words(tmp_path / "run", data="floats"), capsys)
    assert problem.startswith("bad-image-set]: the image set floats is damaged (train): images are float32")
    assert hint.startswith("fv data prepare ")
    assert list(tmp_path.iterdir()) == []


def test_a_source_of_pictures_that_are_no_numbers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("train/rice", "train/soup", "validation/rice", "validation/soup"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        picture = Image.fromarray(np.full((40, 40), np.nan, dtype=np.float32))
        picture.save(tmp_path / "photos" / name / "0.tif")
    typed = ["data", "prepare", f"folder:{tmp_path / 'photos'}", "--out", str(tmp_path / "set")]
    problem, hint = refused(typed, capsys)
    assert problem.startswith("too-many-bad-pictures]: ")
    assert "--max-bad" in hint
    assert [path.name for path in tmp_path.iterdir()] == ["photos"]


def stopped(out: Path, *settings: str) -> None:
    """A run that stopped after its first epoch, as kill -9 leaves one."""
    assert main(words(out, *settings)) == 0
    (out / "model.keras").unlink()


def test_a_run_of_other_classes_is_not_resumed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stopped(tmp_path / "run")
    before = sha256_of_file(tmp_path / "run/checkpoints" / checkpoint.LAST)
    problem, hint = refused([*words(tmp_path / "run", data="four"), "--resume"], capsys)
    assert problem.startswith("resume-refused]: ")
    assert "with 3 classes" in problem
    assert "with 4" in problem
    assert hint.startswith("--data ")
    assert sha256_of_file(tmp_path / "run/checkpoints" / checkpoint.LAST) == before


# Every step multiplies the weights by 1 - 100 * 10: after a dozen float32 has no such numbers.
DIVERGING = ("optimizer.name=sgd", "stage.scratch.learning_rate=100", "optimizer.weight_decay=10")


@pytest.mark.parametrize("every_step", [True, False])
def test_a_loss_that_is_no_number_names_the_step_and_keeps_a_checkpoint_of_numbers(
    every_step: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from fv_train import loop

    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", 0.0 if every_step else 60.0)
    typed = words(tmp_path / "run", *DIVERGING, "stage.scratch.epochs=20")
    problem, hint = refused(typed, capsys, exit_code=1)
    assert problem.startswith("non-finite-loss]: the ")
    assert " of epoch " in problem
    assert "--set optimizer.clip_norm=1" in hint
    arrays, state = checkpoint.load(tmp_path / "run/checkpoints" / checkpoint.LAST)
    assert all(np.isfinite(array).all() for array in arrays.values())
    assert not Run.open_unfinished(tmp_path / "run").finished
    if every_step:
        assert state.step or state.epoch


@pytest.mark.root
def test_a_disk_that_fills_keeps_the_checkpoint_and_the_run_goes_on_when_there_is_room(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words(tmp_path / "whole", *BIG)) == 0
    size = (tmp_path / "whole/checkpoints" / checkpoint.LAST).stat().st_size
    # Room for one checkpoint and a half: the first one fits, the one that takes its place does not.
    for disk in mounted_tmpfs(tmp_path / "small", f"size={size * 3 // 2}"):
        typed = words(disk / "run", *BIG)
        problem, hint = refused(typed, capsys, exit_code=1)
        assert problem.startswith("disk-full]: no room to write ")
        assert hint.startswith("free some space ")
        arrays, _ = checkpoint.load(disk / "run/checkpoints" / checkpoint.LAST)
        assert all(np.isfinite(array).all() for array in arrays.values())
        assert not [path for path in disk.rglob("*") if ".fv-tmp-" in path.name]
        subprocess.run(["/bin/mount", "-o", "remount,size=64m", str(disk)], check=True)
        assert main([*typed, "--resume"]) == 0
        assert_same(tmp_path / "whole", disk / "run")


def assert_same(one: Path, other: Path) -> None:
    left, right = (checkpoint.load(run / "checkpoints" / checkpoint.LAST)[0] for run in (one, other))
    assert left.keys() == right.keys()
    for name, array in left.items():
        np.testing.assert_array_equal(right[name], array)

"""Bad input, typed: two lines with a code of its own and a hint, exit code 2, no stack trace, and nothing written.

Every command that takes a model, a run, an image set, pictures, labels or a recipe is asked with each bad one.
"""

from __future__ import annotations

import json
import os
import pickle
import tarfile
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from fv_cli.main import main
from fv_core.imageset import ImageSet
from fv_core.preprocess import decode, stored_square
from tests.cli import hostile
from tests.edge_runtime import tiny_models
from tests.train._pictures import imageset

# What each bad model is told, whichever command is asked to use it.
MODELS = {
    "gone.keras": "missing-path",
    "no-run": "bad-run",
    "damaged-run": "bad-run",
    "truncated.keras": "damaged-model",
    "empty.keras": "damaged-model",
    "legacy.h5": "legacy-keras-file",
    "legacy.keras": "legacy-keras-file",
    "lambda.keras": "unsafe-model",
    "logits.keras": "not-a-classifier",
    "two-outputs.keras": "not-a-classifier",
    "one-class.keras": "not-a-classifier",
}
KERAS_COMMANDS = {
    "predict": ["predict", "MODEL", "fine.png"],
    "evaluate": ["evaluate", "MODEL", "--data", "set"],
    "export": ["export", "MODEL", "--int8", "--calibration", "set"],
    "against": ["benchmark", "good.tflite", "--data", "set", "--against", "MODEL", "--runs", "1", "--json", "out.json"],
}
DEVICE_FILES = {"gone.tflite": "missing-path", "cut.tflite": "bad-model-file", "empty.onnx": "bad-model-file"}
DEVICE_COMMANDS = {
    "predict": ["predict", "MODEL", "fine.png"],
    "evaluate": ["evaluate", "MODEL", "--data", "set"],
    "inspect": ["inspect", "MODEL"],
    "benchmark": ["benchmark", "MODEL", "--runs", "1", "--json", "out.json", "--html", "out.html"],
}
IMAGE_SETS = {"gone": "missing-path", "no-run": "bad-image-set", "damaged-set": "bad-image-set"}
IMAGE_SET_COMMANDS = {
    "evaluate": ["evaluate", "good.keras", "--data", "SET"],
    "evaluate a file": ["evaluate", "good.tflite", "--data", "SET"],
    "benchmark": ["benchmark", "good.tflite", "--data", "SET", "--runs", "1", "--json", "out.json"],
    "export": ["export", "good.keras", "--int8", "--calibration", "SET", "--out", "out"],
    "train": ["train", "plates_quick", "--data", "SET", "--out", "out"],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bad-input")
    hostile.save_models(folder)
    imageset(folder / "set", size=hostile.SIZE)
    imageset(folder / "damaged-set", size=hostile.SIZE)
    for split in ("train", "validation"):
        images = folder / "damaged-set" / f"{split}.images.npy"
        images.write_bytes(images.read_bytes()[:300])
    (folder / "no-run").mkdir()
    (folder / "damaged-run").mkdir()
    (folder / "damaged-run/manifest.json").write_text('{"schema_version": 1}')
    (folder / "damaged-run/model.keras").write_bytes((folder / "good.keras").read_bytes())
    whole = tiny_models.with_manifest(
        tiny_models.float_model(), folder / "good.tflite", labels=("red", "green", "blue")
    )
    (folder / "cut.tflite").write_bytes(whole.read_bytes()[:400])
    (folder / "empty.onnx").write_bytes(b"")
    (folder / "two.txt").write_text("rice\nsoup\n")
    (folder / "fine.png").write_bytes(hostile.oriented(1))
    for name, data in hostile.bad_pictures().items():
        (folder / name).write_bytes(data)
    os.mkfifo(folder / "pipe.txt")
    return folder


@pytest.fixture(autouse=True)
def _here(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)


def everything(folder: Path) -> dict[str, tuple[int, int]]:
    """Size and time of last change of all that is in the folder."""
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in sorted(folder.rglob("*"))}


def refused(words: list[str], folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """Type `words`; they must fail as bad input does. Returns the error's code."""
    before = everything(folder)
    capsys.readouterr()
    exit_code = main(words)
    said = capsys.readouterr()
    assert exit_code == 2, said.err
    assert said.out == ""
    assert "Traceback" not in said.err
    *_, problem, hint = said.err.splitlines()
    assert problem.startswith("error[")
    assert hint.startswith("hint: ")
    assert len(hint) > len("hint: ")
    assert everything(folder) == before
    return problem.removeprefix("error[").partition("]")[0]


def with_thing(words: list[str], placeholder: str, thing: str) -> list[str]:
    return [thing if word == placeholder else word for word in words]


@pytest.mark.parametrize("command", KERAS_COMMANDS)
@pytest.mark.parametrize("model", MODELS)
def test_a_model_or_run_that_cannot_be_used(
    model: str, command: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = with_thing(KERAS_COMMANDS[command], "MODEL", model)
    assert refused(words, folder, capsys) == MODELS[model]


@pytest.mark.parametrize("command", DEVICE_COMMANDS)
@pytest.mark.parametrize("model", DEVICE_FILES)
def test_a_device_file_that_cannot_be_used(
    model: str, command: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = with_thing(DEVICE_COMMANDS[command], "MODEL", model)
    assert refused(words, folder, capsys) == DEVICE_FILES[model]


@pytest.mark.parametrize("command", IMAGE_SET_COMMANDS)
@pytest.mark.parametrize("image_set", IMAGE_SETS)
def test_an_image_set_that_cannot_be_used(
    image_set: str, command: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = with_thing(IMAGE_SET_COMMANDS[command], "SET", image_set)
    expected = IMAGE_SETS[image_set]
    if command == "train" and image_set == "gone":
        expected = "no-pictures"
    if command == "export" and image_set == "no-run":
        expected = "bad-calibration"  # any folder of pictures would do; this one is empty
    assert refused(words, folder, capsys) == expected


def test_a_good_model_is_not_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without this the refusals above would prove nothing."""
    assert main(["predict", "good.keras", "fine.png", "--json"]) == 0
    assert main(["predict", "good.tflite", "fine.png", "--json"]) == 0
    assert "error" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["predict", "good.keras", "fine.png", "--labels", "two.txt"], "label-count"),
        (["predict", "good.tflite", "fine.png", "--labels", "two.txt"], "label-count"),
        (["export", "good.keras", "--fp32", "--labels", "two.txt"], "labels-do-not-fit"),
        (["predict", "good.tflite", "fine.png", "--labels", "gone.txt"], "missing-path"),
        (["predict", "good.tflite", "fine.png", "--labels", "pipe.txt"], "missing-path"),  # nor does it wait for one
        (["export", "good.keras", "--fp32", "--labels", "huge.png"], "bad-label-file"),
    ],
)
def test_a_label_file_that_does_not_fit(
    words: list[str], code: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert refused(words, folder, capsys) == code


@pytest.mark.parametrize("model", ["good.keras", "good.tflite"])
@pytest.mark.parametrize("picture", [*hostile.bad_pictures(), "gone.jpg", "no-run", "pipe.txt"])
def test_a_picture_that_cannot_be_read(
    picture: str, model: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = "bad-picture" if picture in hostile.bad_pictures() else "missing-path"
    assert refused(["predict", model, picture], folder, capsys) == expected


@pytest.mark.parametrize("picture", hostile.bad_pictures())
def test_a_calibration_picture_that_cannot_be_read(
    picture: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / picture).write_bytes(hostile.bad_pictures()[picture])
    words = ["export", "good.keras", "--int8", "--calibration", str(tmp_path), "--out", str(tmp_path / "out")]
    assert refused(words, tmp_path, capsys) == "bad-picture"


@pytest.mark.parametrize(
    "text",
    [
        "!!python/object/apply:os.system ['touch owned']\n",
        "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n",
        "x = " + "[" * 60_000,
        "x = " + "9" * 60_000,
        "[" + "a." * 30_000 + "b]\n",
        "#" * 1_000_000,
        "\0" * 100,
        "name = '../../escaped'\n",
    ],
    ids=["YAML tag", "YAML aliases", "nested", "digits", "dotted", "large", "zeros", "path"],
)
def test_a_recipe_that_cannot_be_used(
    text: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.toml").write_text(text)
    assert refused(["train", str(tmp_path / "mine.toml"), "--data", "set"], folder, capsys) == "bad-recipe"
    assert refused(["recipes", "show", str(tmp_path / "mine.toml")], folder, capsys) == "bad-recipe"
    assert not (tmp_path / "owned").exists()


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two classes of two sound pictures."""
    for index, name in enumerate(("train/rice", "train/soup", "validation/rice", "validation/soup")):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(2):
            (tmp_path / "photos" / name / f"{number}.png").write_bytes(hostile.oriented(1 + index))
    return tmp_path / "photos"


@pytest.mark.parametrize("picture", hostile.bad_pictures())
def test_a_bad_picture_in_a_source_is_named_and_leaves_no_image_set(
    picture: str, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (photos / "train/rice" / picture).write_bytes(hostile.bad_pictures()[picture])
    words = ["data", "prepare", f"folder:{photos}", "--out", str(tmp_path / "set")]
    capsys.readouterr()
    assert main(words) == 2
    problem = next(line for line in capsys.readouterr().err.splitlines() if line.startswith("error["))
    assert problem.startswith("error[too-many-bad-pictures]: ")
    assert f"train/rice/{picture}" in problem
    assert [path.name for path in tmp_path.iterdir()] == ["photos"]
    assert main([*words, "--max-bad", "0.2"]) == 0
    assert ImageSet.open(tmp_path / "set").header.skipped == (f"train/rice/{picture}",)
    assert ImageSet.open(tmp_path / "set").header.counts == {"train": 4, "validation": 4}


def test_a_source_without_a_readable_picture_leaves_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("train/rice", "train/soup", "validation/rice", "validation/soup"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        (tmp_path / "photos" / name / "0.jpg").write_bytes(b"no picture")
    words = ["data", "prepare", f"folder:{tmp_path / 'photos'}", "--out", str(tmp_path / "set"), "--max-bad", "0.99"]
    assert main(words) == 2
    assert "error[" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["photos"]


def test_unusual_pictures_are_classified_and_prepared(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = [photos / "train/soup" / name for name in hostile.good_pictures()]
    for path in paths:
        path.write_bytes(hostile.good_pictures()[path.name])
    for model in ("good.keras", "good.tflite"):
        capsys.readouterr()
        assert main(["predict", model, *map(str, paths), "--json"]) == 0
        answers = json.loads(capsys.readouterr().out)["answers"]
        assert [answer["picture"] for answer in answers] == [str(path) for path in paths]
    assert main(["data", "prepare", f"folder:{photos}", "--out", str(tmp_path / "set"), "--size", "16"]) == 0
    split = ImageSet.open(tmp_path / "set").split("train")
    for path in paths:
        stored = split.images[split.ids.index(f"train/soup/{path.name}")]
        assert np.array_equal(stored, stored_square(decode(path), 16)), path.name


def test_every_orientation_is_the_same_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(1, 9):
        for split in ("train", "validation"):
            (tmp_path / "photos" / split / "rice").mkdir(parents=True, exist_ok=True)
            (tmp_path / "photos" / split / "rice" / f"{number}.png").write_bytes(hostile.oriented(number))
            (tmp_path / "photos" / split / "soup").mkdir(parents=True, exist_ok=True)
            (tmp_path / "photos" / split / "soup" / f"{number}.png").write_bytes(hostile.oriented(number))
    assert main(["data", "prepare", f"folder:{tmp_path / 'photos'}", "--out", str(tmp_path / "set")]) == 0
    images = ImageSet.open(tmp_path / "set").split("train").images
    assert len(images) == 16
    assert all(np.array_equal(image, images[0]) for image in images)
    names = [str(tmp_path / "photos/train/rice" / f"{number}.png") for number in range(1, 9)]
    turned = tmp_path / "turned.png"
    hostile.upright().rotate(180).save(turned)
    capsys.readouterr()
    assert main(["predict", "good.keras", *names, str(turned), "--json"]) == 0
    *same, other = (answer["top"] for answer in json.loads(capsys.readouterr().out)["answers"])
    assert all(top == same[0] for top in same)
    assert other != same[0], "this model does not see which side is up"


def test_archives_and_pickles_of_a_source_are_never_opened(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[object, ...]:
            return (Path.touch, (tmp_path / "owned",))

    (photos / "train/rice/data_batch_1").write_bytes(pickle.dumps(Bomb()))
    (photos / "train/rice/cifar.pkl").write_bytes(pickle.dumps(Bomb()))
    with tarfile.open(photos / "train/rice/more.tar", "w") as archive:
        for name, kind, target in (
            ("../escaped.png", tarfile.REGTYPE, ""),
            ("link.png", tarfile.SYMTYPE, "/etc/passwd"),
            ("hard.png", tarfile.LNKTYPE, "/etc/passwd"),
        ):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, target
            archive.addfile(member, BytesIO())
    assert main(["data", "prepare", f"folder:{photos}", "--out", str(tmp_path / "set")]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["photos", "set"]
    assert ImageSet.open(tmp_path / "set").header.counts["train"] == 4
    capsys.readouterr()
    for name in ("train/rice/more.tar", "train/rice/cifar.pkl"):
        code = refused(["data", "prepare", f"folder:{photos / name}", "--out", "out"], tmp_path, capsys)
        assert code == "bad-source"


def test_the_stack_trace_is_for_debug(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", "lambda.keras", "fine.png", "--debug"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("Traceback (most recent call last):")
    assert "error[unsafe-model]: " in said

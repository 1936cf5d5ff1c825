"""`fv export` as a user types it: what is asked for, what is left out, the exit codes and the record."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fv_cli.main import main
from fv_core.imageset import ImageSet
from tests.export import separable


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli-export")
    imageset = separable.image_set(folder / "set")
    return separable.run(folder / "runs" / "mine", separable.build(), imageset)


def test_without_a_scheme_float_and_int8_are_made_in_both_formats(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", str(run), "--out", str(tmp_path)]) == 0
    captured = capsys.readouterr()
    for name in ("mine_fp32.tflite", "mine_fp32.onnx", "mine_int8.tflite", "mine_int8.onnx"):
        assert (tmp_path / name).is_file()
        assert name in captured.out
    assert "45 pictures of the validation split" in captured.out
    assert captured.err.splitlines()[-1].startswith("next: fv benchmark ")
    calibration = json.loads((tmp_path / "calibration.json").read_text())
    assert len(set(calibration["ids"])) == 60


def test_the_newest_run_is_exported_when_none_is_named(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(run.parent.parent)
    assert main(["export", "--fp16", "--format", "onnx"]) == 0
    assert (run / "export" / "mine_fp16.onnx").is_file()
    capsys.readouterr()


def test_the_record_is_printed_and_written(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", str(run), "--int8", "--format", "tflite", "--out", str(tmp_path), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads((tmp_path / "export.json").read_text())
    (file,) = printed["files"]
    assert (file["format"], file["scheme"], file["verdict"]) == ("tflite", "int8", "passed")
    assert file["size_bytes"] == (tmp_path / "mine_int8.tflite").stat().st_size
    assert file["pictures"] == 45
    assert str(tmp_path) not in json.dumps(printed)


def test_explain_names_what_was_rewritten(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", str(run), "--fp32", "--format", "tflite", "--out", str(tmp_path), "--explain"]) == 0
    assert "fold_batch_norm at" in capsys.readouterr().out


def test_a_refused_file_is_exit_code_3(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    imageset = ImageSet.open(run.parent.parent / "set")
    fragile = separable.run(tmp_path / "fragile", separable.build(fragile=True), imageset)
    words = ["export", str(fragile), "--int8", "--format", "tflite"]
    assert main([*words, "--out", str(tmp_path / "out")]) == 3
    assert "refused" in capsys.readouterr().out
    assert not (tmp_path / "out" / "fragile_int8.tflite").exists()
    assert main([*words, "--out", str(tmp_path / "out"), "--keep"]) == 3
    assert (tmp_path / "out" / "fragile_int8.refused.tflite").is_file()


def test_int16x8_for_onnx_is_left_out_or_refused_by_name(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", str(run), "--int16x8", "--format", "onnx", "--out", str(tmp_path)]) == 2
    assert "no kernels" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
    assert main(["export", str(run), "--int16x8", "--out", str(tmp_path)]) == 0
    assert "left out: onnx int16x8" in capsys.readouterr().out
    assert (tmp_path / "mine_int16x8.tflite").is_file()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--format", "tflight"], "unknown-name"),
        (["--input-range", "0;1"], "bad-input"),
        (["--input-range", "1,0"], "bad-input"),
        (["--calibration", "nowhere"], "missing-path"),
        (["--labels", "nowhere.txt"], "missing-path"),
    ],
)
def test_wrong_words_are_one_line_and_exit_code_2(
    words: list[str], code: str, run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", str(run), "--int8", *words, "--out", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert f"error[{code}]" in error
    assert "Traceback" not in error
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind", ["missing", "folder", "text"])
def test_what_is_no_model_is_said(kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "thing.keras"
    if kind == "folder":
        path.mkdir()
    if kind == "text":
        path.write_text("not a model")
    assert main(["export", str(path), "--fp32"]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) <= 3


def test_finetune_makes_its_steps_and_keeps_its_state(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    typed = ["export", str(run), "--int8", "--format", "tflite", "--out", str(tmp_path), "--finetune", "--epochs", "1"]
    assert main(typed) == 0
    assert "fine-tuning, 1 steps: on 7 held-out pictures agreement" in capsys.readouterr().err
    assert (tmp_path / "mine_int8.tflite").is_file()
    assert (tmp_path / "mine_int8.finetune.npz").is_file()


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        (["--int8", "--epochs", "2"], "--epochs belongs to --finetune"),
        (["--int8", "--data", "there"], "--data belongs to --max-drop, --target-drop or --finetune"),
        (["--fp32", "--finetune"], "--finetune is for --int8"),
        (["--int8", "--finetune", "--data", "nowhere"], "no image set at nowhere"),
    ],
)
def test_finetune_without_what_it_needs_is_refused(
    run: Path, tmp_path: Path, typed: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", str(run), "--out", str(tmp_path), *typed]) == 2
    assert says in capsys.readouterr().err
    assert not list(tmp_path.iterdir())

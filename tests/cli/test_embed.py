"""`fv embed`, whole: its words, its JSON and its refusals."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fv_cli.main import main
from tests.edge_runtime import tiny_models
from tests.embed import models


@pytest.fixture
def model(tmp_path: Path) -> str:
    return str(models.write(tmp_path / "m.tflite"))


def test_one_line_and_the_next_step(model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "my app"
    assert main(["embed", model, "--target", "ios", "--out", str(out)]) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith(f"{out}: ios project, 25 files, ")
    assert shown.out.count("\n") == 1
    assert shown.err == f"next: cd '{out}' && swift test  # on a Mac\n"


def test_json_says_what_was_written(model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "app"
    assert main(["embed", model, "--target", "python", "--out", str(out), "--name", "Tea or coffee", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["schema_version"] == 1
    assert record["target"] == "python"
    assert "tea-or-coffee.service" in record["files"]
    assert str(tmp_path) not in json.dumps(record)
    assert (out / "tea-or-coffee.service").is_file()


def test_a_file_without_a_manifest_says_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "foreign.tflite"
    path.write_bytes(tiny_models.quantized_model().to_bytes())
    assert main(["embed", str(path), "--target", "android", "--out", str(tmp_path / "app")]) == 2
    assert capsys.readouterr().err == (
        f"error[no-manifest]: {path} has no manifest: "
        "nothing in it says its labels, and how a picture becomes its input\n"
        "hint: export the model with fv, which writes both into the file: fv export RUN --int8\n"
    )
    assert not (tmp_path / "app").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--target", "phone", "--out", "app"], "unknown target 'phone'"),
        (["--target", "android"], "Missing option '--out'"),
        (["--out", "app"], "Missing option '--target'"),
    ],
)
def test_a_command_line_that_is_wrong(
    model: str, words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["embed", model, *words]) == 2
    assert said in capsys.readouterr().err

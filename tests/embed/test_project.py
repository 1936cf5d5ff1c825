"""A project is written whole or not at all, and never over something."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fv_core.errors import NotWritable, UnknownName
from fv_embed.errors import NoManifest, NotEmpty, WrongFormat
from fv_embed.project import TARGETS, Content, Project, Target, embed
from tests.edge_runtime import tiny_models


def test_what_is_said_is_what_is_there(model_files: Path, tmp_path: Path) -> None:
    written = embed(model_files / "plain.tflite", "python", tmp_path / "deep" / "out", "My app")
    there = {str(path.relative_to(written.out)): path for path in written.out.rglob("*") if path.is_file()}
    assert set(written.files) == set(there)
    assert written.size_bytes == sum(path.stat().st_size for path in there.values())
    assert "my-app.service" in there


@pytest.mark.parametrize("target", ["android", "gradio", "ios", "python"])
def test_twice_the_same_is_the_same_bytes(model_files: Path, tmp_path: Path, target: str) -> None:
    one, two = (embed(model_files / "hostile.tflite", target, tmp_path / name).out for name in ("one", "two"))
    for path in sorted(path for path in one.rglob("*") if path.is_file()):
        assert path.read_bytes() == (two / path.relative_to(one)).read_bytes(), path.name


def test_an_empty_folder_is_taken(model_files: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    embed(model_files / "plain.tflite", "python", out)
    assert (out / "classify.py").is_file()


def test_a_folder_with_something_in_it_is_left_alone(model_files: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("kept", encoding="utf-8")
    with pytest.raises(NotEmpty, match="not empty"):
        embed(model_files / "plain.tflite", "python", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_file_in_the_place_of_the_folder(model_files: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.write_text("kept", encoding="utf-8")
    with pytest.raises(NotWritable):
        embed(model_files / "plain.tflite", "python", out)
    assert out.read_text(encoding="utf-8") == "kept"


def test_a_format_that_the_runtime_does_not_read(model_files: Path, tmp_path: Path) -> None:
    with pytest.raises(WrongFormat, match="files of the format onnx") as caught:
        embed(model_files / "plain.onnx", "android", tmp_path / "out")
    assert caught.value.hint == "fv export RUN --int8 --format tflite"
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_target(model_files: Path, tmp_path: Path) -> None:
    with pytest.raises(UnknownName) as caught:
        embed(model_files / "plain.onnx", "andriod", tmp_path / "out")
    assert "android" in caught.value.hint


def test_a_refused_model_leaves_nothing(tmp_path: Path) -> None:
    model = tmp_path / "foreign.tflite"
    model.write_bytes(tiny_models.quantized_model().to_bytes())
    with pytest.raises(NoManifest):
        embed(model, "android", tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["foreign.tflite"]


def test_a_failure_in_the_middle_leaves_nothing(
    model_files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def files(_: Project) -> Iterator[tuple[str, Content]]:
        yield "one.txt", "one"
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(TARGETS), "get", lambda *_: Target("broken", ("tflite",), files, ""))
    with pytest.raises(Exception, match="no room"):
        embed(model_files / "plain.tflite", "broken", tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_path_twice_is_a_mistake(model_files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def files(_: Project) -> Iterator[tuple[str, Content]]:
        yield "one.txt", "one"
        yield "one.txt", "two"

    monkeypatch.setattr(type(TARGETS), "get", lambda *_: Target("broken", ("tflite",), files, ""))
    with pytest.raises(ValueError, match="twice"):
        embed(model_files / "plain.tflite", "broken", tmp_path / "out")


@pytest.mark.parametrize("name", TARGETS.names())
def test_a_target_is_called_as_its_file(name: str) -> None:
    target = TARGETS.get(name)
    assert target.name == name
    assert target.next_step
    assert set(target.formats) <= {"tflite", "onnx"}

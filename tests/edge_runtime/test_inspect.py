from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fv_core.errors import MissingPath
from fv_edge_runtime import inspect as module
from fv_edge_runtime.errors import BadModelFile, ChildCrashed, UnknownFormat
from fv_edge_runtime.inspect import inspect_model, read_facts
from fv_edge_runtime.inspect_session import with_session


@pytest.mark.parametrize("name", ["int8.tflite", "foreign.onnx"])
def test_the_child_finds_the_same(name: str, models: Path) -> None:
    assert inspect_model(models / name) == with_session(models / name, read_facts(models / name))


def test_a_runtime_that_crashes_leaves_what_was_read(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = module.run_in_child

    def crash_on_opening(target: str, argument: Any, **limits: Any) -> Any:
        if target.endswith("open_here"):
            raise ChildCrashed("the child process crashed", why="SIGSEGV")
        return real(target, argument, **limits)

    monkeypatch.setattr(module, "run_in_child", crash_on_opening)
    facts = inspect_model(models / "int8.tflite")
    assert facts.not_opened == "the child process crashed: SIGSEGV"
    assert facts.operators["HARD_SWISH"] == 1


def test_nonsense_from_the_child_is_a_crash(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "run_in_child", lambda *_, **__: {"name": "x"})
    with pytest.raises(ChildCrashed, match="nonsense"):
        inspect_model(models / "int8.tflite")


def test_what_cannot_be_read_is_refused(models: Path, tmp_path: Path) -> None:
    (tmp_path / "m.tflite").write_bytes((models / "int8.tflite").read_bytes()[:200])
    (tmp_path / "m.txt").write_bytes(b"x")
    for name, kind in (("m.tflite", BadModelFile), ("m.txt", UnknownFormat), ("none.onnx", MissingPath)):
        with pytest.raises(kind):
            inspect_model(tmp_path / name)

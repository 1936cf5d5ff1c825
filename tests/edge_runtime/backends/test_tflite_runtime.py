"""tflite-runtime cannot stand beside NumPy 2: its own tests install it elsewhere. Here a stand-in takes its place."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from fv_core.errors import MissingExtra
from fv_edge_runtime.backends.tflite_runtime import BACKEND


def stand_in(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    package, module = ModuleType("tflite_runtime"), ModuleType("tflite_runtime.interpreter")
    monkeypatch.setitem(sys.modules, "tflite_runtime", package)
    monkeypatch.setitem(sys.modules, "tflite_runtime.interpreter", module)
    return module


def test_it_opens_files_as_litert_does(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ai_edge_litert.interpreter import Interpreter

    stand_in(monkeypatch).Interpreter = Interpreter  # type: ignore[attr-defined]  # a module that is made here
    session = BACKEND.open(models / "float.tflite", 1)
    assert session.runtime.startswith("tflite-runtime ")
    np.testing.assert_allclose(
        session.run(np.zeros(session.input_shape, np.float32)), np.full((1, 3), 1 / 3), atol=1e-6
    )


def test_a_runtime_that_does_not_load_is_said_so(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch)  # without an Interpreter: `from … import` fails as under NumPy 2
    with pytest.raises(MissingExtra) as caught:
        BACKEND.open(models / "float.tflite", 1)
    assert "numpy<2" in caught.value.hint

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from fv_core.errors import MissingExtra, MissingPath
from fv_edge_runtime.backends import BACKENDS, backend_for, open_session
from fv_edge_runtime.errors import UnknownFormat
from fv_edge_runtime.model_path import FORMATS


def test_listing_and_loading_the_entries_imports_no_runtime() -> None:
    program = (
        "import sys\n"
        "from fv_edge_runtime.backends import BACKENDS\n"
        "[BACKENDS.get(name).is_installed() for name in BACKENDS.names()]\n"
        "print([name for name in ('ai_edge_litert', 'tflite_runtime', 'onnxruntime') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", BACKENDS.names())
def test_an_entry_is_complete(name: str) -> None:
    backend = BACKENDS.get(name)
    assert backend.format in FORMATS.values()
    assert backend.extra
    assert "Open" in (backend.open.__doc__ or "")


def test_no_two_runtimes_of_a_format_are_preferred_alike() -> None:
    ranks = [(BACKENDS.get(name).format, BACKENDS.get(name).preference) for name in BACKENDS.names()]
    assert len(set(ranks)) == len(ranks)


def test_the_preferred_installed_runtime_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    from fv_edge_runtime.backends import litert, tflite_runtime

    monkeypatch.setattr(litert, "BACKEND", replace(litert.BACKEND, is_installed=lambda: True))
    monkeypatch.setattr(tflite_runtime, "BACKEND", replace(tflite_runtime.BACKEND, is_installed=lambda: True))
    assert backend_for("tflite") is litert.BACKEND
    monkeypatch.setattr(litert, "BACKEND", replace(litert.BACKEND, is_installed=lambda: False))
    assert backend_for("tflite") is tflite_runtime.BACKEND
    monkeypatch.setattr(tflite_runtime, "BACKEND", replace(tflite_runtime.BACKEND, is_installed=lambda: False))
    with pytest.raises(MissingExtra) as caught:
        backend_for("tflite")
    assert caught.value.hint == "pip install 'fv[litert]'"


def test_paths_are_checked_before_a_runtime_is_looked_for(tmp_path: Path) -> None:
    with pytest.raises(MissingPath):
        open_session(tmp_path / "none.tflite")
    (tmp_path / "m.bin").write_bytes(b"x")
    with pytest.raises(UnknownFormat):
        open_session(tmp_path / "m.bin")
    with pytest.raises(ValueError, match="threads"):
        open_session(tmp_path / "m.bin", threads=0)

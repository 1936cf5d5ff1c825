"""A private environment, with stand-ins for Python; one is made for real in the tests of `provide`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fv_benchmark.device import environment
from fv_benchmark.device.environment import MARK, install
from fv_benchmark.device.errors import DeviceDiskFull, InstallFailed, VenvMissing


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_what_cannot_be_installed_leaves_a_whole_environment_alone(tmp_path: Path) -> None:
    venv, said = tmp_path / "venv", []
    program(venv / "bin/python", "echo Collecting x; echo 'ERROR: No matching distribution found for x'; exit 1")
    (venv / MARK).write_text("{}")
    with pytest.raises(InstallFailed) as error:
        install(venv, ["x"], tmp_path, said.append)
    assert error.value.why == "ERROR: No matching distribution found for x"
    assert said[0] == "Collecting x"
    assert (venv / MARK).read_text() == "{}"


@pytest.mark.parametrize("wheels", [None, Path("wheels")])
def test_pip_is_told_where_to_look_and_asks_nobody(tmp_path: Path, wheels: Path | None) -> None:
    venv, said = tmp_path / "venv", []
    python = program(venv / "bin/python", 'echo "$@"')
    (venv / MARK).write_text("{}")
    assert install(venv, ["numpy>=1.26"], wheels, said.append) == str(python)
    assert said[0].startswith("-m pip install --no-input")
    assert said[0].endswith("--no-index --find-links wheels numpy>=1.26") is (wheels is not None)
    assert json.loads((venv / MARK).read_text()) == {"packages": ["numpy>=1.26"]}


def test_an_environment_that_cannot_be_made_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = program(tmp_path / "python", "echo 'ERROR: it is broken'; echo 'more words'; exit 3")
    monkeypatch.setattr(environment.sys, "executable", str(broken))
    venv = tmp_path / "venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "left-behind").write_text("")
    with pytest.raises(InstallFailed) as error:
        install(venv, ["tiny"], tmp_path, lambda line: None)
    assert error.value.why == "ERROR: it is broken"
    assert not venv.exists()


def test_a_full_disk_is_called_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = program(tmp_path / "python", "echo '[Errno 28] No space left on device'; exit 1")
    monkeypatch.setattr(environment.sys, "executable", str(broken))
    with pytest.raises(DeviceDiskFull):
        install(tmp_path / "venv", ["tiny"], tmp_path, lambda line: None)


def test_debian_without_its_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "find_spec", lambda name: None)
    with pytest.raises(VenvMissing) as error:
        install(tmp_path / "venv", ["tiny"], None, lambda line: None)
    assert "apt install python3-venv" in error.value.hint
    assert not (tmp_path / "venv").exists()

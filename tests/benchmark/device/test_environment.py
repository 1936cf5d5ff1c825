"""A private environment, made for real; what is installed is a wheel of three lines."""

from __future__ import annotations

import json
import subprocess
import zipfile
from pathlib import Path

import pytest

from fv_benchmark.device import environment
from fv_benchmark.device.environment import MARK, install
from fv_benchmark.device.errors import DeviceDiskFull, InstallFailed, VenvMissing


def wheel(folder: Path) -> Path:
    path = folder / "tiny-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("tiny.py", "answer = 42\n")
        archive.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        archive.writestr("tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("tiny-1.0.dist-info/RECORD", "")
    return path


def test_wheels_are_installed_and_what_is_missing_leaves_the_environment_alone(tmp_path: Path) -> None:
    wheel(tmp_path)
    said: list[str] = []
    venv = tmp_path / "share" / "venv"
    python = install(venv, ["tiny>=1"], tmp_path, said.append)
    done = subprocess.run([python, "-c", "import tiny; print(tiny.answer)"], capture_output=True, text=True, check=True)
    assert done.stdout == "42\n"
    assert json.loads((venv / MARK).read_text()) == {"packages": ["tiny>=1"]}
    assert [line for line in said if "tiny" in line]
    with pytest.raises(InstallFailed) as error:
        install(venv, ["not-there"], tmp_path, said.append)
    assert "not-there" in error.value.why
    assert (venv / MARK).is_file()


def test_an_environment_that_cannot_be_made_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho 'ERROR: it is broken'\necho 'more words'\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setattr(environment.sys, "executable", str(broken))
    venv = tmp_path / "venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "left-behind").write_text("")
    with pytest.raises(InstallFailed) as error:
        install(venv, ["tiny"], tmp_path, lambda line: None)
    assert error.value.why == "ERROR: it is broken"
    assert not venv.exists()


def test_a_full_disk_is_called_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho '[Errno 28] No space left on device'\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr(environment.sys, "executable", str(broken))
    with pytest.raises(DeviceDiskFull):
        install(tmp_path / "venv", ["tiny"], tmp_path, lambda line: None)


def test_debian_without_its_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "find_spec", lambda name: None)
    with pytest.raises(VenvMissing) as error:
        install(tmp_path / "venv", ["tiny"], None, lambda line: None)
    assert "apt install python3-venv" in error.value.hint
    assert not (tmp_path / "venv").exists()

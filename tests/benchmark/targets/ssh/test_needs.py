import tomllib
from pathlib import Path

import pytest

from fv_benchmark.targets.ssh.address import Address
from fv_benchmark.targets.ssh.errors import WheelsMissing
from fv_benchmark.targets.ssh.needs import (
    REQUIREMENTS,
    download_command,
    fits,
    fitting_wheels,
    missing,
    not_there,
    requirements,
)
from fv_benchmark.targets.ssh.pythons import RemotePython
from tests.architecture.house import ROOT

NOTHING = dict.fromkeys(["numpy", "ai-edge-litert", "tflite-runtime", "onnxruntime", "pillow"])


def python(machine="aarch64", bits=64, version=(3, 11, 2), glibc="2.36", **installed):
    there = {name.replace("_", "-"): text for name, text in installed.items()}
    return RemotePython("/usr/bin/python3", version, machine, bits, glibc, True, {**NOTHING, **there})


def test_what_is_missing_depends_on_the_files():
    assert missing(python(), [".tflite", ".onnx", ".onnx"], photos=False) == ["numpy", "onnxruntime", "ai-edge-litert"]
    there = python(numpy="2.4.6", tflite_runtime="2.14.0")
    assert missing(there, [".tflite"], photos=False) == []
    assert missing(there, [".tflite"], photos=True) == ["pillow"]


def test_the_lowest_versions_are_those_of_our_own_extras():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    ours = {*project["dependencies"], *project["optional-dependencies"]["litert"]}
    ours |= set(project["optional-dependencies"]["onnx"])
    assert set(REQUIREMENTS.values()) <= ours


def test_a_32_bit_system_gets_the_older_runtime_and_the_numpy_that_it_was_built_for():
    small = python(bits=32)
    assert requirements(small, ["numpy", "ai-edge-litert"]) == ["numpy>=1.26,<2", "tflite-runtime==2.14.0"]
    assert "armv7l" in download_command(Path("wheels"), small, ["numpy"])


@pytest.mark.parametrize(
    ("name", "is_fit"),
    [
        ("numpy-2.4.6-cp311-cp311-manylinux_2_27_aarch64.manylinux_2_28_aarch64.whl", True),
        ("numpy-2.4.6-cp312-cp312-manylinux_2_28_aarch64.whl", False),
        ("numpy-2.4.6-cp311-cp311-manylinux_2_28_x86_64.whl", False),
        ("protobuf-7.36.2-cp310-abi3-manylinux2014_aarch64.whl", True),
        ("protobuf-7.36.2-cp312-abi3-manylinux2014_aarch64.whl", False),
        ("flatbuffers-25.12.19-py2.py3-none-any.whl", True),
        ("old-1.0-py2-none-any.whl", False),
        ("tool-1.0-1-py3-none-any.whl", True),
        ("nothing.whl", False),
        ("numpy-2.4.6.tar.gz", False),
    ],
)
def test_a_wheels_name_says_where_it_fits(name, is_fit):
    assert fits(name, python()) is is_fit


def test_only_wheels_that_fit_are_sent(tmp_path):
    for name in ("numpy-2.4-cp311-cp311-manylinux_2_28_aarch64.whl", "numpy-2.4-cp311-cp311-win_amd64.whl"):
        (tmp_path / name).write_bytes(b"")
    assert [path.name[-13:] for path in fitting_wheels(tmp_path, python(), ["numpy"])] == ["8_aarch64.whl"]


def test_missing_wheels_are_named_with_the_command_that_fetches_them(tmp_path):
    with pytest.raises(WheelsMissing) as error:
        fitting_wheels(tmp_path, python(), ["numpy", "onnxruntime"])
    assert "numpy and onnxruntime" in error.value.problem
    assert error.value.hint == (
        f"pip download --dest {tmp_path} --platform manylinux_2_34_aarch64 --platform manylinux_2_28_aarch64 "
        "--platform manylinux_2_27_aarch64 --platform manylinux2014_aarch64 --python-version 3.11 "
        "--only-binary=:all: 'numpy>=1.26' 'onnxruntime>=1.23'"
    )


def test_an_older_c_library_gets_older_wheels():
    command = download_command(Path("w"), python(glibc="2.31", version=(3, 12, 1)), ["numpy"])
    assert "manylinux_2_34" not in command
    assert "manylinux_2_28_aarch64" in command
    assert "--python-version 3.12" in command


def test_the_error_says_both_ways_out():
    error = not_there(python(), ["numpy"], Address("board"))
    assert "--install" in error.hint
    assert "python3 -m pip install 'numpy>=1.26'" in error.hint

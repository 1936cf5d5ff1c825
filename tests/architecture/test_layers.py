"""Who may import whom: the contracts of pyproject.toml, and the same seen from a process that lacks the frameworks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.house import DEVICE_PACKAGES, PACKAGES, ROOT, TRAINING_FRAMEWORKS, modules, run_python

BLOCK = """
import sys

class Block:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {blocked!r}:
            raise ModuleNotFoundError(f"{{name}} is blocked", name=name)

sys.meta_path.insert(0, Block())
"""
IMPORT_ALL = "import importlib\nfor name in {names!r}:\n    importlib.import_module(name)\n"


def test_the_contracts_hold() -> None:
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([program, "--no-logo", "--no-cache"], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("package", DEVICE_PACKAGES)
def test_a_device_package_loads_where_there_is_no_training_framework(package: str) -> None:
    program = BLOCK.format(blocked=set(TRAINING_FRAMEWORKS)) + IMPORT_ALL.format(names=modules(package))
    done = run_python(program)
    assert done.returncode == 0, done.stderr


def test_the_block_blocks() -> None:
    done = run_python(BLOCK.format(blocked={"onnx"}) + "import onnx")
    assert "onnx is blocked" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("package", PACKAGES)
def test_every_module_loads_without_a_warning(package: str) -> None:
    done = run_python(IMPORT_ALL.format(names=modules(package)), "-W", "error")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", ["predict", "inspect", "benchmark", "compare", "doctor"])
def test_a_command_of_the_device_loads_without_a_training_framework(command: str) -> None:
    program = BLOCK.format(blocked=set(TRAINING_FRAMEWORKS)) + IMPORT_ALL.format(names=[f"fv_cli.commands.{command}"])
    done = run_python(program)
    assert done.returncode == 0, done.stderr

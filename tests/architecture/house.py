"""The packages of the repository and their modules, for the tests of its structure."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = {
    "fv_core": ROOT / "core/fv_core",
    "fv_edge_runtime": ROOT / "edge_runtime/fv_edge_runtime",
    "fv_benchmark": ROOT / "benchmark/fv_benchmark",
    "fv_embed": ROOT / "embed/fv_embed",
    "fv_train": ROOT / "train/fv_train",
    "fv_export": ROOT / "export/fv_export",
    "fv_cli": ROOT / "cli/fv_cli",
}
DEVICE_PACKAGES = ("fv_core", "fv_edge_runtime", "fv_benchmark", "fv_embed")
TRAINING_FRAMEWORKS = ("tensorflow", "keras", "onnx", "tf2onnx", "sklearn")


def sources(package: str) -> list[Path]:
    """Every Python file of a package."""
    return sorted(PACKAGES[package].rglob("*.py"))


def modules(package: str) -> list[str]:
    """Dotted names of the package's modules; a `__main__` acts when it is imported and is left out."""
    folder = PACKAGES[package]
    names = [".".join(path.relative_to(folder.parent).with_suffix("").parts) for path in sources(package)]
    return [name.removesuffix(".__init__") for name in names if not name.endswith(".__main__")]


def source_of(module: str) -> Path:
    """The file of a module."""
    path = PACKAGES[module.partition(".")[0]].parent.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def all_sources() -> list[Path]:
    """Every Python file of every package."""
    return [path for package in PACKAGES for path in sources(package)]


def tracked() -> list[Path]:
    """Every file that git tracks and that is there."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("this is no checkout of git")
    done = subprocess.run([git, "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [path for name in done.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def run_python(program: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run a program in a fresh interpreter."""
    command = [sys.executable, *options, "-c", program]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=ROOT)

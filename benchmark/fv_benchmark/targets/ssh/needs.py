"""What a model needs on a device, where it comes from, and the command to type when it is missing.

The lowest versions are those of fv's own extras in pyproject.toml; a test compares them. Wheel file names say where a
wheel fits (PEP 427): name-version-python-abi-platform.whl.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from fv_benchmark.device.agent import VENV
from fv_benchmark.targets.ssh.address import Address
from fv_benchmark.targets.ssh.errors import RuntimeMissing, WheelsMissing
from fv_benchmark.targets.ssh.pythons import RemotePython

# By a model file's suffix: any one of these distributions opens it.
RUNTIMES = {".tflite": ("ai-edge-litert", "tflite-runtime"), ".onnx": ("onnxruntime",)}
REQUIREMENTS = {
    "numpy": "numpy>=1.26",
    "ai-edge-litert": "ai-edge-litert>=2.3",
    "onnxruntime": "onnxruntime>=1.23",
    "pillow": "pillow>=12.3",
}
# LiteRT has no wheels for 32-bit systems; its older form has, built against NumPy 1.
REQUIREMENTS_32_BIT = {**REQUIREMENTS, "numpy": "numpy>=1.26,<2", "ai-edge-litert": "tflite-runtime==2.14.0"}
# The platforms that the runtimes' wheels are built for, by the C library that they want (PEP 600).
_PLATFORMS = (
    ((2, 34), "manylinux_2_34"),
    ((2, 28), "manylinux_2_28"),
    ((2, 27), "manylinux_2_27"),
    ((2, 17), "manylinux2014"),
)
_WHEEL = re.compile(
    r"(?P<name>[A-Za-z0-9_.]+)-(?P<version>[^-]+)(?:-\d[^-]*)?-(?P<python>[^-]+)-(?P<abi>[^-]+)-(?P<platform>[^-]+)\.whl"
)


def missing(python: RemotePython, suffixes: Iterable[str], *, photos: bool) -> list[str]:
    """Names of the distributions that `python` lacks for files of these suffixes, `photos`: and for decoding photos."""
    wanted = [("numpy",), *(RUNTIMES[suffix] for suffix in sorted(set(suffixes))), *([("pillow",)] if photos else [])]
    return [names[0] for names in wanted if all(python.installed.get(name) is None for name in names)]


def requirements(python: RemotePython, names: Sequence[str]) -> list[str]:
    """What pip is told to install on that Python for these distributions."""
    table = REQUIREMENTS_32_BIT if python.bits == 32 else REQUIREMENTS
    return [table[name] for name in names]


def not_there(python: RemotePython, names: Sequence[str], address: Address) -> RuntimeMissing:
    """The error when something is missing and nobody asked to install it."""
    packages = " ".join(f"'{word}'" for word in requirements(python, names))
    return RuntimeMissing(
        f"{address.host} lacks {' and '.join(names)}",
        why=f"its {python.words()}",
        hint=f"add --install to the command (it makes a private environment in ~/{VENV}), "
        f"or there: python3 -m pip install {packages}",
    )


def fitting_wheels(folder: Path, python: RemotePython, names: Sequence[str]) -> list[Path]:
    """The wheels of `folder` that fit the device; raises `WheelsMissing` unless all `names` are among them."""
    wheels = sorted(path for path in folder.glob("*.whl") if fits(path.name, python)) if folder.is_dir() else []
    there = {wheel_name(path.name) for path in wheels}
    absent = [word for word in requirements(python, names) if _bare(word) not in there]
    if absent:
        raise WheelsMissing(
            f"{folder} has no wheel of {' and '.join(map(_bare, absent))} for the device",
            why=f"it runs Python {python.release} on {platform(python)}",
            hint=download_command(folder, python, names),
        )
    return wheels


def fits(file_name: str, python: RemotePython) -> bool:
    """Whether the wheel of this file name runs on that Python."""
    match = _WHEEL.fullmatch(file_name)
    if match is None:
        return False
    tag = f"cp{python.version[0]}{python.version[1]}"
    pythons = match["python"].split(".")
    older = [one for one in pythons if re.fullmatch(r"cp3\d+", one) and int(one[3:]) <= python.version[1]]
    is_python = tag in pythons or "py3" in pythons or (match["abi"] == "abi3" and bool(older))
    platforms = match["platform"].split(".")
    return is_python and (platforms == ["any"] or any(one.endswith(f"_{platform(python)}") for one in platforms))


def wheel_name(file_name: str) -> str:
    """The distribution in a wheel's file name, as pip compares names (PEP 503)."""
    return re.sub(r"[-_.]+", "-", file_name.partition("-")[0]).lower()


def platform(python: RemotePython) -> str:
    """The processor as wheels name it: 32-bit systems also run on 64-bit kernels."""
    return "armv7l" if python.bits == 32 and python.machine.startswith(("aarch64", "arm")) else python.machine


def download_command(folder: Path, python: RemotePython, names: Sequence[str]) -> str:
    """The command that fetches on this machine what the device needs."""
    glibc = tuple(int(word) for word in python.glibc.split(".")[:2] if word.isdigit()) or (2, 17)
    known = [name for lowest, name in _PLATFORMS if glibc >= lowest]
    tags = " ".join(f"--platform {name}_{platform(python)}" for name in known)
    packages = " ".join(f"'{word}'" for word in requirements(python, names))
    return f"pip download --dest {folder} {tags} --python-version {python.release} --only-binary=:all: {packages}"


def _bare(requirement: str) -> str:
    return re.split(r"[<>=!]", requirement)[0]

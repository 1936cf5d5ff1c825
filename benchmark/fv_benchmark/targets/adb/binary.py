"""Where the platform's own `benchmark_model` lies on this machine, and whether it is for that phone.

Given with --benchmark-model, or in the cache folder under the name of its download (`android_aarch64_benchmark_model`).
It is never downloaded from here: it is a program that runs on the user's phone, so the user fetches it.
"""

from __future__ import annotations

import os
from pathlib import Path

from fv_benchmark.targets.adb.errors import BENCHMARK_MODEL_PAGE, BenchmarkModelMissing
from fv_core.errors import MissingPath

# ABI of Android -> (name in the downloads, e_machine of the ELF header: elf(5), EM_AARCH64, EM_ARM, EM_X86_64).
_BY_ABI = {
    "arm64-v8a": ("android_aarch64_benchmark_model", 183),
    "armeabi-v7a": ("android_arm_benchmark_model", 40),
    # The Android emulator's; the page has no download for it, so this is the name for one's own build.
    "x86_64": ("android_x86_64_benchmark_model", 62),
}
_ELF_MAGIC = b"\x7fELF"
_E_MACHINE = slice(18, 20)


def cache_folder() -> Path:
    """Where downloads of the user's are looked for (XDG base directories)."""
    root = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(root).expanduser() / "fv" / "benchmark_model"


def find_binary(given: Path | None, abi: str) -> Path:
    """The binary for a phone of this ABI; raises `MissingPath` or `BenchmarkModelMissing`."""
    if abi not in _BY_ABI:
        raise BenchmarkModelMissing(
            f"there is no benchmark_model for {abi}",
            why=f"it is built for {', '.join(_BY_ABI)}",
            hint=f"build it, see {BENCHMARK_MODEL_PAGE}, and give it with --benchmark-model FILE",
        )
    name, machine = _BY_ABI[abi]
    path = given or cache_folder() / name
    if given is not None and not given.is_file():
        raise MissingPath(f"no file {given}", why="--benchmark-model names it", hint=f"see {BENCHMARK_MODEL_PAGE}")
    if not path.is_file():
        raise BenchmarkModelMissing(
            "benchmark_model is not here, and it is what measures on Android",
            why=f"fv does not download programs; it looked for {path}",
            hint=f"fetch or build {name}, see {BENCHMARK_MODEL_PAGE}, then --benchmark-model FILE (or put it there)",
        )
    with path.open("rb") as stream:
        header = stream.read(_E_MACHINE.stop)
    if header.startswith(_ELF_MAGIC) and int.from_bytes(header[_E_MACHINE], "little") != machine:
        raise BenchmarkModelMissing(
            f"{path.name} is for another processor",
            why=f"the phone's is {abi}",
            hint=f"fetch or build {name}, see {BENCHMARK_MODEL_PAGE}",
        )
    return path

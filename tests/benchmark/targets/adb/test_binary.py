import pytest

from fv_benchmark.targets.adb.binary import cache_folder, find_binary
from fv_benchmark.targets.adb.errors import BenchmarkModelMissing


def elf(path, machine):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\x7fELF" + bytes(14) + machine.to_bytes(2, "little") + bytes(40))
    return path


def test_the_given_one_is_taken(tmp_path):
    path = elf(tmp_path / "mine", 183)
    assert find_binary(path, "arm64-v8a") == path


def test_else_the_one_in_the_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    path = elf(cache_folder() / "android_arm_benchmark_model", 40)
    assert find_binary(None, "armeabi-v7a") == path


def test_one_for_another_processor_is_refused(tmp_path):
    with pytest.raises(BenchmarkModelMissing) as error:
        find_binary(elf(tmp_path / "mine", 62), "arm64-v8a")
    assert "another processor" in error.value.problem


@pytest.mark.parametrize("abi", ["riscv64", "unknown", "\x1b[2J"])
def test_a_processor_without_a_download_is_said(tmp_path, abi):
    with pytest.raises(BenchmarkModelMissing):
        find_binary(elf(tmp_path / "mine", 183), abi)

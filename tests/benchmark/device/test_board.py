import os

import pytest

from fv_benchmark.device import board


def write(root, path, text):
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


@pytest.mark.parametrize(
    ("kernel", "cpuinfo", "machine", "emulator"),
    [
        ("aarch64", "CPU implementer\t: 0x41\n", "aarch64", None),
        ("x86_64", "vendor_id\t: GenuineIntel\n", "x86_64", None),
        ("x86_64", "vendor_id\t: GenuineIntel\n", "i686", None),
        ("aarch64", "", "armv7l", None),
        ("x86_64", "CPU implementer\t: 0x41\n", "aarch64", "qemu-user on x86_64"),
        (None, "vendor_id\t: AuthenticAMD\n", "aarch64", "qemu-user on x86_64"),
        (None, "", "aarch64", None),
    ],
)
def test_another_processor_shows_through_an_emulated_one(tmp_path, kernel, cpuinfo, machine, emulator):
    if kernel:
        write(tmp_path, "proc/sys/kernel/arch", f"{kernel}\n")
    write(tmp_path, "proc/cpuinfo", cpuinfo)
    assert board.emulated_by(tmp_path, machine) == emulator


def test_big_cores_are_those_that_can_do_most(tmp_path):
    for core, capacity in enumerate([446, 446, 1024, 1024]):
        write(tmp_path, f"sys/devices/system/cpu/cpu{core}/cpu_capacity", str(capacity))
    assert board.big_cores(tmp_path) == (2, 3)


def test_without_capacities_the_highest_clock_counts(tmp_path):
    for core, khz in enumerate([1800000, 1800000, 2400000]):
        write(tmp_path, f"sys/devices/system/cpu/cpu{core}/cpufreq/cpuinfo_max_freq", str(khz))
    write(tmp_path, "sys/devices/system/cpu/cpuidle/current_driver", "none")
    assert board.big_cores(tmp_path) == (2,)


def test_where_all_cores_are_alike_none_is_big(tmp_path):
    assert board.big_cores(tmp_path) == ()
    for core in range(4):
        write(tmp_path, f"sys/devices/system/cpu/cpu{core}/cpu_capacity", "1024")
    assert board.big_cores(tmp_path) == ()


def test_a_process_stays_on_its_cores_while_it_measures():
    before = os.sched_getaffinity(0)
    one = (min(before),)
    with board.Pinned(one):
        assert os.sched_getaffinity(0) == set(one)
    assert os.sched_getaffinity(0) == before
    with board.Pinned(()):
        assert os.sched_getaffinity(0) == before


@pytest.mark.parametrize(
    ("said", "bits"),
    [("throttled=0x50005", 0b0101), ("throttled=0x0", 0), ("throttled=0x80000", 0), ("error=1", None), ("", None)],
)
def test_the_firmware_says_what_is_so_now(tmp_path, monkeypatch, said, bits):
    tool = tmp_path / "vcgencmd"
    tool.write_text(f'#!/bin/sh\n[ "$1" = get_throttled ] && echo "{said}"\n')
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert board.throttled_bits() == bits


def test_where_there_is_no_firmware_nothing_is_said(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert board.throttled_bits() is None

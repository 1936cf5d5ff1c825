import os
import socket
from dataclasses import asdict
from pathlib import Path

import pytest

from fv_benchmark.machine import Activity, Snapshot, between, describe, snapshot

TICKS = os.sysconf("SC_CLK_TCK")


@pytest.fixture
def pi(tmp_path):
    """The parts of a Raspberry Pi's file system that are read."""
    files = {
        "proc/device-tree/model": "Raspberry Pi 5 Model B Rev 1.0\0",
        "proc/cpuinfo": "processor : 0\nHardware\t: BCM2835\n",
        "proc/meminfo": "MemTotal:        8000000 kB\nMemFree: 1 kB\n",
        "proc/loadavg": "0.52 0.40 0.30 1/100 1234\n",
        "proc/stat": f"cpu  {3 * TICKS} 0 {2 * TICKS} {90 * TICKS} {TICKS} 0 0 {4 * TICKS} 0 0\ncpu0 1 2 3\n",
        "etc/os-release": 'NAME="Debian"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n',
        "sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq": "2400000\n",
        "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "ondemand\n",
        "sys/devices/platform/soc/soc:firmware/get_throttled": "50005\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_a_raspberry_pi_is_read_in_full(pi):
    now = snapshot(pi)
    assert (now.busy_s, now.stolen_s, now.throttle_events, now.load) == (5.0, 4.0, 1, 0.52)
    found = describe(now, now, pi)
    assert found.cpu == "Raspberry Pi 5 Model B Rev 1.0"
    assert (found.memory_bytes, found.governor, found.frequency_mhz) == (8_192_000_000, "ondemand", 2400.0)
    assert (found.os, found.load_before) == ("Debian GNU/Linux 12 (bookworm)", 0.52)


def test_what_the_firmware_remembers_from_earlier_is_no_throttling_now(pi):
    (pi / "sys/devices/platform/soc/soc:firmware/get_throttled").write_text("50000\n")
    assert snapshot(pi).throttle_events == 0


def test_intel_counts_throttling_core_by_core(pi):
    (pi / "sys/devices/platform/soc/soc:firmware/get_throttled").unlink()
    for core, count in ((0, 3), (1, 4)):
        path = pi / f"sys/devices/system/cpu/cpu{core}/thermal_throttle/core_throttle_count"
        path.parent.mkdir(parents=True)
        path.write_text(f"{count}\n")
    assert snapshot(pi).throttle_events == 7


def test_an_empty_machine_tells_nothing_and_nothing_is_zero(tmp_path):
    now = snapshot(tmp_path)
    assert (now.busy_s, now.stolen_s, now.throttle_events, now.load) == (None, None, None, None)
    found = describe(now, now, tmp_path)
    assert (found.memory_bytes, found.governor, found.frequency_mhz) == (None, None, None)
    assert between(now, now, 2) == Activity(None, None, None)


def test_others_are_what_is_busy_and_not_ours():
    before = Snapshot(100.0, 50.0, 1.0, 10.0, 2, 0.0)
    after = Snapshot(110.0, 68.0, 1.4, 19.0, 5, 0.0)
    found = between(before, after, cores=2)
    assert found.other_cores == pytest.approx(0.9)
    assert found.stolen_share == pytest.approx(0.02)
    assert found.throttle_events == 3


def test_no_host_and_no_user_name_is_told():
    now = snapshot()
    words = " ".join(str(value) for value in asdict(describe(now, now)).values()).split()
    assert now.busy_s is not None
    assert socket.gethostname() not in words
    assert str(Path.home()) not in words

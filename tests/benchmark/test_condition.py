import pytest

from fv_benchmark.condition import Condition, read_condition


def zone(root, index, kind, temp):
    folder = root / f"sys/class/thermal/thermal_zone{index}"
    folder.mkdir(parents=True)
    (folder / "type").write_text(f"{kind}\n")
    (folder / "temp").write_text(f"{temp}\n")


def test_a_pi_tells_all(tmp_path):
    zone(tmp_path, 0, "cpu-thermal", 61_350)
    zone(tmp_path, 1, "battery", 90_000)
    for name, text in {
        "sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq": "1500000",
        "sys/devices/system/cpu/cpu1/cpufreq/scaling_cur_freq": "2400000",
        "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "ondemand",
        "sys/devices/platform/soc/soc:firmware/get_throttled": "50005",
        "proc/loadavg": "0.52 0.40 0.30 1/100 1234",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n")
    found = read_condition(tmp_path)
    assert found == Condition(61.35, 2400.0, "ondemand", 0b101, 0.52)
    assert found.is_throttled


@pytest.mark.parametrize(("bits", "now"), [("0", False), ("50000", False), ("1", True), ("0x80008", True)])
def test_only_what_is_so_now_counts(tmp_path, bits, now):
    path = tmp_path / "sys/devices/platform/soc/soc:firmware/get_throttled"
    path.parent.mkdir(parents=True)
    path.write_text(bits)
    assert read_condition(tmp_path).is_throttled == now


def test_an_empty_machine_tells_nothing_and_nothing_is_zero(tmp_path):
    assert read_condition(tmp_path) == Condition(None, None, None, None, None)
    assert not read_condition(tmp_path).is_throttled


def test_the_hottest_sensor_of_the_processor_counts(tmp_path):
    for index, (kind, temp) in enumerate([("x86_pkg_temp", 50_000), ("cpu-1", 70_000), ("acpitz", 99_000)]):
        zone(tmp_path, index, kind, temp)
    assert read_condition(tmp_path).temperature_c == 70.0

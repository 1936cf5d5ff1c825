import pytest

from fv_benchmark.energy import MEASURED_BY_RAPL, NO_ENERGY, board_power_w, energy_source, read_energy_uj


def package(root, name, text):
    folder = root / "sys/class/powercap" / name
    folder.mkdir(parents=True)
    if text is not None:
        (folder / "energy_uj").write_text(text)


def test_packages_are_added_and_their_parts_are_not(tmp_path):
    package(tmp_path, "intel-rapl:0", "1000\n")
    package(tmp_path, "intel-rapl:1", "500\n")
    package(tmp_path, "intel-rapl:0:0", "900\n")
    assert read_energy_uj(tmp_path) == 1500


def test_a_package_that_may_not_be_read_makes_the_sum_unknown(tmp_path):
    package(tmp_path, "intel-rapl:0", "1000\n")
    package(tmp_path, "intel-rapl:1", None)
    assert read_energy_uj(tmp_path) is None


def test_a_machine_without_a_counter_says_nothing(tmp_path):
    assert read_energy_uj(tmp_path) is None


@pytest.mark.parametrize(
    ("board", "power_w"),
    [
        ("Raspberry Pi 5 Model B Rev 1.0", 4.08),
        ("Raspberry Pi 4 Model B Rev 1.4", 3.06),
        ("Raspberry Pi 3 Model B Plus Rev 1.3", 2.55),
        ("Raspberry Pi 3 Model B Rev 1.2", 2.04),
        ("Another Board", None),
        (None, None),
    ],
)
def test_a_board_draws_what_its_maker_says(board, power_w):
    assert board_power_w(board) == (None if power_w is None else pytest.approx(power_w))


def test_the_three_ways_to_speak_of_it():
    assert energy_source("Raspberry Pi 5", is_counted=True) == MEASURED_BY_RAPL
    assert energy_source("Raspberry Pi 5", is_counted=False).startswith("estimated (4.1 W")
    assert energy_source(None, is_counted=False) == NO_ENERGY

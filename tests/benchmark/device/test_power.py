import time

import pytest

from fv_benchmark.device.power import MIN_SAMPLES, PowerLog, board_watts, power_logged

# The form of the Raspberry Pi 5's firmware, with round numbers.
SAID = """ 3V7_WL_SW_A current(0)=0.10000000A
   3V3_SYS_A current(1)=0.20000000A
  VDD_CORE_A current(7)=2.00000000A
 3V7_WL_SW_V volt(8)=3.70000000V
   3V3_SYS_V volt(9)=3.30000000V
  VDD_CORE_V volt(15)=0.80000000V
     EXT5V_V volt(24)=5.10000000V
      BATT_V volt(25)=0.00000000V
"""


def test_power_is_the_sum_over_rails_that_have_both():
    assert board_watts(SAID) == pytest.approx(0.1 * 3.7 + 0.2 * 3.3 + 2.0 * 0.8)


@pytest.mark.parametrize(
    "said", ["", 'error=1 error_msg="Command not registered"', "EXT5V_V volt(24)=5.1V", "VDD_A x=1"]
)
def test_without_currents_there_is_no_power(said):
    assert board_watts(said) is None


def test_energy_of_a_call_is_mean_power_times_mean_time():
    log = PowerLog()
    second = 10**9
    log.samples = [(at * second, watts) for at, watts in enumerate([99.0, 4.0, 6.0, 4.0, 6.0, 99.0])]
    # Forty calls of 0.1 s that ended at 4.5 s: the readings at 1, 2, 3 and 4 s are inside.
    assert log.energy_uj(round(4.5 * second), 4 * second, [second // 10] * 40) == pytest.approx(5.0 * 0.1 * 1e6)


def test_too_few_readings_are_no_energy():
    log = PowerLog()
    log.samples = [(index, 5.0) for index in range(MIN_SAMPLES - 1)]
    assert log.energy_uj(100, 100, [100]) is None


def test_a_board_without_sensors_is_asked_once():
    asked = []
    with power_logged(lambda: asked.append(1) or "") as log:
        time.sleep(0.05)
    assert (len(asked), log.samples) == (1, [])


def test_a_board_with_sensors_is_asked_until_the_end():
    with power_logged(lambda: SAID) as log:
        time.sleep(0.05)
    assert [watts for _, watts in log.samples] == [board_watts(SAID)]

import pytest

from fv_benchmark.targets.adb import state
from tests.benchmark.targets.adb import printed


class Says:
    """A phone that answers with fixed texts, by the command's first word."""

    def __init__(self, **texts):
        self._texts = texts

    def run(self, words, seconds=1.0):
        text = self._texts.get(words[0], "")
        return (0, text) if isinstance(text, str) else text

    def shell(self, words, seconds=1.0):
        return self.run(words)[1]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (printed.THERMAL_SHIELD, (0, 66.5)),
        (printed.THERMAL_SAMSUNG, (2, 41.5)),
        ("Thermal Status: 3\nHAL Ready: false\n", (3, None)),
        ("Can't find service: thermalservice\n", (None, None)),
        ("Thermal Status: 99\nCurrent temperatures from HAL:\n Temperature{mValue=1e9, mName=CPU0}", (None, None)),
        ("Current temperatures from HAL:\n Temperature{mValue=,,=, mName}\n", (None, None)),
        ("", (None, None)),
    ],
)
def test_only_current_temperatures_of_the_processor_count(text, found):
    assert state.thermal(text) == found


def test_the_condition_is_status_temperature_and_the_fastest_clock():
    found = state.condition(Says(dumpsys=printed.THERMAL_SAMSUNG, sh="300000\n2841600\ncat: denied\n"))
    assert (found.throttled_bits, found.temperature_c, found.clock_mhz) == (1, 41.5, 2841.6)
    assert found.is_throttled
    assert state.condition(Says()).clock_mhz is None


def test_a_phone_is_described_by_its_properties():
    text = (
        "[ro.product.manufacturer]: [Google]\n[ro.product.model]: [Pixel 8]\n[ro.soc.manufacturer]: [Google]\n"
        "[ro.soc.model]: [Tensor G3]\n[ro.build.version.release]: [15]\n[ro.build.version.sdk]: [35]\n"
        "[ro.product.cpu.abi]: [arm64-v8a]\n"
    )
    found = state.about(Says(getprop=text))
    assert found == state.About("Google Pixel 8", "Google Tensor G3", "Android 15 (API 35)", "arm64-v8a")


@pytest.mark.parametrize("name", ["ro.kernel.qemu", "ro.boot.qemu"])
def test_the_android_emulator_is_no_phone(name):
    assert state.about(Says(getprop=f"[{name}]: [1]\n")).emulated == "qemu"
    assert state.about(Says(getprop=f"[{name}]: [0]\n")).emulated is None


def test_a_phone_that_says_nothing_is_unknown_and_a_hostile_one_is_text():
    assert state.about(Says(getprop="")) == state.About("unknown", "unknown", "Android unknown", "unknown")
    found = state.about(Says(getprop="[ro.product.model]: [\x1b[2J<script>]\n"))
    assert "\x1b" not in found.model


@pytest.mark.parametrize(
    ("answer", "refused"),
    [
        ((0, ""), False),
        ((255, "Error: java.lang.SecurityException"), True),
        ((0, "Unknown command: set-fixed-performance-mode-enabled"), True),
        ((0, "cmd: Can't find service: power"), True),
    ],
)
def test_a_refused_mode_is_said(answer, refused):
    assert (state.set_fixed_performance(Says(cmd=answer), enabled=True) is not None) == refused


def test_small_figures_of_the_system():
    assert (state.cores("8\n"), state.cores("nproc: not found"), state.cores("99999999")) == (8, 1, 1)
    assert state.memory_bytes("MemTotal:        2 kB\nMemFree: 1 kB\n") == 2048
    assert state.memory_bytes("nothing") is None
    assert (state.one_word("6.1.25-android14\n"), state.one_word("")) == ("6.1.25-android14", "unknown")

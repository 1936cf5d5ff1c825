"""What a phone tells of itself: model, chip, Android, heat, and whether its clocks are fixed.

`dumpsys thermalservice` (Android 10 on) has two lists of temperatures: "Cached", which may be minutes old, and "Current
temperatures from HAL". Only the second is taken. A sensor is the processor's by its name (`CPU0`, `TYPE_CPU`, Samsung's
`AP`): the types' numbers differ between makers. "Thermal Status" is PowerManager's, 0 none, 1 light, … 6 shutdown; from
1 on the system slows something down.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from fv_benchmark.condition import Condition
from fv_benchmark.targets.adb.phone import Phone
from fv_core.text import printable

THERMAL_WORDS = ("none", "light", "moderate", "severe", "critical", "emergency", "shutdown")
_STATUS = re.compile(r"^Thermal Status: ([0-6])\s*$", re.MULTILINE)
_TEMPERATURE = re.compile(r"Temperature\{([^}]*)\}")
_PROCESSOR = re.compile(r"cpu|^ap$|soc", re.IGNORECASE)
_FREQUENCY = "/sys/devices/system/cpu/cpu*/cpufreq/scaling_cur_freq"
_PROPERTY = re.compile(r"^\[([\w.]+)\]: \[(.*)\]\s*$", re.MULTILINE)
# Set by the Android emulator, which is a qemu (the second since Android 12).
_IN_QEMU = ("ro.kernel.qemu", "ro.boot.qemu")
# Sensors that are off say −99.9 or 0 degrees; nothing that computes is as cold as that or hotter than this.
_COLDEST_C, _HOTTEST_C = 1.0, 150.0
_MAX_CHARACTERS = 100


@dataclass(frozen=True)
class About:
    """A phone in words, each "unknown" where it does not tell. `abi`: its processor's, as `arm64-v8a`.

    `emulated`: by what, None for a real phone.
    """

    model: str
    soc: str
    android: str
    abi: str
    emulated: str | None = None


def about(phone: Phone) -> About:
    """Ask the phone's properties; raises what `Phone.shell` raises."""
    found = dict(_PROPERTY.findall(phone.shell(["getprop"])))
    maker, model = _said(found, "ro.product.manufacturer"), _said(found, "ro.product.model")
    chip = " ".join(word for name in ("ro.soc.manufacturer", "ro.soc.model") if (word := _said(found, name)))
    release, level = _said(found, "ro.build.version.release"), _said(found, "ro.build.version.sdk")
    return About(
        model=" ".join(word for word in (maker, model) if word) or "unknown",
        soc=chip or _said(found, "ro.board.platform") or _said(found, "ro.hardware") or "unknown",
        android=f"Android {release or 'unknown'}" + (f" (API {level})" if level else ""),
        abi=_said(found, "ro.product.cpu.abi") or "unknown",
        emulated="qemu" if any(_said(found, name) == "1" for name in _IN_QEMU) else None,
    )


def thermal(text: str) -> tuple[int | None, float | None]:
    """Status 0…6 and the processor's temperature of `dumpsys thermalservice`; None where it does not tell."""
    status = _STATUS.search(text)
    current = text.partition("Current temperatures from HAL:")[2].partition("Current cooling devices")[0]
    sensors = [dict(part.partition("=")[::2] for part in one.split(", ")) for one in _TEMPERATURE.findall(current)]
    temperatures = [
        float(one["mValue"])
        for one in sensors
        if _PROCESSOR.search(one.get("mName", "")) and re.fullmatch(r"-?\d+(\.\d+)?", one.get("mValue", ""))
    ]
    known = [value for value in temperatures if _COLDEST_C < value < _HOTTEST_C]
    return int(status[1]) if status else None, max(known) if known else None


def condition(phone: Phone) -> Condition:
    """The phone's state now; raises what `Phone.run` raises where the phone is gone."""
    _, said = phone.run(["dumpsys", "thermalservice"])
    status, temperature_c = thermal(said)
    # The phone's shell resolves the star: it is outside the quotes.
    _, clocks = phone.run(["sh", "-c", f"cat {_FREQUENCY}"])
    known = [int(line) / 1000 for line in clocks.split() if re.fullmatch(r"\d{4,8}", line)]
    return Condition(
        temperature_c=temperature_c,
        clock_mhz=max(known) if known else None,
        governor=None,
        throttled_bits=None if status is None else int(status > 0),
    )


def set_fixed_performance(phone: Phone, *, enabled: bool) -> str | None:
    """Switch Android's fixed-performance mode (11 on); None when it was done, else why the phone does not do it."""
    status, said = phone.run(["cmd", "power", "set-fixed-performance-mode-enabled", "true" if enabled else "false"])
    refusals = ("error", "unknown", "not supported", "can't find", "exception")
    if status != 0 or any(word in said.lower() for word in refusals):
        return printable(" ".join(said.split()), max_characters=_MAX_CHARACTERS) or "the phone refused"
    return None


def _said(found: Mapping[str, str], name: str) -> str:
    return printable(found.get(name, "").strip(), max_characters=_MAX_CHARACTERS)


def cores(text: str) -> int:
    """What `nproc` says; 1 where it says nothing."""
    return int(text) if re.fullmatch(r"\d{1,4}\s*", text) else 1


def memory_bytes(text: str) -> int | None:
    """Total memory of /proc/meminfo."""
    match = re.search(r"^MemTotal:\s*(\d{1,12}) kB", text, re.MULTILINE)
    return int(match[1]) * 1024 if match else None


def one_word(text: str) -> str:
    """The first word, fit to be shown; "unknown" where there is none."""
    return printable((text.split() or ["unknown"])[0], max_characters=_MAX_CHARACTERS)

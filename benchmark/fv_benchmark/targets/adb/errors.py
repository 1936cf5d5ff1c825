"""What can go wrong between here and an Android phone."""

from __future__ import annotations

from fv_core.errors import FvError, InputError

# The page that names the prebuilt binaries; nothing is ever downloaded from here.
BENCHMARK_MODEL_PAGE = "https://ai.google.dev/edge/litert/models/measurement"


class AdbMissing(FvError):
    """No `adb` on this machine."""

    code = "adb-missing"
    exit_code = 2
    usual_hint = "install Android's platform tools (Debian: sudo apt install adb)"


class PhoneNotThere(FvError):
    """adb sees no phone, several, or one that has not said yes."""

    code = "phone-not-there"
    exit_code = 2


class PhoneGone(FvError):
    """The phone was there, and is not any more."""

    code = "phone-gone"
    usual_hint = "look at the cable and at `adb devices`, then run it again"


class PhoneFull(FvError):
    """No room on the phone for the models."""

    code = "phone-full"
    usual_hint = "adb shell df /data/local/tmp, then make room there"


class PhoneRefused(FvError):
    """A command failed on the phone."""

    code = "phone-refused"
    usual_hint = "adb shell shows whether the phone still answers"


class PhoneTimedOut(FvError):
    """A command on the phone did not come to an end."""

    code = "phone-timed-out"
    usual_hint = "unlock the phone and keep it awake; then --runs 1, or a smaller model"


class BenchmarkModelMissing(InputError):
    """The platform's own `benchmark_model` is not here, or is for another processor."""

    code = "benchmark-model-missing"


class BenchmarkModelFailed(FvError):
    """`benchmark_model` ran on the phone and said no."""

    code = "benchmark-model-failed"
    usual_hint = "run it by hand: adb shell /data/local/tmp/benchmark_model --graph=FILE"


class NotForBenchmarkModel(InputError):
    """A model file that `benchmark_model` cannot run: it knows .tflite alone."""

    code = "not-for-benchmark-model"
    usual_hint = "--on browser runs .onnx files on a phone"

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from fv_edge_runtime.native_output import Written, captured_stderr


def test_chatter_is_dropped_and_the_rest_is_passed_on(capfd: pytest.CaptureFixture[str]) -> None:
    with captured_stderr() as written:
        os.write(2, b"INFO: Created TensorFlow Lite XNNPACK delegate for CPU.\nERROR: a real one\n")
        os.write(2, b"I0000 00:00:1.0 1 x.cc:1] chatter\n\n")
    assert capfd.readouterr().err == "ERROR: a real one\n"
    assert written.reason() == "ERROR: a real one"


def test_after_an_exception_nothing_is_passed_on_but_the_reason_is_there(capfd: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        with captured_stderr() as written:
            kept.append(written)
            os.write(2, b"first\nlast\n")
            raise KeyError

    kept: list[Written] = []
    with pytest.raises(KeyError):
        fail()
    assert capfd.readouterr().err == ""
    assert kept[0].reason() == "last"


def test_nothing_written_is_no_reason(capfd: pytest.CaptureFixture[str]) -> None:
    with captured_stderr() as written:
        pass
    os.write(2, b"after\n")
    assert written.reason() == ""
    assert capfd.readouterr().err == "after\n"


def test_a_process_without_standard_error_goes_on() -> None:
    program = (
        "import os; os.close(2)\n"
        "from fv_edge_runtime.native_output import captured_stderr\n"
        "with captured_stderr(): print('inside')"
    )
    done = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, check=False)
    assert done.stdout == "inside\n"

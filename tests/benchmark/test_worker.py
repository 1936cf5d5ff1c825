import subprocess
import sys

import numpy as np
import pytest

from fv_benchmark.worker import network_input, peak_memory_bytes
from tests.architecture.house import ROOT

# What a device that has NumPy and one runtime must not need.
TOO_HEAVY = ("scipy", "PIL", "jinja2", "psutil", "typer", "rich", "tensorflow", "onnx", "ai_edge_litert", "onnxruntime")


def test_the_worker_imports_numpy_and_no_more():
    program = f"import sys, fv_benchmark.worker; print([name for name in {TOO_HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("dtype", "low", "high"), [(np.uint8, 0, 255), (np.float32, 0, 255), (np.int8, -128, 127), (np.float16, 0, 255)]
)
def test_the_input_fills_the_range_of_its_type(dtype, low, high):
    picture = network_input((1, 64, 64, 3), np.dtype(dtype))
    assert (picture.shape, picture.dtype) == ((1, 64, 64, 3), np.dtype(dtype))
    assert (picture.min(), picture.max()) == (low, high)
    assert np.array_equal(picture, network_input((1, 64, 64, 3), np.dtype(dtype)))


def test_peak_memory_is_the_kernels_high_water_mark(tmp_path):
    status = tmp_path / "status"
    status.write_text("Name:\tpython\nVmPeak:\t  900 kB\nVmHWM:\t  700 kB\nVmRSS:\t  600 kB\n")
    assert peak_memory_bytes(status) == 700 * 1024


def test_peak_memory_is_unknown_where_the_kernel_does_not_tell(tmp_path):
    assert peak_memory_bytes(tmp_path / "nothing") is None
    (tmp_path / "empty").write_text("Name: x\n")
    assert peak_memory_bytes(tmp_path / "empty") is None

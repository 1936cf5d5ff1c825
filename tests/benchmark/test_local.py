import numpy as np
import pytest

from fv_benchmark.protocol import Protocol
from fv_benchmark.targets.local import LocalTarget
from fv_edge_runtime.errors import BadModelFile, ChildTimedOut
from tests.edge_runtime import tiny_models

QUICK = Protocol(blocks=2, block_seconds=0.02, warm_up_seconds=0.2)


@pytest.mark.parametrize("name", ["tiny_fp32.tflite", "tiny_fp32.onnx"])
def test_a_block_is_measured_in_a_process_of_its_own(tmp_path, name):
    path = tmp_path / name
    if name.endswith("tflite"):
        tiny_models.with_manifest(tiny_models.float_model(), path)
    else:
        tiny_models.onnx_with_manifest(path)
    block = LocalTarget().measure(path, 1, QUICK)
    assert len(block.samples_ns) >= QUICK.min_calls
    assert min(block.samples_ns) > 0
    assert block.init_ns > 0
    assert block.runtime.split()[0] in ("ai-edge-litert", "tflite-runtime", "onnxruntime")
    # Python with NumPy and a runtime needs more than 20 MB; far less would mean that another process was asked.
    assert block.peak_memory_bytes > 20_000_000
    assert np.median(block.samples_ns) < 1e8


def test_a_damaged_file_is_an_error_not_a_crash(tmp_path):
    path = tmp_path / "bad.tflite"
    path.write_bytes(b"\x18\x00\x00\x00TFL3" + bytes(range(256)) * 4)
    with pytest.raises(BadModelFile):
        LocalTarget().measure(path, 1, QUICK)


def test_a_worker_that_does_not_end_is_stopped(tmp_path):
    path = tiny_models.onnx_with_manifest(tmp_path / "tiny_fp32.onnx")
    with pytest.raises(ChildTimedOut):
        LocalTarget().measure(path, 1, Protocol(block_seconds=60.0, max_calls=10**9, block_limit_seconds=1.5))


def test_this_machine_is_described():
    target = LocalTarget()
    now = target.snapshot()
    assert target.describe(now, now).cores >= 1

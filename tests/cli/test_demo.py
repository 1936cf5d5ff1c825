"""`fv demo`: which files it shows, how it begins and how it ends."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from fv_benchmark.web.assets import web_assets
from fv_benchmark.web.errors import WebAssetsMissing
from fv_cli.commands.demo import float_twin
from tests.edge_runtime.tiny_models import float_model, quantized_model, with_manifest


def files(folder: Path) -> tuple[Path, Path]:
    int8 = with_manifest(quantized_model(), folder / "tiny_int8.tflite", scheme="int8")
    return int8, with_manifest(float_model(), folder / "tiny_fp32.tflite")


@pytest.mark.parametrize("scheme", ["int8", "int16x8", "dynamic", "fp16"])
def test_the_float_twin_stands_beside_a_smaller_file(tmp_path: Path, scheme: str) -> None:
    file, twin = tmp_path / f"food_{scheme}.onnx", tmp_path / "food_fp32.onnx"
    assert float_twin(file) is None
    twin.touch()
    assert float_twin(file) == twin
    assert float_twin(twin) is None
    assert float_twin(tmp_path / f"food_{scheme}.tflite") is None


def fv(*words: str) -> list[str]:
    return [sys.executable, "-m", "fv_cli", "demo", *words]


def test_a_folder_without_a_model(tmp_path: Path) -> None:
    done = subprocess.run(fv(str(tmp_path)), capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "error[missing-path]: no model file in" in done.stderr
    assert "hint: fv export" in done.stderr


def test_the_page_is_served_until_ctrl_c(tmp_path: Path) -> None:
    try:
        web_assets()
    except WebAssetsMissing as error:
        pytest.skip(f"needs the built pages: {error.hint}")
    files(tmp_path)
    command = fv(str(tmp_path / "tiny_int8.tflite"))
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            found = next(match for line in process.stderr if (match := re.search(r"open: (http://\S+)", line)))
            with urllib.request.urlopen(found[1] + "model.json", timeout=10) as response:  # noqa: S310 - localhost
                told = response.read().decode()
        finally:
            process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
    assert '"title": "int8"' in told
    assert '"title": "fp32"' in told
    assert process.returncode == 0
    assert "next: fv benchmark" in rest
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(found[1], timeout=10)  # noqa: S310 - localhost

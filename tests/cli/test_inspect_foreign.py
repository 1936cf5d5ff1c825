"""`fv inspect` on files of other makers: each is explained, none is believed by its name, none crashes."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import pytest

from fv_cli.main import main
from tests.cli import foreign
from tests.cli.foreign import CLASSES, SIZE

# Conv 16 x 16 x 32 of 3 x 3 x 3, depthwise 16 x 16 x 32 of 3 x 3, conv 16 x 16 x 64 of 32, dense 64 x 4.
TFLITE_WORK = 16 * 16 * (32 * 27 + 32 * 9 + 64 * 32) + 64 * CLASSES
ONNX_WORK = 16 * 16 * 16 * 27 + 16 * CLASSES


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("foreign")
    # What their makers warn of is not ours to mend.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        foreign.tflite_files(folder)
        foreign.flex_file(folder / "flex.tflite")
        foreign.onnx_files(folder)
    return folder


@pytest.fixture(autouse=True)
def _here(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)


def facts(name: str, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert main(["inspect", name, "--json"]) == 0
    data: dict[str, Any] = json.loads(capsys.readouterr().out)
    return data


def remarks(data: dict[str, Any]) -> list[str]:
    return [remark["about"] for remark in data["remarks"]]


def work(data: dict[str, Any]) -> int:
    return sum(layer["multiply_adds"] for layer in data["layers"])


@pytest.mark.parametrize(
    ("name", "scheme", "wanted"),
    [
        ("float.tflite", "fp32", TFLITE_WORK),
        ("model_int8.tflite", "dynamic", TFLITE_WORK),
        ("full.tflite", "int8", TFLITE_WORK),
        ("labelled.tflite", "int8", TFLITE_WORK),
        ("float.onnx", "fp32", ONNX_WORK),
        ("qdq.onnx", "int8", ONNX_WORK),
        ("qoperator.onnx", "int8", ONNX_WORK),
        ("model_int8.onnx", "dynamic", ONNX_WORK),
    ],
)
def test_what_a_file_is_and_does(name: str, scheme: str, wanted: int, capsys: pytest.CaptureFixture[str]) -> None:
    data = facts(name, capsys)
    assert (data["scheme"], work(data)) == (scheme, wanted)
    assert data["not_opened"] == ""
    assert data["manifest"] is None
    assert "not stated" not in data["activation_dtypes"]
    assert "free-sizes" in remarks(data)
    assert main(["inspect", name]) == 0
    assert scheme in capsys.readouterr().out.splitlines()[0]


@pytest.mark.parametrize("name", ["model_int8.tflite", "model_int8.onnx"])
def test_a_dynamic_file_that_calls_itself_int8_is_said_to_be(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert "not-int8" in remarks(facts(name, capsys))
    main(["inspect", name])
    shown = " ".join(capsys.readouterr().out.split())
    assert "its name says int8, but only its weights are: it is a dynamic-range file" in shown


def test_the_operators_that_broke_the_graph_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    data = facts("full.tflite", capsys)
    assert data["partitions"] == 3
    breaking = [(one["operator"], one["why"]) for one in data["outside"] if one["breaks"]]
    assert breaking == [("HARD_SWISH", "XNNPACK has no int8 kernel for it, only a float one")] * 2
    by_channel = [one for one in data["quantized"] if one["axis"] is not None]
    assert {one["channels"] for one in by_channel} >= {32, 64}
    assert data["inputs"][0]["quantization"] is not None


def test_metadata_without_a_manifest(capsys: pytest.CaptureFixture[str]) -> None:
    data = facts("labelled.tflite", capsys)
    assert data["metadata"]["label_count"] == CLASSES
    entries = dict(data["metadata"]["entries"])
    assert entries["name"] == "somebody's"
    assert f"RGB; {SIZE} x {SIZE} pixels; normalized (x - 0) / 1" in entries["input"]
    assert "labels" not in remarks(data)
    assert "labels" in remarks(facts("mislabelled.tflite", capsys))


def test_metadata_of_onnx(capsys: pytest.CaptureFixture[str]) -> None:
    assert facts("float.onnx", capsys)["metadata"]["entries"] == [["author", "somebody"]]


def test_a_flex_operator_is_named_and_the_file_described(capsys: pytest.CaptureFixture[str]) -> None:
    data = facts("flex.tflite", capsys)
    assert data["custom_operators"] == ["FlexMatrixDeterminant"]
    assert "flex" in remarks(data)
    assert "MatrixDeterminant" in data["not_opened"]
    assert [layer["multiply_adds"] for layer in data["layers"] if "Flex" in layer["operator"]] == [None]
    assert main(["inspect", "flex.tflite"]) == 0
    assert capsys.readouterr().err.splitlines()[-1] == "next: fv export RUN"


@pytest.mark.parametrize("name", ["cut.tflite", "cut.onnx"])
def test_a_truncated_file_is_one_error(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", name]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("error[bad-model-file]: the ")
    assert "hint: export or download it again" in shown.err

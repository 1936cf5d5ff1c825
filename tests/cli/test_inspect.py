"""`fv inspect`, whole: its sheet, its JSON and its refusals."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import pytest

from fv_cli.main import main
from fv_cli.model_sheet import sheet
from fv_core.files import sha256_of_file
from fv_core.manifest import Calibration, Drop
from fv_edge_runtime.inspect import inspect_model, read_facts
from tests.edge_runtime import tiny_models
from tests.edge_runtime.tiny_models import manifest

SHEET = """\
file           m.tflite · tflite · no layers with weights · {size:.1f} KiB
sha256         {sha256}
made by        tiny
input          image: uint8 (1, 8, 8, 3), real = 1 · (stored - 0)
output         shares: float32 (1, 3)
operators         1 DEQUANTIZE
                  1 HARD_SWISH
                  1 MEAN
                  1 QUANTIZE
                  1 SOFTMAX
computed in    int8 (3), float32 (2), uint8 (1)
weights        int32 8 B
work           0 multiply-adds
opened by      ai-edge-litert {litert}
partitions     2 of the delegate, 3 operators outside, 1 of them break the graph
               HARD_SWISH (int8): XNNPACK has no int8 kernel for it, only a float one [breaks the graph]
               QUANTIZE (int8): expected at the network's shores: XNNPACK does not turn uint8 into int8 or back
               SOFTMAX (float32): expected: it turns the network's integers into float32 probabilities
float tensors  2, 0 of them islands between quantized ones
               logits: after the last quantized operator: probabilities are float32
               shares: after the last quantized operator: probabilities are float32
manifest       tiny, int8, 3 labels from file
labels         red, green, blue
pictures       square of 8 px, 1 of it, to 8 px
from           model 000000000000
golden         0 pictures, tolerance 0
versions       fv 0
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("inspect")
    tiny_models.with_manifest(tiny_models.quantized_model(), folder / "m.tflite", scheme="int8")
    (folder / "m.onnx").write_bytes(tiny_models.onnx_model(batch="N").SerializeToString())
    return folder


@pytest.fixture(autouse=True)
def _here(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)


def test_the_sheet(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", "m.tflite"]) == 0
    shown = capsys.readouterr()
    path = Path("m.tflite")
    wanted = SHEET.format(
        size=path.stat().st_size / 1024, sha256=sha256_of_file(path), litert=version("ai-edge-litert")
    )
    assert "\n".join(line.rstrip() for line in shown.out.splitlines()) + "\n" == wanted
    assert shown.err == "next: fv predict m.tflite PICTURE\n"


@pytest.mark.parametrize("name", ["m.tflite", "m.onnx"])
def test_json_holds_the_same(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", name, "--json"]) == 0
    shown = capsys.readouterr()
    data = json.loads(shown.out)
    assert data.pop("schema_version") == 1
    assert data == json.loads(json.dumps(inspect_model(Path(name)).to_data()))
    assert shown.err == ""


def test_a_foreign_file_says_what_it_lacks() -> None:
    rows = dict(sheet(read_facts(Path("m.onnx"))))
    assert rows["manifest"] == "none: give its labels with --labels"
    assert rows["input"] == "image: float32 (free, 8, 8, 3)"
    assert rows["beware"] == "2 tensors have a free size: image, shares"
    assert rows["opsets"] == "ai.onnx 17"
    assert "partitions" not in rows


def test_what_the_manifest_knows_is_shown() -> None:
    full = manifest(
        scheme="int8",
        rewrites=("fold_batch_norm",),
        calibration=Calibration("0" * 64, "train", 200, 0, "percentile 99.99", "0" * 64),
        drop=Drop(0.4, (-0.1, 0.9), 0.87, 650, "validation", "0" * 64),
    )
    rows = dict(sheet(replace(read_facts(Path("m.tflite")), manifest=full)))
    assert rows["calibration"] == (
        "200 pictures of train, percentile 99.99, seed 0; set 000000000000, ids 000000000000"
    )
    assert rows["drop"] == "+0.40 points [-0.10, +0.90] on 650 pictures of validation"
    assert rows["agreement"] == "87.00 % with the full model"
    assert rows["rewrites"] == "fold_batch_norm"


def test_a_file_that_does_not_open_is_explained() -> None:
    facts = replace(read_facts(Path("m.tflite")), not_opened="the child process crashed: SIGSEGV")
    rows = dict(sheet(facts))
    assert rows["not opened"] == "the child process crashed: SIGSEGV"
    assert "opened by" not in rows


def test_long_lists_are_counted() -> None:
    facts = replace(read_facts(Path("m.tflite")), operators={f"OP_{number}": 1 for number in range(20)})
    values = [value for _, value in sheet(facts)]
    assert "… and 8 more (--json lists them)" in values
    assert "   1 OP_11" in values
    assert "   1 OP_12" not in values


def test_an_unsound_file_is_described_and_refused(capsys: pytest.CaptureFixture[str]) -> None:
    model = tiny_models.quantized_model()
    model.tensors[3].scale = (float("nan"),)
    Path("nan.tflite").write_bytes(model.to_bytes())
    assert main(["inspect", "nan.tflite"]) == 2
    printed = capsys.readouterr()
    shown = printed.out
    assert printed.err.startswith("error[bad-model-file]: nan.tflite is unsound: tensor 3 has the scale nan")
    assert "1 tensors have a scale that is zero, negative, NaN or infinite: mean" in shown
    assert "fv gives no unsound file to a runtime" in shown
    assert main(["inspect", "nan.tflite", "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["unsound"].startswith("tensor 3 has the scale nan")


def test_every_layer_is_listed_when_asked(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", "m.tflite", "--layers"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["3", "swished", "HARD_SWISH", "1", "x", "3", "int8", "0", "-", "0", "B", "3", "B"] in rows


def test_verifying_says_yes_and_no(capsys: pytest.CaptureFixture[str]) -> None:
    import numpy as np

    from fv_core import golden
    from fv_core.manifest import Golden
    from fv_edge_runtime.classifier import Classifier

    tiny_models.onnx_with_manifest(Path("v.onnx"))
    picture = golden.draw(1, tiny_models.SIZE)
    shares = tuple(float(value) for value in Classifier("v.onnx").probabilities(picture[None])[0])
    one = Golden(1, golden.sha256_of(picture), shares, shares)
    tiny_models.onnx_with_manifest(Path("v.onnx"), golden=(one,), golden_tolerance=1e-3)
    assert main(["inspect", "v.onnx", "--verify"]) == 0
    assert capsys.readouterr().out.startswith("verified  v.onnx: 1 pictures drawn again, answers within ")
    data = Path("v.onnx").read_bytes()
    Path("v.onnx").write_bytes(data.replace(np.float32(1 / 16).tobytes(), np.float32(1 / 8).tobytes()))
    assert main(["inspect", "v.onnx", "--verify"]) == 3
    assert capsys.readouterr().out.startswith("refused  v.onnx: a probability is off by ")
    assert main(["inspect", "v.onnx", "--verify", "--json"]) == 3
    assert json.loads(capsys.readouterr().out)["passed"] is False


def test_nothing_to_verify_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", "m.onnx", "--verify"]) == 2
    assert capsys.readouterr().err.startswith("error[nothing-to-verify]: m.onnx has no golden pictures")


@pytest.mark.parametrize(("name", "code"), [("none.tflite", "missing-path"), ("cut.tflite", "bad-model-file")])
def test_what_cannot_be_read_is_one_error(name: str, code: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("cut.tflite").write_bytes(Path("m.tflite").read_bytes()[:300])
    assert main(["inspect", name]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith(f"error[{code}]: ")
    assert "\nhint: " in shown.err

"""`fv` on a device: the wheel with one runtime and no training framework, in an environment of its own."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from fv_core.preprocess import decode
from fv_edge_runtime.classifier import Classifier
from tests.packaging.installed import SETUPS, Device
from tests.packaging.small_model import LABELS

# Two builds of a runtime order float32 sums differently; 1e-5 of a probability is a hundred roundings.
PROBABILITY_TOLERANCE = 1e-5

every_device = pytest.mark.parametrize(
    "device",
    [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in SETUPS],
    indirect=True,
)
pytestmark = [pytest.mark.slow, pytest.mark.network, every_device]


def expected(device: Device) -> dict[str, float]:
    """What the runtime of this environment says of the photo."""
    here = Classifier(device.folder / device.model)
    return dict(here.classify(decode(device.folder / "photo.png"), top=len(LABELS)))


def assert_same(answers: dict[str, float], device: Device) -> None:
    wanted = expected(device)
    assert set(answers) == set(LABELS)
    for label, probability in answers.items():
        assert np.isclose(probability, wanted[label], rtol=0, atol=PROBABILITY_TOLERANCE)


@pytest.mark.parametrize("module", ["tensorflow", "keras", "onnx", "tf2onnx", "sklearn"])
def test_no_training_framework_came_along(device: Device, module: str) -> None:
    assert f"No module named '{module}'" in device.run("python", "-c", f"import {module}").stderr


def test_predict(device: Device) -> None:
    said = device.json("fv", "predict", device.model, "photo.png", "--top", "4", "--json")
    assert_same({one["label"]: one["probability"] for one in said["answers"][0]["top"]}, device)


def test_the_classifier(device: Device) -> None:
    program = (
        "import json; from fv_edge_runtime import Classifier\n"
        f"print(json.dumps(Classifier({device.model!r}).classify('photo.png', top=4)))"
    )
    assert_same(dict(device.json("python", "-c", program)), device)


def test_the_module_as_a_program(device: Device) -> None:
    done = device.run("python", "-m", "fv_edge_runtime", device.model, "photo.png", "--top", "1")
    assert done.returncode == 0, done.stderr
    best = max(expected(device).items(), key=lambda item: item[1])
    assert best[0] in done.stdout


def test_benchmark(device: Device) -> None:
    done = device.run("fv", "benchmark", device.model, "--runs", "20", "--json", "report.json")
    assert done.returncode == 0, done.stderr
    report = json.loads((device.folder / "report.json").read_text(encoding="utf-8"))
    (result,) = report["results"]
    assert device.setup.runtime in result["runtime"]
    assert result["latency_ms"]["p50"] > 0


def test_inspect(device: Device) -> None:
    done = device.run("fv", "inspect", device.model)
    assert done.returncode == 0, done.stderr
    assert "small" in done.stdout


def test_the_other_format_names_the_extra_to_install(device: Device) -> None:
    done = device.run("fv", "predict", f"model{device.setup.other_suffix}", "photo.png")
    assert done.returncode == 2
    assert done.stderr.startswith("error[missing-extra]: ")
    assert f"pip install 'fv[{device.setup.other_extra}]'" in done.stderr


@pytest.mark.parametrize(
    "words", [("train", "plates_quick", "--data", "plates"), ("predict", "model.keras", "photo.png")]
)
def test_what_needs_a_framework_names_the_extra_to_install(device: Device, words: tuple[str, ...]) -> None:
    (device.folder / "model.keras").write_bytes(b"PK")
    if not (device.folder / "plates").exists():
        prepared = device.run(
            "fv", "data", "prepare", "builtin:plates", "--out", "plates", "--limit", "24", "--size", "32"
        )
        assert prepared.returncode == 0, prepared.stderr
    done = device.run("fv", *words)
    assert done.returncode == 2
    assert done.stderr.startswith("error[missing-extra]: "), done.stderr
    assert "pip install 'fv[" in done.stderr


def test_doctor_says_what_is_missing_and_that_nothing_is_broken(device: Device) -> None:
    said = device.json("fv", "doctor", "--json")
    versions = {one["library"]["name"]: one["version"] for one in said["libraries"]}
    assert versions[device.setup.runtime] is not None
    assert versions["tensorflow"] is None
    assert "pip install 'fv[train]'" in [finding["mend"] for finding in said["findings"]]


def test_the_environment_is_the_wheel_and_not_the_checkout(device: Device) -> None:
    done = device.run("python", "-c", "import fv_core; print(fv_core.__file__)")
    assert Path(done.stdout.strip()).is_relative_to(device.folder)

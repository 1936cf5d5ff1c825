"""Small model files with a full manifest: golden answers as the exporter writes them, any labels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from fv_core import golden
from fv_core.manifest import Golden
from fv_core.preprocess import Preprocess
from fv_edge_runtime.classifier import Classifier
from tests.edge_runtime import tiny_models
from tests.edge_runtime.tiny_models import LABELS, SIZE, Model

# More than the network's input: a crop, and a reduction behind the enlargement.
PREPROCESS = Preprocess(store_size=23, crop_fraction=0.875, input_size=SIZE)
TOLERANCE = 1e-3


def write(path: Path, *, name: str = "tiny", labels: tuple[str, ...] = LABELS) -> Path:
    """A file with one output a label and the answers it gives: float for .onnx and where it is called float."""
    questions = [golden.draw(seed, SIZE) for seed in golden.SEEDS]
    _write(path, name, labels, ())
    answers = Classifier(path).probabilities(np.stack(questions))
    entries = tuple(
        Golden(seed, golden.sha256_of(question), full=tuple(map(float, answer)), file=tuple(map(float, answer)))
        for seed, question, answer in zip(golden.SEEDS, questions, answers, strict=True)
    )
    return _write(path, name, labels, entries)


def _write(path: Path, name: str, labels: tuple[str, ...], entries: tuple[Golden, ...]) -> Path:
    changes = {
        "name": name,
        "labels": labels,
        "preprocess": PREPROCESS,
        "golden": entries,
        "golden_tolerance": TOLERANCE,
    }
    if path.suffix == ".onnx":
        return tiny_models.onnx_with_manifest(path, **changes)
    if path.stem == "float":
        return tiny_models.with_manifest(tiny_models.float_model(), path, **changes)
    return tiny_models.with_manifest(with_outputs(len(labels)), path, scheme="int8", **changes)


def with_outputs(count: int) -> Model:
    """The tiny quantized model, its three logits spread over `count` outputs."""
    model = tiny_models.quantized_model()
    if count == len(LABELS):
        return model
    tensors = list(model.tensors)
    logits, shares = len(tensors) - 2, len(tensors) - 1
    weights = np.random.default_rng(3).normal(0, 0.02, size=(count, len(LABELS))).astype(np.float32)
    tensors[shares] = replace(tensors[shares], shape=(1, count))
    tensors += [
        tiny_models.Tensor("weights", weights.shape, "float32", weights),
        tiny_models.Tensor("bias", (count,), "float32", np.zeros(count, dtype=np.float32)),
        tiny_models.Tensor("spread", (1, count)),
    ]
    at = len(tensors) - 3
    operators = [
        *model.operators[:-1],
        ("FULLY_CONNECTED", [logits, at, at + 1], [at + 2]),
        ("SOFTMAX", [at + 2], [shares]),
    ]
    options = {**model.options, 4: _fully_connected_options(), 5: model.options[4]}
    return replace(model, tensors=tensors, operators=operators, options=options)


def _fully_connected_options() -> tuple[int, Any]:
    from ai_edge_litert import schema_py_generated as s

    return s.BuiltinOptions.FullyConnectedOptions, s.FullyConnectedOptionsT()

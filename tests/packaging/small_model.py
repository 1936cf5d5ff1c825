"""A classifier of four classes at 24 px, seeded, as model files of both formats: what the installed `fv` is asked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from fv_core.golden import draw
from fv_core.manifest import Manifest
from fv_core.preprocess import Preprocess
from fv_export.graph import Conv, Dense, Graph, Mean, Softmax
from fv_export.write import onnx, tflite

LABELS = ("pizza", "salad", "soup", "sushi")
_SIDE = 24
_CHANNELS = 8


def write_files(folder: Path) -> None:
    """Write `model.tflite`, `model.onnx` and `photo.png`."""
    graph = small_graph()
    for suffix, writer in ((".tflite", tflite.write), (".onnx", onnx.write)):
        (folder / f"model{suffix}").write_bytes(writer(graph, None, "fp32", _manifest(suffix)))
    Image.fromarray(draw(1, 80)).save(folder / "photo.png")


def small_graph() -> Graph:
    """Convolution, mean, dense, softmax, with seeded weights that make it prefer different classes."""
    random = np.random.default_rng(0)
    nodes = (
        Conv(
            name="conv",
            inputs=("image",),
            output="features",
            kernel=(random.normal(size=(3, 3, 3, _CHANNELS)) / 255).astype(np.float32),
            bias=np.zeros(_CHANNELS, np.float32),
            strides=(2, 2),
        ),
        Mean(name="mean", inputs=("features",), output="pooled", keep_dims=False),
        Dense(
            name="dense",
            inputs=("pooled",),
            output="logits",
            kernel=(random.normal(size=(_CHANNELS, len(LABELS))) / 4).astype(np.float32),
            bias=np.zeros(len(LABELS), np.float32),
        ),
        Softmax(name="softmax", inputs=("logits",), output="probabilities"),
    )
    side = (_SIDE - 3) // 2 + 1
    shapes = {
        "image": (1, _SIDE, _SIDE, 3),
        "features": (1, side, side, _CHANNELS),
        "pooled": (1, _CHANNELS),
        "logits": (1, len(LABELS)),
        "probabilities": (1, len(LABELS)),
    }
    graph = Graph(name="small", input="image", output="probabilities", nodes=nodes, shapes=shapes)
    graph.check()
    return graph


def _manifest(suffix: str) -> Manifest:
    return Manifest(
        name="small",
        scheme="fp32",
        format=suffix[1:],
        labels=LABELS,
        labels_from="file",
        preprocess=Preprocess(store_size=32, crop_fraction=0.875, input_size=_SIDE),
        source_sha256="0" * 64,
        versions={"fv": "0.1.0"},
    )

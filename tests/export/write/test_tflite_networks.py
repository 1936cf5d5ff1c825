"""Whole networks through the real path: rewritten, calibrated, written, and run in one delegate partition.

BatchNorm statistics are set by a few passes in training mode: in an untrained network activations vanish, and scales
that no kernel takes throw nodes out of the delegate.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from fv_core.progress import Silent
from fv_export.from_keras import graph_of
from fv_export.schemes import Pair
from fv_export.variants import FromGraph
from tests.export.write.tflite_cases import Loaded, manifest

pytestmark = pytest.mark.slow

SIZE, CLASSES, PICTURES = 48, 10, 8
# float sums in another order, through some sixty layers, in probability.
FLOAT = 1e-4
HALF = 1e-2
# Eight bits through an untrained network whose logits are spread on purpose: gross faults are ten times this.
INT8 = 0.15
INT16 = 0.05


@dataclass(frozen=True)
class Network:
    variants: FromGraph
    pictures: NDArray[np.uint8]
    expected: NDArray[np.float32]


@cache
def _network(name: str) -> Network:
    keras.utils.set_random_seed(5)
    model = getattr(keras.applications, name)(weights=None, input_shape=(SIZE, SIZE, 3), classes=CLASSES)
    blocks = np.random.default_rng(5).integers(0, 256, (PICTURES, SIZE // 8, SIZE // 8, 3), dtype=np.uint8)
    pictures = blocks.repeat(8, axis=1).repeat(8, axis=2)
    batch = pictures.astype(np.float32)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.5
    for _ in range(5):
        model(batch, training=True)
    _spread(model, batch)
    expected = np.asarray(model(batch, training=False))
    variants = FromGraph(graph_of(model, name), pictures[:2], pictures, "minmax", Silent())
    return Network(variants, pictures, expected)


def _spread(model: keras.Model, batch: NDArray[np.float32]) -> None:
    """Scale the last layer so that probabilities differ; an untrained network says 1 / CLASSES to everything."""
    last = [layer for layer in model.layers if layer.weights][-1]
    kernel, bias = last.get_weights()
    spread = float(np.log(np.asarray(model(batch, training=False))).std())
    last.set_weights([kernel / spread, bias])


NETWORKS = ["MobileNetV3Small", "EfficientNetB0"]


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize(
    ("scheme", "tolerance"), [("fp32", FLOAT), ("fp16", HALF), ("dynamic", INT8), ("int8", INT8), ("int16x8", INT16)]
)
def test_a_whole_network_answers_as_keras_does(name: str, scheme: str, tolerance: float) -> None:
    network = _network(name)
    variant = network.variants.get(Pair("tflite", scheme))
    loaded = Loaded(variant.write(manifest(scheme)))
    answers = loaded.run(network.pictures)
    assert float(network.expected.max()) > 3 / CLASSES
    assert float(np.abs(answers - network.expected).max()) < tolerance
    if scheme != "int16x8":
        assert loaded.partitions() == 1
    assert variant.float_tensors == ()


def test_the_rewritten_network_has_no_hard_swish_for_the_delegate_to_refuse() -> None:
    network = _network("MobileNetV3Small")
    int8, fp32 = (network.variants.get(Pair("tflite", scheme)) for scheme in ("int8", "fp32"))
    operators = Loaded(int8.write(manifest("int8"))).operators()
    assert "HARD_SWISH" not in operators
    in_float = Loaded(fp32.write(manifest("fp32"))).operators()
    assert in_float.count("HARD_SWISH") == 19

"""Layers that scale and shift channels; each becomes one `Affine`, y = x * scale + shift.

BatchNormalization   scale = gamma / sqrt(variance + epsilon)     shift = beta - mean * scale
Normalization        scale = 1 / max(sqrt(variance), 1e-7)        shift = -mean * scale   (Keras's epsilon)
Rescaling            scale and offset as given
"""

from __future__ import annotations

import numpy as np

from fv_export.from_keras.building import Call, Converter, as_floats
from fv_export.graph import Floats

# keras.config.epsilon() as `Normalization.call` uses it.
_NORMALIZATION_EPSILON = 1e-7


def _batch_normalization(call: Call) -> str:
    layer = call.layer
    call.require(layer.axis in (-1, len(call.shape) - 1), "only BatchNormalization over the channels is exported")
    mean, variance = call.weights("moving_mean").astype(np.float64), call.weights("moving_variance").astype(np.float64)
    gamma = call.weights("gamma") if layer.scale else np.float64(1)
    beta = call.weights("beta") if layer.center else np.float64(0)
    scale = gamma / np.sqrt(variance + layer.epsilon)
    return call.build.affine(layer.name, call.inputs[0], _floats(scale), _floats(beta - mean * scale))


def _normalization(call: Call) -> str:
    layer, channels = call.layer, call.shape[-1]
    mean, variance = (as_floats(value).astype(np.float64).ravel() for value in (layer.mean, layer.variance))
    call.require(mean.size in (1, channels) and variance.size in (1, channels), "it does not normalize channels")
    deviation = np.maximum(np.sqrt(variance), _NORMALIZATION_EPSILON)
    if layer.invert:
        return call.build.affine(layer.name, call.inputs[0], _floats(deviation), _floats(mean))
    return call.build.affine(layer.name, call.inputs[0], _floats(1 / deviation), _floats(-mean / deviation))


def _rescaling(call: Call) -> str:
    scale, offset = as_floats(call.layer.scale).ravel(), as_floats(call.layer.offset).ravel()
    channels = call.shape[-1]
    call.require(scale.size in (1, channels) and offset.size in (1, channels), "it does not rescale channels")
    return call.build.affine(call.layer.name, call.inputs[0], scale, offset)


def _floats(values: object) -> Floats:
    return np.asarray(values, dtype=np.float32)


CONVERTERS: dict[str, Converter] = {
    "layers.BatchNormalization": _batch_normalization,
    "layers.Normalization": _normalization,
    "layers.Rescaling": _rescaling,
}

"""Layers that move values without computing, and those that do nothing at inference."""

from __future__ import annotations

import math

from fv_export.from_keras.building import Call, Converter
from fv_export.graph import Concat, Pad, Reshape, Shape

# Regularization and augmentation: the identity when not training (Keras 3.15, `call(..., training=False)`).
# RandomCrop is not among them: at inference it resizes.
_IDENTITIES = (
    "ActivityRegularization",
    "AlphaDropout",
    "AugMix",
    "CutMix",
    "Dropout",
    "GaussianDropout",
    "GaussianNoise",
    "Identity",
    "MixUp",
    "RandAugment",
    "RandomBrightness",
    "RandomColorDegeneration",
    "RandomColorJitter",
    "RandomContrast",
    "RandomElasticTransform",
    "RandomErasing",
    "RandomFlip",
    "RandomGaussianBlur",
    "RandomGrayscale",
    "RandomHue",
    "RandomInvert",
    "RandomPerspective",
    "RandomPosterization",
    "RandomRotation",
    "RandomSaturation",
    "RandomSharpness",
    "RandomShear",
    "RandomTranslation",
    "RandomZoom",
    "SpatialDropout2D",
)


def _identity(call: Call) -> str:
    return call.inputs[0]


def _zero_padding(call: Call) -> str:
    call.require(call.layer.data_format == "channels_last", "only channels_last is exported")
    (top, bottom), (left, right) = call.layer.padding
    name = call.name
    return call.build.add(
        Pad(name=name, inputs=call.inputs, output=name, padding=((int(top), int(bottom)), (int(left), int(right))))
    )


def _reshaped(call: Call, target: tuple[int, ...]) -> str:
    size = math.prod(call.shape)
    known = math.prod(side for side in target if side != -1)
    shape: Shape = (1, *(size // known if side == -1 else int(side) for side in target))
    name = call.name
    return call.build.add(Reshape(name=name, inputs=call.inputs, output=name, shape=shape))


def _reshape(call: Call) -> str:
    return _reshaped(call, tuple(call.layer.target_shape))


def _reshape_operation(call: Call) -> str:
    target = tuple(call.layer.newshape)
    call.require(target[0] in (-1, None, 1), "it reshapes the batch")
    return _reshaped(call, target[1:])


def _flatten(call: Call) -> str:
    return _reshaped(call, (-1,))


def _concatenate(call: Call) -> str:
    axis = call.layer.axis
    call.require(axis in (-1, len(call.shape) - 1), "only channels are concatenated in the normal form")
    if len(call.inputs) == 1:
        return call.inputs[0]
    name = call.name
    return call.build.add(Concat(name=name, inputs=call.inputs, output=name))


CONVERTERS: dict[str, Converter] = {
    **{f"layers.{name}": _identity for name in _IDENTITIES},
    "layers.ZeroPadding2D": _zero_padding,
    "layers.Reshape": _reshape,
    "layers.Flatten": _flatten,
    "layers.Concatenate": _concatenate,
    "ops.Reshape": _reshape_operation,
    "ops.Concatenate": _concatenate,
}

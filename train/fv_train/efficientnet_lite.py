"""EfficientNet-Lite0 from stock Keras layers: EfficientNet for devices, made to survive 8 bits.

EfficientNet-B0 (Tan and Le 2019) without squeeze-and-excite and with ReLU6 for swish; stem and head are not scaled
(tensorflow/tpu, models/official/efficientnet/lite). A block is

    x -> [expand 1x1, BN, ReLU6] -> depthwise k x k, BN, ReLU6 -> project 1x1, BN (+ x where shapes agree)

Pixels 0..255 become (x - 127.5) / 127.5 inside. Layers have the names of Keras's EfficientNetB0. Weights come from an
`.npz` of arrays `LAYER/VARIABLE` (kernel; gamma, beta, moving_mean, moving_variance), no pickles.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fv_train.carry import settle

if TYPE_CHECKING:
    import keras

# expand ratio, kernel, stride, filters, repeats of each stage: Table 1 of the paper.
_STAGES = (
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 2),
    (6, 5, 2, 40, 2),
    (6, 3, 2, 80, 3),
    (6, 5, 1, 112, 3),
    (6, 5, 2, 192, 4),
    (6, 3, 1, 320, 1),
)
_STEM, _TOP = 32, 1280
_EPSILON = 1e-3
# Numbers, none wider than float64: a structured type could make a small array large.
_MAX_ITEM_BYTES = 8


def lite0(input_size: int) -> keras.Model:
    """The network without top: (n, N, N, 3) raw pixels -> (n, N/32, N/32, 1280), random weights."""
    import keras

    inputs = keras.Input((input_size, input_size, 3))
    x = keras.layers.Rescaling(1.0 / 127.5, -1.0, name="rescaling")(inputs)
    x = _conv(x, "stem", _STEM, kernel=3, stride=2)
    for stage, (expand, kernel, stride, filters, repeats) in enumerate(_STAGES, start=1):
        for repeat in range(repeats):
            name = f"block{stage}{'abcd'[repeat]}"
            x = _block(x, name, expand, kernel, stride if repeat == 0 else 1, filters)
    x = _conv(x, "top", _TOP)
    return keras.Model(inputs, x, name="efficientnet_lite0")


def load_npz(model: keras.Model, path: Path) -> None:
    """Set every weight of `model` from the archive.

    Raises `ValueError` when the file is no such archive, or its arrays are not exactly the network's.
    """
    variables = {f"{layer.name}/{variable.name}": variable for layer in model.layers for variable in layer.weights}
    try:
        _check_npz(path, {name: tuple(variable.shape) for name, variable in variables.items()})
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as data:
            arrays = {name: data[name] for name in data.files}
    except (zipfile.BadZipFile, EOFError, AttributeError) as error:
        raise ValueError(str(error)) from error
    for name, variable in variables.items():
        variable.assign(arrays[name].astype(np.float32))
    settle(model)


def _check_npz(path: Path, shapes: dict[str, tuple[int, ...]]) -> None:
    """Raise `ValueError` unless the archive's headers name exactly these arrays: before anything is allocated for them.

    NumPy takes the memory for whatever shape a header claims, and unpacks a member before it looks at its shape.
    """
    with zipfile.ZipFile(path) as archive:
        found = {member.filename.removesuffix(".npy"): member for member in archive.infolist()}
        differing = sorted(set(found) ^ set(shapes))
        if differing:
            raise ValueError(f"{len(differing)} arrays do not fit, the first is {differing[0]}")
        for name, shape in shapes.items():
            with archive.open(found[name]) as stream:
                if np.lib.format.read_magic(stream) != (1, 0):
                    raise ValueError(f"{name} is no array of numbers")
                claimed, _, dtype = np.lib.format.read_array_header_1_0(stream)
            if claimed != shape or dtype.hasobject or dtype.itemsize > _MAX_ITEM_BYTES:
                raise ValueError(f"{name} is {claimed} of {dtype}, the network has {shape}")


def _block(x: Any, name: str, expand: int, kernel: int, stride: int, filters: int) -> Any:
    import keras

    before, channels = x, x.shape[-1]
    if expand != 1:
        x = _conv(x, f"{name}_expand", channels * expand)
    x = keras.layers.DepthwiseConv2D(kernel, strides=stride, padding="same", use_bias=False, name=f"{name}_dwconv")(x)
    x = keras.layers.BatchNormalization(epsilon=_EPSILON, name=f"{name}_bn")(x)
    x = keras.layers.ReLU(6.0, name=f"{name}_relu6")(x)
    x = _conv(x, f"{name}_project", filters, activate=False)
    return keras.layers.Add(name=f"{name}_add")([x, before]) if stride == 1 and channels == filters else x


def _conv(x: Any, name: str, filters: int, *, kernel: int = 1, stride: int = 1, activate: bool = True) -> Any:
    import keras

    x = keras.layers.Conv2D(filters, kernel, strides=stride, padding="same", use_bias=False, name=f"{name}_conv")(x)
    x = keras.layers.BatchNormalization(epsilon=_EPSILON, name=f"{name}_bn")(x)
    return keras.layers.ReLU(6.0, name=f"{name}_relu6")(x) if activate else x

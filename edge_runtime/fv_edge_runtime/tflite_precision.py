"""What the layers of a TFLite file with weights compute in, and the scales that they compute with.

The weights' type is that of the constant behind DEQUANTIZE, which is how float16 weights and unpacked 8-bit ones are
stored.
"""

from __future__ import annotations

from collections.abc import Iterator

from fv_edge_runtime.precision import Precision
from fv_edge_runtime.scales import Product, Scaled
from fv_edge_runtime.tflite_file import NO_TENSOR, Operator, TfliteFile
from fv_edge_runtime.tflite_names import type_name

# Operator -> (which input is the map, which are the weights).
WEIGHTED = {
    "CONV_2D": (0, 1),
    "DEPTHWISE_CONV_2D": (0, 1),
    "FULLY_CONNECTED": (0, 1),
    "TRANSPOSE_CONV": (2, 1),
    "CONV_3D": (0, 1),
}


def precisions(model: TfliteFile) -> Iterator[Precision]:
    """One for each layer with weights, in order. Not sound ones are left out."""
    origins = {
        operator.outputs[0]: operator.inputs[0]
        for operator in model.operators
        if operator.name == "DEQUANTIZE" and operator.inputs and operator.outputs
    }
    for _, source, kernel in _weighted(model):
        stored = origins.get(kernel, kernel)
        if model.tensors[stored].constant_bytes == 0 and model.tensors[kernel].constant_bytes == 0:
            # Computed weights: a product of two activations.
            continue
        yield Precision(type_name(model.tensors[stored].type_code), type_name(model.tensors[source].type_code))


def products(model: TfliteFile) -> Iterator[Product]:
    """The scales of the layers that compute in integers."""
    for operator, source, kernel in _weighted(model):
        if not operator.outputs:
            continue
        read, weights, written = (model.tensors[index] for index in (source, kernel, operator.outputs[0]))
        if len(read.scale) == 1 and weights.scale and len(written.scale) == 1:
            yield Product(written.name, read.scale[0], weights.scale, written.scale[0])


def scaled_tensors(model: TfliteFile) -> Iterator[Scaled]:
    """Every tensor with a scale."""
    for tensor in model.tensors:
        if tensor.scale:
            yield Scaled(
                name=tensor.name,
                dtype=type_name(tensor.type_code),
                is_constant=tensor.constant_bytes > 0,
                axis=tensor.axis if len(tensor.scale) > 1 else None,
                scales=tensor.scale,
                zero_points=tensor.zero_point,
            )


def _weighted(model: TfliteFile) -> Iterator[tuple[Operator, int, int]]:
    for operator in model.operators:
        places = WEIGHTED.get(operator.name)
        if places is None or len(operator.inputs) <= max(places):
            continue
        source, kernel = (operator.inputs[place] for place in places)
        if NO_TENSOR not in (source, kernel):
            yield operator, source, kernel

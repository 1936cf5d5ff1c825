"""The annotation: every tensor and weight in integers, after the TensorFlow Lite 8-bit quantization specification.

    tensors, 8 bits     scale = (high - low) / 255, zero_point = ceil(-128 - low / scale): 0 is exact, low inside
    tensors, 16 bits    scale = max(|low|, |high|) / 32767, zero_point = 0
    kernels             scale_c = max|w_c| / 127 for each output channel c, zero_point 0, integers in [-127, 127]
    biases              scale_c = s_in * s_kernel_c: integers of 32 bits (64 with 16-bit activations)

The kernels multiply by r = s_in * s_kernel / s_out, or s_in / s_out. XNNPACK refuses nodes with r >= 256, convolutions
with r < 2^-32, and sums with r < 2^-10 (its operators/*-nc.c and binary-elementwise-nd.c). Where a dead channel or a
vanishing tensor would leave these limits, its scale is raised: that costs precision only where there is nothing to be
precise about.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fv_export.errors import NotQuantizable
from fv_export.graph import (
    Activation,
    Add,
    Affine,
    Annotation,
    Conv,
    Dense,
    DepthwiseConv,
    Floats,
    Function,
    Graph,
    Mean,
    Mul,
    Node,
    Quantized,
    Weights,
)
from fv_export.ranges import Range, groups, settled, stored_as_float
from fv_export.schemes import SCHEMES
from fv_export.ties import moved_off_ties

_LINEAR = (Conv, DepthwiseConv, Dense)
BITS = {"int8": 8, "int16": 16}
# What XNNPACK's 8-bit kernels take (see the module), a factor of 2 inside the ends.
_LARGEST_RATIO = 128.0
_SMALLEST_KERNEL_RATIO = 2.0**-31
_SMALLEST_TERM = 2.0**-9
# A bias may use half of int32; the other half is left to the sum of products. int64 is never reached.
_LARGEST_BIAS = {8: 2.0**30, 16: 2.0**62}
# A range narrower than this share of the widest in the graph holds nothing that can be told from 0.
_NARROWEST = 2.0**-24
# So little above an integer, steps below 0 are that integer: what is left of a division in float32 is no step.
ROUNDED_UP_FROM = 1e-3
# What LOGISTIC and TANH write, by their kernels: (scale, zero point) for 8 and 16 bits.
_FIXED: dict[Function, dict[int, tuple[float, int]]] = {
    Function.SIGMOID: {8: (1 / 256, -128), 16: (1 / 32768, 0)},
    Function.HARD_SIGMOID: {8: (1 / 256, -128), 16: (1 / 32768, 0)},
    Function.TANH: {8: (1 / 128, 0), 16: (1 / 32768, 0)},
}


def annotate(graph: Graph, ranges: dict[str, Range], scheme: str, *, off_ties: bool = True) -> Annotation:
    """Quantize `graph` by a scheme of `SCHEMES` that has integer weights.

    `ranges`: (low, high) of every tensor, as `calibrate.observe` gives them; not read where activations stay float.
    `off_ties` False: scales exactly as the ranges give them, for ranges that are to learn (else: `ties`).
    Raises `NotQuantizable` where two tensors would have to share what their kernels fix differently.
    """
    activations = SCHEMES[scheme].activations
    if activations == "float":
        return Annotation(tensors={}, weights=_weights_alone(graph), float_tensors={})
    bits = BITS[activations]
    tensors = quantized_tensors(graph, ranges, bits)
    if off_ties:
        tensors = moved_off_ties(graph, tensors, {tensor for tensor, _ in _fixed(graph, bits)})
    weights = {node.name: _weights(node, tensors, bits) for node in graph.nodes if isinstance(node, _LINEAR)}
    return Annotation(tensors=tensors, weights=weights, float_tensors=dict(stored_as_float(graph)))


def quantized_tensors(graph: Graph, ranges: dict[str, Range], bits: int) -> dict[str, Quantized]:
    """The integers of every tensor that is stored in `bits`; arguments and errors as in `annotate`."""
    floats = dict(stored_as_float(graph))
    tensors = _tensors(graph, settled(graph, ranges, bits), bits)
    return _within_kernel_limits(graph, {name: found for name, found in tensors.items() if name not in floats})


def weight_quantization(node: Conv | DepthwiseConv | Dense) -> tuple[NDArray[np.int8], Quantized]:
    """A kernel's integers, shaped as the kernel, and their scales: one an output channel, symmetric."""
    largest = _largest_by_channel(node)
    return _rounded(node, _sound_scale(largest / 127.0))


def asymmetric(low: float, high: float) -> Quantized:
    """8 bits for [low, high], which must contain 0; 0 is exact, and `low` is held (`_zero_point`)."""
    scale = (high - low) / 255.0
    return _per_tensor(8, scale, _zero_point(-low / scale))


def _zero_point(steps_below: float) -> int:
    """The zero point of 8 bits that leaves so many steps below 0, rounded up.

    Not to the nearest: ranges in front of a hard-swish begin at -3, where all smaller values lie, up to two thirds of a
    tensor. With one step too few all of them become -2.9, and each is answered by a little where it should be by 0.
    """
    return int(np.clip(-128 + np.ceil(steps_below - ROUNDED_UP_FROM), -128, 127))


def symmetric16(low: float, high: float) -> Quantized:
    """16 bits for [low, high] with zero point 0."""
    return _per_tensor(16, max(abs(low), abs(high)) / 32767.0, 0)


def _per_tensor(bits: int, scale: float, zero_point: int) -> Quantized:
    # The files hold float32 scales; rounding here makes the simulation compute with the same.
    return Quantized(bits, np.array([np.float32(scale)], np.float64), np.array([zero_point], np.int64))


def _tensors(graph: Graph, ranges: dict[str, Range], bits: int) -> dict[str, Quantized]:
    widest = max(high - low for low, high in ranges.values())
    fixed = dict(_fixed(graph, bits))
    tensors = {}
    for tensor, (low, high) in ranges.items():
        wide = (low, max(high, low + widest * _NARROWEST))
        tensors[tensor] = fixed.get(tensor) or (asymmetric(*wide) if bits == 8 else symmetric16(*wide))
    for group in groups(graph):
        demands = [fixed[tensor] for tensor in group if tensor in fixed]
        if len({(float(demand.scale[0]), int(demand.zero_point[0])) for demand in demands}) > 1:
            raise NotQuantizable(
                f"the tensors {', '.join(group)} must have one scale",
                why="functions with different fixed scales are concatenated or pooled together",
                hint="export this model with --dynamic or --fp16",
            )
        if demands:
            _refuse_overflow(group, ranges[group[0]], demands[0])
            tensors.update(dict.fromkeys(group, demands[0]))
    return tensors


def _fixed(graph: Graph, bits: int) -> Iterator[tuple[str, Quantized]]:
    """What the input and the outputs of LOGISTIC and TANH must be."""
    yield graph.input, _per_tensor(8, 1.0, -128) if bits == 8 else symmetric16(0.0, 255.0)
    for node in graph.nodes:
        if isinstance(node, Activation) and node.function in _FIXED:
            yield node.output, _per_tensor(bits, *_FIXED[node.function][bits])


def _refuse_overflow(group: tuple[str, ...], values: Range, demand: Quantized) -> None:
    low, high = ((limit - int(demand.zero_point[0])) * float(demand.scale[0]) for limit in demand.limits)
    step = float(demand.scale[0])
    if values[0] < low - step or values[1] > high + step:
        raise NotQuantizable(
            f"the tensors {', '.join(group)} must have one scale",
            why=f"one is fixed to [{low:.3g}, {high:.3g}] by its kernel and another reaches {values}",
            hint="export this model with --dynamic or --fp16",
        )


def _within_kernel_limits(graph: Graph, tensors: dict[str, Quantized]) -> dict[str, Quantized]:
    """Raise the scale of tensors that are so narrow beside those around them that no kernel takes the ratio."""
    tensors = dict(tensors)
    same = {tensor: group for group in groups(graph) for tensor in group}
    kept = dict(_fixed(graph, 8))

    def raise_to(tensor: str, smallest: float) -> None:
        group = same.get(tensor, (tensor,))
        if float(tensors[tensor].scale[0]) < smallest and not any(member in kept for member in group):
            tensors.update(dict.fromkeys(group, _rescaled(tensors[tensor], smallest)))

    for node in graph.nodes:
        if node.output in tensors:
            raise_to(node.output, _largest_product(node, tensors) / _LARGEST_RATIO)
            if isinstance(node, Add):
                for tensor in node.inputs:
                    raise_to(tensor, float(tensors[node.output].scale[0]) * _SMALLEST_TERM)
    return tensors


def _largest_product(node: Node, tensors: dict[str, Quantized]) -> float:
    """The largest scale of what is summed before the result is scaled to the output's."""
    if not isinstance(node, (*_LINEAR, Add, Mul, Affine, Mean)):
        return 0.0
    scales = [float(tensors[tensor].scale[0]) for tensor in node.inputs]
    if isinstance(node, _LINEAR):
        return scales[0] * float(_largest_by_channel(node).max()) / 127.0
    if isinstance(node, Mul):
        return scales[0] * scales[1]
    return max(scales) * (float(np.abs(node.scale).max()) if isinstance(node, Affine) else 1.0)


def _rescaled(quantized: Quantized, scale: float) -> Quantized:
    """The same zero in wider steps, keeping the sides that are used."""
    if quantized.bits == 16:
        return _per_tensor(16, scale, 0)
    used_below = (int(quantized.zero_point[0]) + 128) * float(quantized.scale[0]) / scale
    return _per_tensor(8, scale, _zero_point(used_below))


def _weights(node: Conv | DepthwiseConv | Dense, tensors: dict[str, Quantized], bits: int) -> Weights:
    s_in = float(tensors[node.inputs[0]].scale[0])
    s_out = float(tensors[node.output].scale[0]) if node.output in tensors else s_in
    bias = node.bias.astype(np.float64)
    smallest = np.maximum(np.abs(bias) / (s_in * _LARGEST_BIAS[bits]), _SMALLEST_KERNEL_RATIO * s_out / s_in)
    scale = np.maximum(_sound_scale(_largest_by_channel(node) / 127.0), smallest)
    kernel, quantized = _rounded(node, scale)
    return Weights(kernel, quantized, np.rint(bias / (s_in * quantized.scale)).astype(np.int64))


def _weights_alone(graph: Graph) -> dict[str, Weights]:
    """Integer kernels for a file whose activations are float; its biases are the nodes' own, so none is given."""
    found = {}
    for node in graph.nodes:
        if isinstance(node, _LINEAR):
            kernel, scale = weight_quantization(node)
            found[node.name] = Weights(kernel, scale, np.zeros(0, np.int64))
    return found


def _rounded(node: Conv | DepthwiseConv | Dense, scale: NDArray[np.float64]) -> tuple[NDArray[np.int8], Quantized]:
    scale = scale.astype(np.float32).astype(np.float64)
    by_channel = scale.reshape(node.kernel.shape[2:]) if isinstance(node, DepthwiseConv) else scale
    integers = np.clip(np.rint(node.kernel / by_channel), -127, 127).astype(np.int8)
    return integers, Quantized(8, scale, np.zeros(scale.size, np.int64), axis=-1)


def _largest_by_channel(node: Conv | DepthwiseConv | Dense) -> NDArray[np.float64]:
    """(c_out,): the largest magnitude in each output channel's kernel."""
    outputs = 2 if isinstance(node, DepthwiseConv) else 1
    axes = tuple(range(node.kernel.ndim - outputs))
    return np.asarray(np.abs(node.kernel.astype(np.float64)).max(axis=axes).ravel())


def _sound_scale(scale: NDArray[np.float64]) -> NDArray[np.float64]:
    """Dead channels get a 2^24th of the kernel's largest scale, a kernel of zeros the scale 1: any would do for 0."""
    largest = float(scale.max())
    return np.maximum(scale, largest * _NARROWEST) if largest > 0 else np.ones_like(scale)


def dequantized(node: Conv | DepthwiseConv | Dense, weights: Weights, s_in: float) -> Conv | DepthwiseConv | Dense:
    """The node with the weights that its integers stand for; `s_in`: scale of its input."""
    scale = weights.kernel_scale.scale
    by_channel = scale.reshape(node.kernel.shape[2:]) if isinstance(node, DepthwiseConv) else scale
    bias: Floats = node.bias if weights.bias.size == 0 else (weights.bias * (s_in * scale)).astype(np.float32)
    return replace(node, kernel=(weights.kernel * by_channel).astype(np.float32), bias=bias)

"""What the runtimes' 8-bit kernels compute, to the bit, where it differs from rounding the real result.

Linear nodes (XNNPACK's `qs8-qc8w` kernels, onnxruntime's QLinearConv and QGemm)
    acc = sum_k (q_x - z_x) q_w + bias          int32, exact in any order
    y   = rint(float32(acc) * m)                m = float32(s_x) * float32(s_w) / float32(s_y), ties to even

Products and sums in TFLite (XNNPACK's `qs8-vmul`, `qs8-vadd`)
    y   = rint(float32(a b) * float32(s_a s_b / s_y))
    y   = (a m_a + b m_b + 2^(k-1)) >> k        m = rint(2^k s / s_y), k such that the larger m has 21 bits

The second is also relu6(x + 3), whose constant is 127 steps of 3 / 127: at x = 0 it stands 2e-7 below the tie of 127.5.
onnxruntime adds and multiplies in float32, as everything else here.

Integers travel in float32, which holds sums below 2^24: reached only where 518 products in one window are all the
largest there can be. Summing real numbers in float32 instead sends three values in a million to the neighbouring step,
one in every second picture of a MobileNetV3; from there on two networks drift apart (docs/findings.md).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from keras import ops

from fv_export.execute import Compute
from fv_export.graph import Add, Affine, Annotation, Conv, Dense, DepthwiseConv, Fused, Mul, Node, Quantized
from fv_export.operations import run_node

Linear = Conv | DepthwiseConv | Dense
# Values of the inputs in steps from their zero -> the result in steps, before it is clipped to 8 bits.
Kernel = Callable[[Sequence[Any]], Any]

# What a fused activation lets through.
_ENDS = {Fused.NONE: (-math.inf, math.inf), Fused.RELU: (0.0, math.inf), Fused.RELU6: (0.0, 6.0)}
# Bits of the larger factor behind the first one, and the integer of an added constant (`write.tflite.affine`).
_FACTOR_BITS, _CONSTANT = 20, 127


def as_kernels(annotation: Annotation, file_format: str) -> Compute:
    """Runs a node on the real values of its inputs, between 8-bit tensors as the kernels of `file_format` do."""
    known: dict[str, Kernel | None] = {}

    def compute(node: Node, inputs: Sequence[Any]) -> Any:
        if node.name not in known:
            known[node.name] = _kernel(node, annotation, file_format)
        kernel = known[node.name]
        if kernel is None:
            return run_node(node, inputs)
        scales = [np.float32(annotation.tensors[tensor].scale[0]) for tensor in node.inputs]
        steps = [ops.round(value / scale) for value, scale in zip(inputs, scales, strict=True)]
        step_out = annotation.tensors[node.output].scale[0]
        low, high = (np.float32(np.rint(end / step_out)) for end in _ENDS[getattr(node, "fused", Fused.NONE)])
        return ops.clip(kernel(steps), low, high) * np.float32(step_out)

    return compute


def _kernel(node: Node, annotation: Annotation, file_format: str) -> Kernel | None:
    """The kernel of a node, None where rounding the real result is as good."""
    found = [annotation.tensors.get(tensor) for tensor in (*node.inputs, node.output)]
    tensors = [quantized for quantized in found if quantized is not None and quantized.bits == 8]
    if len(tensors) < len(found):
        return None
    if isinstance(node, Linear) and node.name in annotation.weights:
        return _linear(node, annotation)
    if file_format != "tflite":
        return None
    scales, step_out = [_scale(quantized) for quantized in tensors[:-1]], _scale(tensors[-1])
    if isinstance(node, Mul):
        factor = np.float32(scales[0] * scales[1] / step_out)
        return lambda steps: ops.round(steps[0] * steps[1] * factor)
    if isinstance(node, Add):
        return _sum(scales, step_out)
    if isinstance(node, Affine) and (node.scale == 1).all() and (node.shift == node.shift[0]).all() and node.shift[0]:
        number = float(node.shift[0])
        add = _sum([*scales, np.float32(abs(number) / _CONSTANT)], step_out)
        constant = np.float32(math.copysign(_CONSTANT, number))
        return lambda steps: add([*steps, constant])
    return None


def _linear(node: Linear, annotation: Annotation) -> Kernel:
    weights = annotation.weights[node.name]
    step_in, step_out = (_scale(annotation.tensors[tensor]) for tensor in (node.inputs[0], node.output))
    factor = np.asarray(step_in * weights.kernel_scale.scale.astype(np.float32) / step_out, np.float32)
    bias = weights.bias.astype(np.float64)
    kernel, nothing = weights.kernel.astype(np.float32), np.zeros_like(node.bias)
    integers = replace(node, kernel=kernel, bias=nothing, fused=Fused.NONE)

    def compute(steps: Sequence[Any]) -> Any:
        # A bias may have more than 24 bits; the kernel rounds the whole sum when it leaves int32.
        total = ops.cast(ops.cast(run_node(integers, steps), "float64") + bias, "float32")
        return ops.round(total * factor)

    return compute


def _sum(scales: Sequence[np.float32], step_out: np.float32) -> Kernel:
    ratios = [float(np.float32(scale / step_out)) for scale in scales]
    shift = _FACTOR_BITS - (math.frexp(max(ratios))[1] - 1)
    factors = [float(np.rint(math.ldexp(ratio, shift))) for ratio in ratios]
    half, whole = math.ldexp(1.0, shift - 1), math.ldexp(1.0, shift)

    def compute(steps: Sequence[Any]) -> Any:
        total = half + sum(ops.cast(value, "float64") * factor for value, factor in zip(steps, factors, strict=True))
        return ops.cast(ops.floor(total / whole), "float32")

    return compute


def _scale(quantized: Quantized) -> np.float32:
    return np.float32(quantized.scale[0])

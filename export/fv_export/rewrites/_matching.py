"""What several rewrites ask of a graph."""

from __future__ import annotations

import numpy as np

from fv_export.graph import Activation, Affine, Clip, Conv, Dense, DepthwiseConv, Floats, Function, Fused, Graph, Node

# Nodes with a kernel: linear in their input, up to the fused activation.
Linear = Conv | DepthwiseConv | Dense
LINEAR = (Conv, DepthwiseConv, Dense)

# 1/6 as float32 and 0.16667 in somebody's code both mean a sixth; a float32 factor is known to 6e-8.
_FACTOR_TOLERANCE = 1e-5


def sole_consumer(graph: Graph, tensor: str) -> Node | None:
    """The only node that reads `tensor`; None where there are more or none, or where it is the output."""
    consumers = graph.consumers(tensor)
    return consumers[0] if len(consumers) == 1 and tensor != graph.output else None


def fresh(graph: Graph, stem: str) -> str:
    """`stem`, or `stem_2`, ...: a name that is neither a node's nor a tensor's."""
    taken = set(graph.shapes) | {node.name for node in graph.nodes}
    candidate, number = stem, 1
    while candidate in taken:
        number += 1
        candidate = f"{stem}_{number}"
    return candidate


def is_affine(node: Node | None, scale: float, shift: float) -> bool:
    """Whether it is x * scale + shift for these two numbers, with nothing fused."""
    return (
        isinstance(node, Affine)
        and node.fused is Fused.NONE
        and np.allclose(node.scale, scale, rtol=_FACTOR_TOLERANCE, atol=0)
        and np.allclose(node.shift, shift, rtol=_FACTOR_TOLERANCE, atol=_FACTOR_TOLERANCE)
    )


def fusible_activation(node: Node | None) -> Fused | None:
    """RELU or RELU6 for a node that is just that, however it is written; else None."""
    if isinstance(node, Activation):
        return {Function.RELU: Fused.RELU, Function.RELU6: Fused.RELU6}.get(node.function)
    if isinstance(node, Clip) and node.low == 0.0:
        return {float("inf"): Fused.RELU, 6.0: Fused.RELU6}.get(node.high)
    return None


def scaled_outputs(node: Linear, scale: Floats) -> Floats:
    """The kernel with each output channel multiplied."""
    if isinstance(node, DepthwiseConv):
        return np.asarray(node.kernel * scale.reshape(node.kernel.shape[2:]), np.float32)
    return np.asarray(node.kernel * scale, np.float32)


def scaled_inputs(node: Linear, scale: Floats) -> Floats:
    """The kernel with each input channel multiplied: the last axis but one of all three kinds."""
    return np.asarray(node.kernel * scale[:, None], np.float32)


def response_to_constant(node: Linear, shift: Floats) -> Floats:
    """What the kernel gives, without bias, where every input pixel is `shift` (c_in,): (c_out,)."""
    kernel = node.kernel.astype(np.float64)
    if isinstance(node, DepthwiseConv):
        total = (kernel.sum(axis=(0, 1)) * shift[:, None]).ravel()
    elif isinstance(node, Conv):
        total = shift.astype(np.float64) @ kernel.sum(axis=(0, 1))
    else:
        total = shift.astype(np.float64) @ kernel
    return np.asarray(total, np.float32)


def has_padding(node: Linear) -> bool:
    """Whether it reads zeros from beyond the border."""
    return not isinstance(node, Dense) and any(side for pair in node.padding for side in pair)

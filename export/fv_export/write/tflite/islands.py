"""Which nodes compute in integers, and why the others do not.

A node computes in integers where all that it reads and writes is annotated with one width, its weights are quantized,
and the runtime has a kernel of that width. Every other node is a float island: DEQUANTIZE in front, QUANTIZE behind.
The softmax is float by design, and no island.
"""

from __future__ import annotations

from fv_export.graph import (
    Activation,
    Annotation,
    Conv,
    Dense,
    DepthwiseConv,
    Function,
    Graph,
    Node,
    Pool,
    PoolKind,
    Softmax,
)
from fv_export.write.tflite.context import Window
from fv_export.write.tflite.padding import Rule

# Element-wise functions without an int16 kernel in TensorFlow Lite (kernels/activations.cc, gelu.cc, elementwise.cc).
_NO_INT16 = frozenset({Function.HARD_SWISH, Function.ELU, Function.GELU})


def islands(graph: Graph, annotation: Annotation) -> dict[str, str]:
    """Tensor -> why it is computed in float, for every tensor that the file does not compute in integers.

    Tensors behind the annotated part count too (a float tensor needs a reason wherever it is), except the softmax's.
    """
    reasons = {node.output: _reason(node, graph, annotation) for node in graph.nodes if not isinstance(node, Softmax)}
    return {tensor: reason for tensor, reason in reasons.items() if reason}


def computes_in_integers(node: Node, graph: Graph, annotation: Annotation | None) -> bool:
    """Whether the file computes `node` in integers."""
    return annotation is not None and not isinstance(node, Softmax) and not _reason(node, graph, annotation)


def _reason(node: Node, graph: Graph, annotation: Annotation) -> str:
    """Why `node` is computed in float; empty where it is not."""
    for tensor in (node.output, *node.inputs):
        if tensor not in annotation.tensors:
            why = annotation.float_tensors.get(tensor, "it has no range")
            return why if tensor == node.output else f"it reads {tensor}, which is float: {why}"
    widths = {annotation.tensors[tensor].bits for tensor in (*node.inputs, node.output)}
    if len(widths) > 1:
        return f"no kernel reads and writes {' and '.join(str(bits) for bits in sorted(widths))} bits"
    if isinstance(node, Conv | DepthwiseConv | Dense) and node.name not in annotation.weights:
        return "its weights are not quantized"
    return _without_kernel(node, graph, widths.pop())


def _without_kernel(node: Node, graph: Graph, bits: int) -> str:
    if isinstance(node, Activation):
        if bits == 16 and node.function in _NO_INT16:
            return f"TensorFlow Lite has no int16 kernel for {node.function}"
        if node.function is Function.ELU and node.alpha != 1.0:
            return "TensorFlow Lite's integer ELU has no factor"
    if isinstance(node, Pool) and node.kind is PoolKind.AVERAGE:
        rule = Window(node.window, node.strides, node.padding).rule(graph.shapes[node.inputs[0]])
        if rule is Rule.PAD:
            return "TensorFlow Lite has no average pool with this padding"
    return ""

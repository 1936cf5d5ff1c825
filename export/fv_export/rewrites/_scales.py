"""Where a constant factor can go.

A factor a > 0 that is the same for all channels passes through every node that is homogeneous in the input that
carries it: f(a x) = a f(x). Through a sum it passes where the other operand can be divided by it, that is, where a
kernel makes it for this sum alone: a x + (W y + b) = a (x + (W/a) y + b/a). It ends in the kernel of a linear
node: W (a x) = (a W) x.
"""

from __future__ import annotations

from fv_export.graph import Add, Affine, Fused, Graph, Mean, Mul, Node, Pad, Pool, Reshape
from fv_export.rewrites._matching import LINEAR, Linear, sole_consumer


def passes(graph: Graph, node: Node, tensor: str) -> bool:
    """Whether a positive factor of `tensor` comes out as a factor of what `node` writes."""
    if isinstance(node, Add):
        return node.fused is not Fused.RELU6 and other_operand(graph, node, tensor) is not None
    return isinstance(node, (Mean, Reshape, Pool, Pad)) or (isinstance(node, Mul) and node.fused is not Fused.RELU6)


def other_operand(graph: Graph, node: Add, tensor: str) -> Linear | Affine | None:
    """The node with weights that makes what `node` adds to `tensor`, where a factor can be put into it."""
    others = [other for other in node.inputs if other != tensor]
    before = graph.producer(others[0]) if len(others) == 1 else None
    if not isinstance(before, (*LINEAR, Affine)) or before.fused is Fused.RELU6:
        return None
    return before if sole_consumer(graph, before.output) is node else None


def stopped_by(graph: Graph, tensor: str) -> str | None:
    """Why a factor on `tensor` cannot end in kernels on every path; None where it can."""
    if tensor == graph.output:
        return f"{tensor} is the output"
    for node in graph.consumers(tensor):
        if isinstance(node, LINEAR):
            continue
        if not passes(graph, node, tensor):
            return f"{type(node).__name__} {node.name} stands between it and the next kernel"
        reason = stopped_by(graph, node.output)
        if reason:
            return reason
    return None

"""What every lowering is given: the emitter, the shapes, the integers of the weights, the format of float weights.

A lowering is a function (context, node, inputs, target) -> Value. Its inputs have been converted to the formats that it
computes in: all float32 and `target` None, or all integers of the width of `target`. It writes its result in the format
`target`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ai_edge_litert import schema_py_generated as schema

from fv_export.graph import Fused, Node, Padding, Quantized, Shape, Weights
from fv_export.write.tflite.emitter import Emitter, Value
from fv_export.write.tflite.padding import Rule, rule_for

FUSED = {
    Fused.NONE: schema.ActivationFunctionType.NONE,
    Fused.RELU: schema.ActivationFunctionType.RELU,
    Fused.RELU6: schema.ActivationFunctionType.RELU6,
}
PADDING = {Rule.SAME: schema.Padding.SAME, Rule.VALID: schema.Padding.VALID, Rule.PAD: schema.Padding.VALID}


class FloatWeights(StrEnum):
    """How the weights of a node that computes in float are stored; see `weights`."""

    FLOAT32 = "float32"
    FLOAT16 = "float16"
    DYNAMIC = "dynamic"
    WIDENED = "widened"


@dataclass(frozen=True)
class Context:
    """`shapes`: graph tensor -> shape. `weights`: node -> integers.

    `float_weights`: how the weights of a node that computes in float are stored.
    """

    emitter: Emitter
    shapes: dict[str, Shape]
    weights: dict[str, Weights]
    float_weights: FloatWeights

    def out(self, node: Node, target: Quantized | None) -> Value:
        """The tensor that `node` writes, under its name and with its shape."""
        return self.emitter.activation(node.output, self.shapes[node.output], target)


Lowering = Callable[[Context, Any, Sequence[Value], Quantized | None], Value]


@dataclass(frozen=True)
class Window:
    """A sliding window: its size, strides and dilation in rows and columns, and the padding of the map under it."""

    size: tuple[int, int]
    strides: tuple[int, int]
    padding: Padding
    dilation: tuple[int, int] = (1, 1)

    def rule(self, shape: Shape) -> Rule:
        """How TFLite can say the padding for a map of `shape` (1, H, W, C)."""
        return rule_for(self.padding, (shape[1], shape[2]), self.size, self.strides, self.dilation)

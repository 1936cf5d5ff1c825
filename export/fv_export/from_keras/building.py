"""What a converter is given (`Call`) and what it builds into (`Builder`)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fv_export.errors import UnsupportedLayer
from fv_export.graph import Affine, Floats, Graph, Node, Shape
from fv_export.shapes import built, shape_of

WAY_OUT = "fv export FILE --fp32 --format tflite --via-converter"

_NOT_IN_NAMES = re.compile(r"[^0-9A-Za-z_.-]+")


class Builder:
    """Collects nodes in order; each writes a tensor that carries the node's own name."""

    def __init__(self, input_name: str, input_shape: Shape) -> None:
        self.input_name = input_name
        self.shapes: dict[str, Shape] = {input_name: input_shape}
        self._nodes: list[Node] = []

    def name(self, stem: str) -> str:
        """`stem` in letters that every format takes, made unique with a number."""
        clean = _NOT_IN_NAMES.sub("_", stem).strip("_") or "tensor"
        candidate, number = clean, 1
        while candidate in self.shapes:
            candidate, number = f"{clean}_{number}", number + 1
        return candidate

    def add(self, node: Node) -> str:
        """Append `node`; returns the tensor that it writes."""
        self.shapes[node.output] = shape_of(node, [self.shapes[tensor] for tensor in node.inputs])
        self._nodes.append(node)
        return node.output

    def affine(self, stem: str, tensor: str, scale: Floats | float, shift: Floats | float) -> str:
        """Append tensor * scale + shift, either a number or one a channel."""
        name = self.name(stem)
        channels = self.shapes[tensor][-1]
        return self.add(
            Affine(
                name=name,
                inputs=(tensor,),
                output=name,
                scale=np.broadcast_to(np.asarray(scale, np.float32), (channels,)).copy(),
                shift=np.broadcast_to(np.asarray(shift, np.float32), (channels,)).copy(),
            )
        )

    def graph(self, name: str, output: str) -> Graph:
        """The graph of what was added."""
        return built(name, self.input_name, self.shapes[self.input_name], output, self._nodes)


@dataclass(frozen=True)
class TensorName:
    """Stands in a `Call`'s arguments where Keras has a symbolic tensor."""

    name: str


@dataclass(frozen=True)
class Call:
    """One use of a Keras layer or operation.

    `layer`: the Keras object. `inputs`: the tensors it reads, in order. `arguments`: all it was called with, in order,
    with `TensorName` for tensors and plain values for constants.
    """

    layer: Any
    inputs: tuple[str, ...]
    arguments: tuple[Any, ...]
    build: Builder

    @property
    def name(self) -> str:
        """A fresh node name after the layer's own."""
        return self.build.name(self.layer.name)

    @property
    def shape(self) -> Shape:
        """Shape of the first input."""
        return self.build.shapes[self.inputs[0]]

    def weights(self, attribute: str) -> NDArray[np.float32]:
        """A weight of the layer as float32."""
        return as_floats(getattr(self.layer, attribute))

    def require(self, condition: bool, why: str) -> None:
        """Raise `UnsupportedLayer` with the reason when `condition` does not hold."""
        if not condition:
            raise unsupported(self.layer, why)


Converter = Callable[[Call], str]


def as_floats(value: Any) -> NDArray[np.float32]:
    """A Keras variable, tensor or number as a float32 array."""
    value = getattr(value, "value", value)
    if callable(getattr(value, "numpy", None)):
        value = value.numpy()
    return np.asarray(value, dtype=np.float32)


def unsupported(layer: Any, why: str) -> UnsupportedLayer:
    """The error for a layer that cannot be converted."""
    return UnsupportedLayer(
        f"layer {layer.name!r} of type {type(layer).__name__} cannot be exported with quantization",
        why=why,
        hint=WAY_OUT,
    )

"""From the output of a Keras model back to its input, then forward through the converters.

The history of each symbolic tensor (operation, number of the call) says which *use* of a layer made it: so a layer that
is used twice, or was called again after the model was built (Keras then adds inbound nodes), is read right, and
`keras.ops` nodes such as `x + 3.0`, which `model.layers` leaves out, are found. A model inside a model is
walked in its place. A layer's kind is its exact class: a subclass may compute anything.
"""

from __future__ import annotations

from typing import Any

import keras

from fv_export.errors import UnsupportedModel
from fv_export.from_keras import activations, convolutions, merges, normalizations, pools, reshapes
from fv_export.from_keras.building import WAY_OUT, Builder, Call, Converter, TensorName, unsupported
from fv_export.graph import Graph, Shape

_CONVERTERS: dict[str, Converter] = {
    **activations.CONVERTERS,
    **convolutions.CONVERTERS,
    **merges.CONVERTERS,
    **normalizations.CONVERTERS,
    **pools.CONVERTERS,
    **reshapes.CONVERTERS,
}

_INPUT = "image"


def supported_layers() -> list[str]:
    """Names of the Keras layers and operations that the normal form takes, sorted: `layers.Conv2D`, `ops.Add`."""
    return sorted(_CONVERTERS)


def graph_of(model: keras.Model, name: str, input_range: tuple[float, float] = (0.0, 255.0)) -> Graph:
    """The normal form of a functional or Sequential classifier: input (None, H, W, 3), output (None, C).

    `input_range`: what the model itself expects for pixel values 0 and 255; where that is something else, the graph
    begins with the mapping, so that files always take raw RGB bytes.
    Raises `UnsupportedLayer` or `UnsupportedModel`, naming the layer and the way out.
    """
    if not _is_functional(model) or len(model.inputs) != 1 or len(model.outputs) != 1:
        raise UnsupportedModel(
            f"the model {name!r} cannot be exported with quantization",
            why="it is not a functional or Sequential model with one input and one output",
            hint=WAY_OUT,
        )
    build = Builder(_INPUT, _static(model.inputs[0].shape, name))
    tensor = _INPUT
    low, high = input_range
    if (low, high) != (0.0, 255.0):
        tensor = build.affine("input_range", tensor, (high - low) / 255.0, low)
    (output,) = _converted(model, [tensor], build)
    return build.graph(name, output)


def _static(shape: Any, name: str) -> Shape:
    sizes = tuple(shape[1:])
    if len(sizes) != 3 or any(size is None for size in sizes):
        raise UnsupportedModel(
            f"the model {name!r} has no fixed picture size",
            why=f"its input has the shape {tuple(shape)}",
            hint="build it with input_shape=(height, width, 3)",
        )
    return (1, *(int(size) for size in sizes))


def _is_functional(operation: Any) -> bool:
    """Whether it is a model made of layers, not of code of its own."""
    return type(operation).__module__.startswith("keras.src.models.") and hasattr(operation, "outputs")


def _converted(model: Any, inputs: list[str], build: Builder) -> list[str]:
    """Convert every call between the model's inputs, which are the tensors `inputs`, and its outputs."""
    names = {id(tensor): name for tensor, name in zip(model.inputs, inputs, strict=True)}
    for node in _calls_in_order(model):
        for tensor, name in zip(node.output_tensors, _convert_call(node, names, build), strict=True):
            names[id(tensor)] = name
    return [names[id(tensor)] for tensor in model.outputs]


def _calls_in_order(model: Any) -> list[Any]:
    """The inbound nodes between the model's inputs and outputs, each after those it reads (depth first, no recursion:
    networks are deeper than Python's stack)."""
    done: set[int] = {id(tensor) for tensor in model.inputs}
    order: list[Any] = []
    stack = list(reversed(model.outputs))
    while stack:
        tensor = stack[-1]
        if id(tensor) in done:
            stack.pop()
            continue
        operation, call_index, _ = tensor._keras_history
        node = operation._inbound_nodes[call_index]
        waiting = [other for other in node.input_tensors if id(other) not in done]
        if waiting:
            stack.extend(reversed(waiting))
            continue
        order.append(node)
        done.update(id(output) for output in node.output_tensors)
    return order


def _convert_call(node: Any, names: dict[int, str], build: Builder) -> list[str]:
    operation = node.operation
    inputs = tuple(names[id(tensor)] for tensor in node.input_tensors)
    if _is_functional(operation):
        return _converted(operation, list(inputs), build)
    converter = _CONVERTERS.get(_kind(operation))
    if converter is None:
        raise unsupported(operation, "this kind of layer has no entry in the normal form")
    arguments = tuple(_argument(value, names) for value in _flat(node.arguments))
    return [converter(Call(layer=operation, inputs=inputs, arguments=arguments, build=build))]


def _flat(arguments: Any) -> list[Any]:
    named = [value for key, value in arguments.kwargs.items() if key not in ("mask", "training")]
    return [*arguments.args, *named]


def _argument(value: Any, names: dict[int, str]) -> Any:
    return TensorName(names[id(value)]) if id(value) in names else value


def _kind(operation: Any) -> str:
    """`layers.Conv2D` or `ops.Add`; empty for a class that is not Keras's own."""
    cls = type(operation)
    if getattr(keras.layers, cls.__name__, None) is cls:
        return f"layers.{cls.__name__}"
    return f"ops.{cls.__name__}" if cls.__module__.startswith("keras.src.ops.") else ""

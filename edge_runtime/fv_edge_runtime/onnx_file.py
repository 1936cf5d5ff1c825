"""What stands in an ONNX file, read without a runtime and without the onnx package.

Field numbers are those of onnx/onnx.proto (IR version 13 as of onnx 1.23). Weights are measured, not copied; small
constants (shapes, scales, zero points) can be read (`onnx_values`).
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass, field, replace
from pathlib import Path

from fv_edge_runtime._protobuf import Field, Message, damaged, integers, text
from fv_edge_runtime.errors import UnsupportedModel
from fv_edge_runtime.model_path import read_model

# TensorProto.DataType: number -> (name as in NumPy where NumPy has it, bits of one element).
TYPES = {
    1: ("float32", 32),
    2: ("uint8", 8),
    3: ("int8", 8),
    4: ("uint16", 16),
    5: ("int16", 16),
    6: ("int32", 32),
    7: ("int64", 64),
    8: ("string", 0),
    9: ("bool", 8),
    10: ("float16", 16),
    11: ("float64", 64),
    12: ("uint32", 32),
    13: ("uint64", 64),
    16: ("bfloat16", 16),
    21: ("uint4", 4),
    22: ("int4", 4),
}
# Subgraphs of If, Loop and Scan inside one another; published classifiers have none.
MAX_DEPTH = 8
_EXTERNAL = 1


@dataclass(frozen=True)
class Value:
    """An input or output: `shape` has a number for a fixed size and -1 for a free one; None where it is not said."""

    name: str
    dtype: str
    shape: tuple[int, ...] | None


Attribute = int | float | str | tuple[int, ...]


@dataclass(frozen=True)
class Node:
    """One node; `domain` is empty for the standard operators. `attributes`: those that are numbers or text."""

    operator: str
    domain: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Attribute] = field(default_factory=dict, compare=False)
    in_branch: bool = False


@dataclass(frozen=True)
class Constant:
    """A weight that is stored in the file; `data`: its raw bytes, or (field number, bytes) of its typed fields."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    size_bytes: int
    data: tuple[Field, ...] = field(default=(), repr=False, compare=False)


@dataclass
class OnnxFile:
    """The main graph, and what the file says of itself. `opsets`: domain -> version."""

    producer: str = ""
    opsets: dict[str, int] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    inputs: list[Value] = field(default_factory=list)
    outputs: list[Value] = field(default_factory=list)
    values: list[Value] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)
    constants: dict[str, Constant] = field(default_factory=dict)


def read_onnx(path: Path) -> OnnxFile:
    """Read and check the file.

    Raises `MissingPath`, `BadModelFile` for what is not ONNX, `UnsupportedModel` for weights in other files.
    """
    model = Message(read_model(path))
    found = OnnxFile()
    graphs = 0
    for entry in model.fields():
        if entry.number == 2:
            found.producer = text(entry)
        elif entry.number == 7:
            graphs += 1
            _read_graph(model.child(entry), found, depth=0)
        elif entry.number == 8:
            domain, version = _opset(model.child(entry))
            found.opsets[domain] = version
        elif entry.number == 14:
            key, value = _pair(model.child(entry))
            found.metadata[key] = value
    if graphs != 1 or not found.nodes:
        raise damaged("it has no graph")
    return found


def read_metadata(path: Path) -> dict[str, str]:
    """Only `metadata_props`: the graph is skipped by its length. Raises as `read_onnx`."""
    model = Message(read_model(path))
    return dict(_pair(model.child(entry)) for entry in model.fields() if entry.number == 14)


def _read_graph(graph: Message, found: OnnxFile, depth: int) -> None:
    """Read a graph into `found`; of the graphs inside If and Loop the nodes and constants, not the inputs."""
    if depth > MAX_DEPTH:
        raise damaged(f"graphs stand inside one another more than {MAX_DEPTH} deep")
    for entry in graph.fields():
        if entry.number == 1:
            _read_node(graph.child(entry), found, depth)
        elif entry.number == 5:
            constant = _constant(graph.child(entry))
            found.constants[constant.name] = constant
        elif depth == 0 and entry.number in (11, 12, 13):
            values = {11: found.inputs, 12: found.outputs, 13: found.values}[entry.number]
            values.append(_value(graph.child(entry)))


def _read_node(node: Message, found: OnnxFile, depth: int) -> None:
    inputs: list[str] = []
    outputs: list[str] = []
    attributes: dict[str, Attribute] = {}
    constants: list[Constant] = []
    operator = domain = ""
    for entry in node.fields():
        if entry.number == 1:
            inputs.append(text(entry))
        elif entry.number == 2:
            outputs.append(text(entry))
        elif entry.number == 4:
            operator = text(entry)
        elif entry.number == 7:
            domain = text(entry)
        elif entry.number == 5:
            _read_attribute(node.child(entry), found, depth, attributes, constants)
    found.nodes.append(Node(operator, domain, tuple(inputs), tuple(outputs), attributes, in_branch=depth > 0))
    if operator == "Constant" and len(constants) == len(outputs) == 1:
        found.constants[outputs[0]] = replace(constants[0], name=outputs[0])


def _read_attribute(
    attribute: Message, found: OnnxFile, depth: int, attributes: dict[str, Attribute], constants: list[Constant]
) -> None:
    name, listed = "", list[int]()
    for entry in attribute.fields():
        if entry.number == 1:
            name = text(entry)
        elif entry.number in (6, 11):
            _read_graph(attribute.child(entry), found, depth + 1)
        elif entry.number in (5, 10):
            constants.append(_constant(attribute.child(entry)))
        elif entry.number == 2 and len(entry.data) == 4:
            attributes[name] = float(struct.unpack("<f", entry.data)[0])
        elif entry.number == 3:
            attributes[name] = next(integers(entry), 0)
        elif entry.number == 4:
            attributes[name] = bytes(entry.data).decode("utf-8", errors="replace")
        elif entry.number == 8:
            listed.extend(integers(entry))
    if listed:
        attributes[name] = tuple(listed)


def _constant(tensor: Message) -> Constant:
    dims: list[int] = []
    name, type_code, size_bytes, is_external = "", 0, 0, False
    data: list[Field] = []
    for entry in tensor.fields():
        if entry.number == 1:
            dims.extend(integers(entry))
        elif entry.number == 2:
            type_code = entry.integer
        elif entry.number == 8:
            name = text(entry)
        elif entry.number in (4, 5, 6, 7, 9, 10, 11):
            # raw_data, or one of the typed fields, whose varints are longer or shorter than the elements.
            size_bytes += max(len(entry.data), 1)
            data.append(entry)
        elif entry.number == 14:
            is_external = entry.integer == _EXTERNAL
    dtype, bits = TYPES.get(type_code, (f"type_{type_code}", 0))
    if is_external:
        raise UnsupportedModel(
            f"the weights {name!r} are not in the file",
            why="they are said to stand in another file, and fv opens no other file than the one it is given",
            hint="save the model with its weights inside (onnx.save without external data)",
        )
    if any(size < 0 for size in dims) or (size_bytes == 0 and bits and math.prod(dims) > 0):
        raise damaged(f"the weights {name!r} of shape {tuple(dims)} have no data")
    return Constant(name, dtype, tuple(dims), size_bytes, tuple(data))


def _value(message: Message) -> Value:
    name, dtype, shape = "", "unknown", None
    for entry in message.fields():
        if entry.number == 1:
            name = text(entry)
        elif entry.number == 2:
            dtype, shape = _tensor_type(message.child(entry))
    return Value(name, dtype, shape)


def _tensor_type(message: Message) -> tuple[str, tuple[int, ...] | None]:
    """TypeProto: of a tensor its element type and shape; other types (sequences, maps) by their number."""
    for entry in message.fields():
        if entry.number != 1:
            return f"kind_{entry.number}", None
        tensor = message.child(entry)
        dtype, shape = "unknown", None
        for part in tensor.fields():
            if part.number == 1:
                dtype = TYPES.get(part.integer, (f"type_{part.integer}", 0))[0]
            elif part.number == 2:
                dims = tensor.child(part)
                shape = tuple(_dimension(dims.child(dim)) for dim in dims.fields() if dim.number == 1)
        return dtype, shape
    return "unknown", None


def _dimension(message: Message) -> int:
    """A fixed size, or -1 for a name or nothing."""
    return next((next(integers(entry)) for entry in message.fields() if entry.number == 1), -1)


def _opset(message: Message) -> tuple[str, int]:
    domain, version = "", 0
    for entry in message.fields():
        if entry.number == 1:
            domain = text(entry)
        elif entry.number == 2:
            version = entry.integer
    return domain, version


def _pair(message: Message) -> tuple[str, str]:
    """StringStringEntryProto: key and value."""
    fields: dict[int, Field] = {entry.number: entry for entry in message.fields()}
    return (text(fields[1]) if 1 in fields else "", text(fields[2]) if 2 in fields else "")

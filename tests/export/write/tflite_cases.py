"""Graphs of one node, and what is needed to write, run and judge them.

Each graph begins with x = (pixel - 128) / 32. On the format 1/32 (int8) or 1/4096 (int16) that is exact, so the only
difference between a file and the float reference is the rounding of the node under test.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from numpy.typing import NDArray

from fv_core.manifest import Manifest
from fv_core.preprocess import Preprocess
from fv_export.graph import (
    Activation,
    Add,
    Affine,
    Annotation,
    Clip,
    Concat,
    Conv,
    Dense,
    DepthwiseConv,
    Function,
    Fused,
    Graph,
    Mean,
    Mul,
    Node,
    Pad,
    Pool,
    PoolKind,
    Quantized,
    Reshape,
    Softmax,
    Weights,
)

ROWS, COLUMNS, CHANNELS = 9, 8, 3
PICTURES = 4
STEPS = {8: 1 / 32, 16: 1 / 4096}
# Formats that the runtime's kernels fix for these functions.
FIXED = {
    (Function.SIGMOID, 8): (1 / 256, -128),
    (Function.TANH, 8): (1 / 128, 0),
    (Function.SIGMOID, 16): (1 / 32768, 0),
    (Function.TANH, 16): (1 / 32768, 0),
}


@dataclass(frozen=True)
class Case:
    """`nodes` read `x` (and `y`) and write `out`; `steps`: allowed difference in steps of the output's format."""

    nodes: tuple[Node, ...]
    shapes: dict[str, tuple[int, ...]]
    steps: float = 1.0


def _random(*shape: int) -> NDArray[np.float32]:
    return np.random.default_rng(7).normal(0, 0.5, shape).astype(np.float32)


def _one(node: Node, shape: tuple[int, ...] = (1, ROWS, COLUMNS, CHANNELS), steps: float = 1.0) -> Case:
    return Case((node,), {"out": shape}, steps)


def _activation(function: Function, alpha: float = 0.0, steps: float = 1.0) -> Case:
    return _one(Activation(name="node", inputs=("x",), output="out", function=function, alpha=alpha), steps=steps)


def _conv(strides: tuple[int, int], padding: Any, out: tuple[int, int], **more: Any) -> Case:
    node = Conv(
        name="node", inputs=("x",), output="out", kernel=_random(3, 3, CHANNELS, 5), bias=_random(5), strides=strides,
        padding=padding, **more,
    )  # fmt: skip
    return _one(node, (1, *out, 5))


def _depthwise(multiplier: int, strides: tuple[int, int], padding: Any, out: tuple[int, int], **more: Any) -> Case:
    kernel, bias = _random(3, 3, CHANNELS, multiplier), _random(CHANNELS * multiplier)
    node = DepthwiseConv(
        name="node", inputs=("x",), output="out", kernel=kernel, bias=bias, strides=strides, padding=padding, **more
    )
    return _one(node, (1, *out, CHANNELS * multiplier))


def _pool(kind: PoolKind, padding: Any, out: tuple[int, int]) -> Case:
    node = Pool(name="node", inputs=("x",), output="out", kind=kind, window=(3, 3), strides=(2, 2), padding=padding)
    return _one(node, (1, *out, CHANNELS))


def _affine(scale: Any, shift: Any, fused: Fused = Fused.NONE) -> Case:
    scale = np.broadcast_to(np.asarray(scale, np.float32), CHANNELS)
    shift = np.broadcast_to(np.asarray(shift, np.float32), CHANNELS)
    return _one(Affine(name="node", inputs=("x",), output="out", scale=scale, shift=shift, fused=fused))


def _vector(node: Node, *, steps: float = 1.0) -> Case:
    flat = ROWS * COLUMNS * CHANNELS
    reshape = Reshape(name="flat", inputs=("x",), output="flat", shape=(1, flat))
    width = node.kernel.shape[1] if isinstance(node, Dense) else flat
    return Case((reshape, replace(node, inputs=("flat",))), {"flat": (1, flat), "out": (1, width)}, steps)


_FLAT = ROWS * COLUMNS * CHANNELS
_MAP = (1, ROWS, COLUMNS, CHANNELS)
# 9 x 8 pixels, window 3: TensorFlow's SAME is ((1, 1), (1, 1)) at stride 1 and ((1, 1), (0, 1)) at stride 2.
CASES: dict[str, Case] = {
    "conv_valid": _conv((1, 1), ((0, 0), (0, 0)), (7, 6)),
    "conv_same": _conv((1, 1), ((1, 1), (1, 1)), (9, 8), fused=Fused.RELU),
    "conv_same_stride_2": _conv((2, 2), ((1, 1), (0, 1)), (5, 4), fused=Fused.RELU6),
    "conv_other_padding": _conv((2, 2), ((0, 1), (1, 0)), (4, 4)),
    "conv_dilated": _conv((1, 1), ((2, 2), (2, 2)), (9, 8), dilation=(2, 2)),
    "depthwise_valid": _depthwise(1, (1, 1), ((0, 0), (0, 0)), (7, 6)),
    "depthwise_same_stride_2": _depthwise(1, (2, 2), ((1, 1), (0, 1)), (5, 4), fused=Fused.RELU6),
    "depthwise_multiplier": _depthwise(2, (1, 1), ((1, 1), (1, 1)), (9, 8)),
    "depthwise_other_padding": _depthwise(1, (2, 2), ((1, 0), (1, 0)), (4, 4)),
    "depthwise_dilated": _depthwise(1, (1, 1), ((2, 2), (2, 2)), (9, 8), dilation=(2, 2)),
    "dense": _vector(Dense(name="node", inputs=(), output="out", kernel=_random(_FLAT, 6), bias=_random(6))),
    "dense_relu": _vector(
        Dense(name="node", inputs=(), output="out", kernel=_random(_FLAT, 6), bias=_random(6), fused=Fused.RELU)
    ),
    "affine": _affine((0.5, -2.0, 1.5), (1.0, 0.25, -3.0)),
    "affine_dead_channel": _affine((0.5, 0.0, 1.5), (1.0, 0.0, 0.0), Fused.RELU),
    "affine_constant_channel": _affine((0.5, 0.0, 1e-6), (1.0, 3.0, 2.0)),
    "affine_shift": _affine(1.0, 3.0, Fused.RELU6),
    "affine_scale": _affine(1 / 6, 0.0),
    "affine_nothing": _affine(1.0, 0.0),
    "affine_vector": _vector(
        Affine(name="node", inputs=(), output="out", scale=_random(_FLAT) + 1, shift=_random(_FLAT))
    ),
    "add": _one(Add(name="node", inputs=("x", "y"), output="out", fused=Fused.RELU)),
    "add_itself": _one(Add(name="node", inputs=("x", "x"), output="out")),
    "mul": _one(Mul(name="node", inputs=("x", "y"), output="out")),
    "mul_gate": Case(
        (
            Pool(name="gate", inputs=("x",), output="gate", kind=PoolKind.MAX, window=(ROWS, COLUMNS), strides=(1, 1)),
            Mul(name="node", inputs=("y", "gate"), output="out"),
        ),
        {"gate": (1, 1, 1, CHANNELS), "out": _MAP},
    ),
    "mean": _one(Mean(name="node", inputs=("x",), output="out", keep_dims=False), (1, CHANNELS)),
    "mean_kept": _one(Mean(name="node", inputs=("x",), output="out", keep_dims=True), (1, 1, 1, CHANNELS)),
    "max_pool": _pool(PoolKind.MAX, ((1, 1), (0, 1)), (5, 4)),
    "max_pool_other_padding": _pool(PoolKind.MAX, ((0, 1), (1, 0)), (4, 4)),
    "average_pool": _pool(PoolKind.AVERAGE, ((1, 1), (0, 1)), (5, 4)),
    "average_pool_valid": _pool(PoolKind.AVERAGE, ((0, 0), (0, 0)), (4, 3)),
    "average_pool_other_padding": _pool(PoolKind.AVERAGE, ((0, 1), (1, 0)), (4, 4)),
    "pad": _one(
        Pad(name="node", inputs=("x",), output="out", padding=((1, 2), (0, 3))), (1, ROWS + 3, COLUMNS + 3, CHANNELS)
    ),
    "clip": _one(Clip(name="node", inputs=("x",), output="out", low=-1.5, high=2.5)),
    "clip_one_side": _one(Clip(name="node", inputs=("x",), output="out", low=-math.inf, high=2.0)),
    "clip_unit": _one(Clip(name="node", inputs=("x",), output="out", low=-1.0, high=1.0)),
    "concat": _one(Concat(name="node", inputs=("x", "y"), output="out"), (1, ROWS, COLUMNS, 2 * CHANNELS)),
    "relu": _activation(Function.RELU),
    "relu6": _activation(Function.RELU6),
    "sigmoid": _activation(Function.SIGMOID),
    "tanh": _activation(Function.TANH),
    "hard_swish": _activation(Function.HARD_SWISH),
    # Two and three roundings, one after the other.
    "silu": _activation(Function.SILU, steps=2.0),
    "hard_sigmoid": _activation(Function.HARD_SIGMOID, steps=2.0),
    "leaky_relu": _activation(Function.LEAKY_RELU, 0.2),
    "elu": _activation(Function.ELU, 1.0),
    "elu_factor": _activation(Function.ELU, 0.5),
    "gelu": _activation(Function.GELU),
}


def graph_of(case: Case) -> Graph:
    """image -> x (and y = (pixel - 96) / 64, exact on 1/64) -> the nodes of the case -> out."""
    stem = Affine(name="stem", inputs=("pixels",), output="x", scale=_full(1 / 32), shift=_full(-4))
    nodes: list[Node] = [stem]
    shapes = {"pixels": _MAP, "x": _MAP, **case.shapes}
    if any("y" in node.inputs for node in case.nodes):
        nodes.append(Affine(name="stem_y", inputs=("pixels",), output="y", scale=_full(1 / 64), shift=_full(-1.5)))
        shapes["y"] = _MAP
    graph = Graph("case", "pixels", "out", (*nodes, *case.nodes), shapes)
    graph.check()
    return graph


def with_softmax(graph: Graph) -> Graph:
    """The graph, its vector output followed by a softmax."""
    node = Softmax(name="softmax", inputs=(graph.output,), output="softmax")
    shapes = {**graph.shapes, "softmax": graph.shapes[graph.output]}
    return replace(graph, nodes=(*graph.nodes, node), shapes=shapes, output="softmax")


def _full(value: float) -> NDArray[np.float32]:
    return np.full(CHANNELS, value, np.float32)


def pictures(size: tuple[int, int] = (ROWS, COLUMNS), channels: int = CHANNELS, n: int = PICTURES) -> NDArray[np.uint8]:
    """(n, rows, columns, channels) random bytes; the first two pixels are 0 and 255."""
    batch = np.random.default_rng(3).integers(0, 256, (n, *size, channels), dtype=np.uint8)
    batch[:, 0, 0], batch[:, 0, 1] = 0, 255
    return batch


def annotated(graph: Graph, ranges: dict[str, tuple[float, float]], bits: int) -> Annotation:
    """Plain min-max formats; exact ones for the stem. Tensors that only move values share their source's format."""
    tensors = {graph.input: _format(8, 1.0, -128) if bits == 8 else _format(16, 1 / 64, 0)}
    for node in graph.nodes:
        if isinstance(node, Softmax):
            continue
        fixed = FIXED.get((node.function, bits)) if isinstance(node, Activation) else None
        if isinstance(node, Pad | Pool | Reshape):
            tensors[node.output] = tensors[node.inputs[0]]
        elif node.name == "stem":
            tensors["x"] = _format(bits, STEPS[bits], 0)
        elif node.name == "stem_y":
            tensors["y"] = _format(bits, 1 / 64, -32) if bits == 8 else _format(16, 1 / 4096, 0)
        else:
            tensors[node.output] = _format(bits, *fixed) if fixed else _around(bits, *ranges[node.output])
    weights = {
        node.name: _integers(node, float(tensors[node.inputs[0]].scale[0]))
        for node in graph.nodes
        if isinstance(node, Conv | DepthwiseConv | Dense)
    }
    return Annotation(tensors, weights)


def dequantized(graph: Graph, annotation: Annotation) -> Graph:
    """The float graph that has the annotation's weights: what the file would answer without rounding activations."""
    return replace(graph, nodes=tuple(_with_weights(node, graph, annotation) for node in graph.nodes))


def _with_weights(node: Node, graph: Graph, annotation: Annotation) -> Node:
    if not isinstance(node, Conv | DepthwiseConv | Dense):
        return node
    weights = annotation.weights[node.name]
    scale = weights.kernel_scale.scale
    flat = weights.kernel.reshape(-1, scale.size) * scale
    bias = weights.bias * scale * annotation.tensors[node.inputs[0]].scale[0]
    return replace(node, kernel=flat.reshape(node.kernel.shape).astype(np.float32), bias=bias.astype(np.float32))


def _format(bits: int, scale: float, zero_point: int) -> Quantized:
    return Quantized(bits, np.array([scale]), np.array([zero_point]))


def _around(bits: int, low: float, high: float) -> Quantized:
    low, high = min(low, 0.0), max(high, 0.0)
    if bits == 16:
        return _format(16, max(-low, high) / 32767, 0)
    scale = (high - low) / 255
    return _format(8, scale, round(-128 - low / scale))


def _integers(node: Conv | DepthwiseConv | Dense, step: float) -> Weights:
    flat = node.kernel.reshape(-1, node.bias.size)
    scale = np.abs(flat).max(axis=0).astype(np.float64) / 127
    kernel = np.rint(flat / scale).astype(np.int8).reshape(node.kernel.shape)
    bias = np.rint(node.bias / (scale * step)).astype(np.int64)
    return Weights(kernel, Quantized(8, scale, np.zeros(scale.size, np.int64), -1), bias)


def manifest(scheme: str, labels: tuple[str, ...] = ("one", "two")) -> Manifest:
    """A manifest with nothing measured in it."""
    return Manifest(
        name="case",
        scheme=scheme,
        format="tflite",
        labels=labels,
        labels_from="file",
        preprocess=Preprocess(store_size=8, crop_fraction=1.0, input_size=8),
        source_sha256="0" * 64,
        versions={},
    )


class Loaded:
    """A file in the interpreter, with XNNPACK (the runtime's default) or on the built-in kernels alone."""

    def __init__(self, data: bytes, *, delegate: bool = True) -> None:
        resolver = OpResolverType.AUTO if delegate else OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
        self.interpreter: Any = Interpreter(model_content=data, num_threads=1, experimental_op_resolver_type=resolver)
        self.interpreter.allocate_tensors()
        (self.input,) = self.interpreter.get_input_details()
        (self.output,) = self.interpreter.get_output_details()

    def run(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(n, ...) pictures -> (n, ...) what the file answers, one at a time."""
        answers = []
        for picture in batch:
            self.interpreter.set_tensor(self.input["index"], picture[None].astype(self.input["dtype"]))
            self.interpreter.invoke()
            answers.append(self.interpreter.get_tensor(self.output["index"])[0].copy())
        return np.stack(answers)

    def operators(self) -> list[str]:
        """Names of the operators, in the file's order; DELEGATE once for each partition."""
        return [entry["op_name"] for entry in self.interpreter._get_ops_details()]

    def partitions(self) -> int:
        """Number of parts that the delegate runs."""
        return self.operators().count("DELEGATE")

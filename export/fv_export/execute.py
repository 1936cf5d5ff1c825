"""Run the normal form, as Keras operations, so that every rewrite and range can be checked on real pictures.

A graph is written for batch 1; here the leading 1 of its shapes is any number of pictures. Zero padding is made before
the convolution, which is then without padding.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from fv_export.graph import (
    NO_PADDING,
    Activation,
    Add,
    Affine,
    Clip,
    Concat,
    Conv,
    Dense,
    DepthwiseConv,
    Floats,
    Function,
    Fused,
    Graph,
    Mean,
    Mul,
    Node,
    Pad,
    Padding,
    Pool,
    PoolKind,
    Reshape,
    Softmax,
)

# Sixteen pictures of 224 pixels keep the widest maps of an EfficientNet-B0 under 100 MB.
_PICTURES_AT_ONCE = 16

# (name of a tensor, its value on the backend) -> the value that its readers see.
Stored = Callable[[str, Any], Any]


class Executor:
    """A graph made ready to run many times.

    `wanted`: names of the tensors to return; only what they need is computed. `stored`: what becomes of a tensor's
    value when it is stored, by its name; simulation rounds there. None: nothing.
    """

    def __init__(self, graph: Graph, wanted: Sequence[str], stored: Stored | None = None) -> None:
        unknown = [tensor for tensor in wanted if tensor not in graph.shapes]
        if unknown:
            raise ValueError(f"no such tensors: {unknown}")
        self._input_shape = graph.shapes[graph.input][1:]
        self._wanted = tuple(dict.fromkeys(wanted))
        self._function = _compiled(_forward(graph, self._wanted, stored or _as_it_is), self._input_shape)

    def __call__(self, batch: Floats) -> dict[str, Floats]:
        """batch: (n, H, W, C), 0 to 255. Returns {tensor: (n, ...) float32}."""
        if batch.shape[1:] != self._input_shape:
            raise ValueError(f"pictures of shape {batch.shape[1:]}, not {self._input_shape}")
        results = self._function(np.ascontiguousarray(batch, np.float32))
        return {tensor: ops.convert_to_numpy(value) for tensor, value in zip(self._wanted, results, strict=True)}


def run(graph: Graph, batch: Floats, wanted: Sequence[str] | None = None) -> dict[str, Floats]:
    """Run pictures (n, H, W, C), 0 to 255, through the graph; returns {tensor: (n, ...) float32}.

    `wanted`: tensor names, the graph's output where None. Pictures go through a few at a time, so that memory is
    bounded by what is returned.
    """
    executor = Executor(graph, (graph.output,) if wanted is None else wanted)
    parts = [executor(batch[i : i + _PICTURES_AT_ONCE]) for i in range(0, len(batch), _PICTURES_AT_ONCE)]
    return {tensor: np.concatenate([part[tensor] for part in parts]) for tensor in parts[0]}


def run_node(node: Node, inputs: Sequence[Any]) -> Any:
    """One node on a batch, as a tensor of the Keras backend."""
    return _KINDS[type(node)](node, *inputs)


def needed(graph: Graph, wanted: Sequence[str]) -> list[Node]:
    """The nodes that the tensors `wanted` are made of, in order."""
    live, kept = set(wanted), []
    for node in reversed(graph.nodes):
        if node.output in live:
            kept.append(node)
            live.update(node.inputs)
    return kept[::-1]


def _as_it_is(tensor: str, value: Any) -> Any:
    return value


def _forward(graph: Graph, wanted: tuple[str, ...], stored: Stored) -> Callable[[Any], list[Any]]:
    nodes = needed(graph, wanted)
    last_use = {tensor: node.name for node in nodes for tensor in node.inputs}

    def forward(batch: Any) -> list[Any]:
        values = {graph.input: stored(graph.input, batch)}
        for node in nodes:
            values[node.output] = stored(node.output, run_node(node, [values[tensor] for tensor in node.inputs]))
            for tensor in node.inputs:
                if last_use[tensor] == node.name and tensor not in wanted:
                    values.pop(tensor, None)
        return [values[tensor] for tensor in wanted]

    return forward


def _compiled(forward: Callable[[Any], list[Any]], input_shape: tuple[int, ...]) -> Callable[[Any], list[Any]]:
    """One compiled step where the backend is TensorFlow; other backends run the operations one by one."""
    if keras.backend.backend() != "tensorflow":
        return forward
    import tensorflow as tf

    signature = [tf.TensorSpec((None, *input_shape), tf.float32)]
    compiled = tf.function(forward, input_signature=signature, autograph=False).get_concrete_function()

    def step(batch: Any) -> list[Any]:
        results: list[Any] = compiled(tf.constant(batch))
        return results

    return step


def _padded(x: Any, padding: Padding, value: float = 0.0) -> Any:
    if padding == NO_PADDING:
        return x
    return ops.pad(x, ((0, 0), *padding, (0, 0)), constant_values=value)


def _fused(x: Any, fused: Fused) -> Any:
    if fused is Fused.RELU:
        return ops.relu(x)
    return ops.relu6(x) if fused is Fused.RELU6 else x


def _conv(node: Conv, x: Any) -> Any:
    x = _padded(x, node.padding)
    x = ops.conv(x, node.kernel, node.strides, "valid", "channels_last", node.dilation)
    return _fused(x + node.bias, node.fused)


def _depthwise(node: DepthwiseConv, x: Any) -> Any:
    x = _padded(x, node.padding)
    x = ops.depthwise_conv(x, node.kernel, node.strides, "valid", "channels_last", node.dilation)
    return _fused(x + node.bias, node.fused)


def _dense(node: Dense, x: Any) -> Any:
    return _fused(ops.matmul(x, node.kernel) + node.bias, node.fused)


def _affine(node: Affine, x: Any) -> Any:
    return _fused(x * node.scale + node.shift, node.fused)


def _add(node: Add, x: Any, y: Any) -> Any:
    return _fused(x + y, node.fused)


def _mul(node: Mul, x: Any, y: Any) -> Any:
    return _fused(x * y, node.fused)


def _mean(node: Mean, x: Any) -> Any:
    return ops.mean(x, axis=(1, 2), keepdims=node.keep_dims)


def _pool(node: Pool, x: Any) -> Any:
    if node.kind is PoolKind.MAX:
        x = _padded(x, node.padding, value=float(np.finfo(np.float32).min))
        return ops.max_pool(x, node.window, node.strides, "valid", "channels_last")
    share = ops.average_pool(_padded(x, node.padding), node.window, node.strides, "valid", "channels_last")
    if node.padding == NO_PADDING:
        return share
    return share / _real_share(node, tuple(x.shape[1:3]))


def _real_share(node: Pool, size: tuple[int, ...]) -> Floats:
    """(1, rows, columns, 1): the share of each window that is not padding."""
    rows, columns = (
        np.array(
            [
                max(min(start + width, side) - max(start, 0), 0) / width
                for start in range(-before, side + after - width + 1, stride)
            ],
            np.float32,
        )
        for (before, after), side, width, stride in zip(node.padding, size, node.window, node.strides, strict=True)
    )
    return (rows[:, None] * columns[None, :])[None, :, :, None]


def _pad(node: Pad, x: Any) -> Any:
    return _padded(x, node.padding)


def _activation(node: Activation, x: Any) -> Any:
    if node.function is Function.LEAKY_RELU:
        return ops.leaky_relu(x, node.alpha)
    if node.function is Function.ELU:
        return ops.elu(x, node.alpha)
    return _FUNCTIONS[node.function](x)


def _exact_gelu(x: Any) -> Any:
    return ops.gelu(x, approximate=False)


def _clip(node: Clip, x: Any) -> Any:
    return ops.minimum(ops.maximum(x, node.low), node.high)


def _concat(node: Concat, *inputs: Any) -> Any:
    return ops.concatenate(inputs, axis=-1)


def _reshape(node: Reshape, x: Any) -> Any:
    return ops.reshape(x, (-1, *node.shape[1:]))


def _softmax(node: Softmax, x: Any) -> Any:
    return ops.softmax(x, axis=-1)


_FUNCTIONS: dict[Function, Callable[[Any], Any]] = {
    Function.RELU: ops.relu,
    Function.RELU6: ops.relu6,
    Function.HARD_SIGMOID: ops.hard_sigmoid,
    Function.HARD_SWISH: ops.hard_silu,
    Function.SIGMOID: ops.sigmoid,
    Function.SILU: ops.silu,
    Function.TANH: ops.tanh,
    Function.GELU: _exact_gelu,
}

_KINDS: dict[type[Node], Callable[..., Any]] = {
    Conv: _conv,
    DepthwiseConv: _depthwise,
    Dense: _dense,
    Affine: _affine,
    Add: _add,
    Mul: _mul,
    Mean: _mean,
    Pool: _pool,
    Pad: _pad,
    Activation: _activation,
    Clip: _clip,
    Concat: _concat,
    Reshape: _reshape,
    Softmax: _softmax,
}

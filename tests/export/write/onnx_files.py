"""Runs ONNX files in tests, and says what onnxruntime made of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

from fv_export.graph import Graph, Reshape


def as_vector(graph: Graph) -> Graph:
    """The graph, its map flattened in the normal form's memory order: a classifier's output is a vector."""
    shape = graph.shapes[graph.output]
    if len(shape) == 2:
        return graph
    flat = (1, prod(shape))
    node = Reshape(name="as_vector", inputs=(graph.output,), output="vector", shape=flat)
    return replace(graph, nodes=(*graph.nodes, node), shapes={**graph.shapes, "vector": flat}, output="vector")


class Loaded:
    """A file in onnxruntime, with the runtime's defaults and one thread."""

    def __init__(self, data: bytes, optimized: Path | None = None) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        # A saved optimized graph is for this processor only, which onnxruntime warns of.
        options.log_severity_level = 3
        if optimized is not None:
            options.optimized_model_filepath = str(optimized)
        self.session: Any = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        (self.input,) = self.session.get_inputs()
        (self.output,) = self.session.get_outputs()

    def run(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(n, H, W, 3) pictures -> (n, C) what the file answers, one at a time."""
        kind = {"tensor(float)": np.float32, "tensor(uint8)": np.uint8}[self.input.type]
        return np.concatenate([self.session.run(None, {self.input.name: p[None].astype(kind)})[0] for p in batch])


def operators(data: bytes) -> Counter[str]:
    """Operators of the file as it was written."""
    return Counter(node.op_type for node in onnx.load_from_string(data).graph.node)


def kernels(data: bytes, folder: Path) -> Counter[str]:
    """Operators that onnxruntime runs, after its optimizations."""
    path = folder / "optimized.onnx"
    Loaded(data, path)
    return Counter(node.op_type for node in onnx.load(path).graph.node)

"""What a form of a node needs beside the node itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from fv_export.graph import Graph
from fv_export.write._onnx_builder import Builder
from fv_export.write._onnx_weights import Store


@dataclass(frozen=True)
class Context:
    """The file in the making, the whole graph, and how weights are stored."""

    builder: Builder
    graph: Graph
    store: Store

    def constant(self, name: str, array: NDArray[Any]) -> str:
        """A constant of the file."""
        return self.builder.constant(name, array)

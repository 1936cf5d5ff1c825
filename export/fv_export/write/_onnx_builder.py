"""Collects the nodes and constants of one ONNX file and turns them into bytes.

Opset 17, IR version 8 (ONNX 1.12). Everything the normal form needs is there (HardSwish since 14, QuantizeLinear with
axis since 13), and onnxruntime's optimizers know these versions of Conv, Clip, HardSigmoid and GlobalAveragePool since
years: in opset 22 their versions were raised without a change for us, and an optimizer that does not list the new
number leaves such a node alone in silence. Older phone and browser builds load it too.

The same calls in the same order give the same bytes: nothing here depends on time, hashing or object identity.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

OPSET = 17
IR_VERSION = 8
INPUT = "image"
OUTPUT = "probabilities"

# Most nodes of an integer file, all fused away when it is loaded: their results have names, which say as much.
_UNNAMED = ("QuantizeLinear", "DequantizeLinear")

Attributes = dict[str, Any]


class Builder:
    """One file in the making. Values are named by strings; a name is given out once."""

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._names: set[str] = {INPUT, OUTPUT}
        self._shared: dict[tuple[str, tuple[int, ...], bytes], str] = {}

    def fresh(self, wanted: str) -> str:
        """`wanted`, or with the first free number behind it when it is taken."""
        name, number = wanted, 1
        while name in self._names:
            number += 1
            name = f"{wanted}_{number}"
        self._names.add(name)
        return name

    def constant(self, wanted: str, array: NDArray[Any]) -> str:
        """Store `array` in the file; returns its name."""
        from onnx import numpy_helper

        name = self.fresh(wanted)
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(array).reshape(array.shape), name))
        return name

    def shared(self, wanted: str, array: NDArray[Any]) -> str:
        """`constant`, but once for all callers with equal values; `wanted` names it the first time."""
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._shared:
            self._shared[key] = self.constant(wanted, array)
        return self._shared[key]

    def node(self, operator: str, inputs: Sequence[str], wanted: str, attributes: Attributes | None = None) -> str:
        """Add a node with one output; returns the output's name. The node bears the same name, or none (`_UNNAMED`)."""
        return self.nodes(operator, inputs, (wanted,), attributes)[0]

    def nodes(
        self, operator: str, inputs: Sequence[str], wanted: Iterable[str], attributes: Attributes | None = None
    ) -> tuple[str, ...]:
        """Add a node with several outputs; returns their names."""
        outputs = tuple(name if name == OUTPUT else self.fresh(name) for name in wanted)
        self._append(operator, inputs, outputs, attributes or {})
        return outputs

    def _append(self, operator: str, inputs: Sequence[str], outputs: tuple[str, ...], attributes: Attributes) -> None:
        from onnx import helper

        named = operator not in _UNNAMED
        node = helper.make_node(operator, list(inputs), list(outputs), name=outputs[0] if named else None)
        for key in sorted(attributes):
            node.attribute.append(helper.make_attribute(key, attributes[key]))
        self._nodes.append(node)

    def finish(
        self,
        name: str,
        *,
        input_shape: Sequence[int],
        input_is_bytes: bool,
        output_shape: Sequence[int],
        metadata: dict[str, str],
        version: str,
    ) -> bytes:
        """The whole file. The input is uint8 or float32, the output float32."""
        from onnx import TensorProto, helper

        kind = TensorProto.UINT8 if input_is_bytes else TensorProto.FLOAT
        graph = helper.make_graph(
            self._nodes,
            name,
            [helper.make_tensor_value_info(INPUT, kind, list(input_shape))],
            [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, list(output_shape))],
            initializer=self._constants,
        )
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            producer_name="fv",
            producer_version=version,
        )
        helper.set_model_props(model, metadata)
        data: bytes = model.SerializeToString(deterministic=True)
        return data

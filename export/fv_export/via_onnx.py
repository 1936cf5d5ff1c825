"""What tf2onnx wrote, checked and completed: names, pinned versions, the manifest inside, kernels in half precision."""

from __future__ import annotations

from typing import Any

import numpy as np

from fv_core.manifest import ONNX_KEY, Manifest
from fv_export.write._onnx_builder import INPUT, IR_VERSION, OPSET, OUTPUT
from fv_export.write._onnx_weights import fits_half

# Constants smaller than this stay in float32: scalars and biases are where rounding would hurt and gain nothing.
_SMALLEST_HALF = 1024


def finished_onnx(model: Any, manifest: Manifest, *, half: bool) -> bytes:
    """The complete file; raises `ValueError` for an operator that is not ONNX's own or a free dimension."""
    from onnx import checker, helper, shape_inference

    _check(model)
    graph = model.graph
    _rename(graph)
    graph.name = manifest.name
    graph.doc_string = model.doc_string = ""
    if half:
        _halve(graph)
    constants = sorted(graph.initializer, key=lambda constant: constant.name)
    del graph.initializer[:]
    graph.initializer.extend(constants)
    model.ir_version = IR_VERSION
    model.producer_name, model.producer_version = "fv", manifest.versions.get("fv", "")
    helper.set_model_props(model, {ONNX_KEY: manifest.to_json()})
    checker.check_model(model, full_check=True)
    _check_shapes(shape_inference.infer_shapes(model, strict_mode=True))
    data: bytes = model.SerializeToString(deterministic=True)
    return data


def _check(model: Any) -> None:
    from onnx import defs

    foreign = sorted(
        {
            node.op_type
            for node in model.graph.node
            if node.domain or not defs.has(node.op_type, max_inclusive_version=OPSET, domain="")
        }
    )
    if foreign:
        raise ValueError(f"it needs operators that are not built in: {', '.join(foreign)}")
    if len(model.graph.input) != 1 or len(model.graph.output) != 1:
        raise ValueError(f"it has {len(model.graph.input)} inputs and {len(model.graph.output)} outputs")


def _check_shapes(model: Any) -> None:
    values = [*model.graph.input, *model.graph.value_info, *model.graph.output]
    free = [
        value.name
        for value in values
        if any(not dimension.HasField("dim_value") for dimension in value.type.tensor_type.shape.dim)
    ]
    if free:
        raise ValueError(f"{len(free)} tensors have a free dimension: {', '.join(free[:3])}")


def _rename(graph: Any) -> None:
    """Number all values in the order in which the nodes meet them: tf2onnx's names count what was converted before."""
    names = {graph.input[0].name: INPUT, graph.output[0].name: OUTPUT, "": ""}
    for node in graph.node:
        for values in (node.input, node.output):
            for index, value in enumerate(values):
                values[index] = names.setdefault(value, f"value_{len(names)}")
        node.name = node.output[0]
    for value in (*graph.input, *graph.output, *graph.initializer):
        value.name = names.get(value.name, value.name)
    del graph.value_info[:]


def _halve(graph: Any) -> None:
    """Store large float constants in float16 and widen them with a Cast, which onnxruntime folds when it loads."""
    from onnx import TensorProto, helper, numpy_helper

    casts = []
    for index, constant in enumerate(graph.initializer):
        if constant.data_type != TensorProto.FLOAT:
            continue
        array = numpy_helper.to_array(constant)
        if array.size < _SMALLEST_HALF or not fits_half(array):
            continue
        name = constant.name
        graph.initializer[index].CopyFrom(numpy_helper.from_array(array.astype(np.float16), f"{name}/stored"))
        casts.append(helper.make_node("Cast", [f"{name}/stored"], [name], name=name, to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)

"""The child's side of `layer_file`: runs a model file on pictures and stores its inner tensors. Runs in a sandbox.

An ONNX file shows no inner tensors; here they are added to the outputs of a copy. Integers that a QuantizeLinear wrote
are read with that node's scale and zero point; Clip, MaxPool and Flatten move integers and keep both.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fv_edge_runtime.backends import open_session
from fv_edge_runtime.backends.litert import open_inner_litert
from fv_edge_runtime.backends.onnxruntime import open_inner_onnxruntime
from fv_edge_runtime.classifier import check_sound
from fv_edge_runtime.inner import InnerSession
from fv_edge_runtime.model_path import check_model_path
from fv_edge_runtime.session import Quantization
from fv_edge_runtime.tensors import input_form, to_input
from fv_export.errors import NotComparable

_MOVING = ("Clip", "MaxPool", "Flatten", "Reshape", "Transpose", "Relu")


def names_of(question: dict[str, Any]) -> dict[str, Any]:
    """Names and shapes of the tensors of `model`, and which of them are its input and its answer."""
    path = Path(question["model"])
    check_sound(path)
    if check_model_path(path) == "onnx":
        return _onnx_names(path)
    session = open_inner_litert(path)
    shapes = {name: list(tensor.shape) for name, tensor in session.tensors.items()}
    return {"tensors": shapes, "input": session.input_name, "output": session.output_name}


def store(question: dict[str, Any]) -> dict[str, Any]:
    """Run `model` on `inputs` (.npy, (n, H, W, 3) uint8) and store the tensors `wanted` below `folder`.

    `input_range`: what a foreign file wants 0 and 255 to be, None for raw pixels. Answers the runtime, and for each
    tensor [file name, scale or None, zero point]; each file is (n, ...) as stored.
    """
    folder, wanted = Path(question["folder"]), list(question["wanted"])
    inputs = np.load(question["inputs"], allow_pickle=False, mmap_mode="r")
    given = None if question["input_range"] is None else (question["input_range"][0], question["input_range"][1])
    plain = open_session(Path(question["model"]))
    form = input_form(plain)
    if form.size != inputs.shape[1]:
        raise NotComparable(
            "the file and the full model take pictures of other sizes",
            why=f"the file {form.size} pixels, the full model {inputs.shape[1]}",
        )
    session = _opened(Path(question["model"]), wanted, folder)
    files: dict[str, NDArray[Any]] = {}
    for number, pixels in enumerate(inputs):
        session.run(to_input(np.asarray(pixels), plain, form, given))
        for place, name in enumerate(wanted):
            value = session.value(name)
            if name not in files:
                shape = (len(inputs), *value.shape[1:])
                files[name] = np.lib.format.open_memmap(folder / f"{place}.npy", "w+", value.dtype, shape)
            files[name][number] = value[0]
    for stored in files.values():
        getattr(stored, "flush")()  # noqa: B009 - a memmap has it, its annotated type does not
    formats = {name: session.tensors[name].quantization for name in wanted}
    return {
        "runtime": session.runtime,
        "tensors": {
            name: [f"{place}.npy", *((one.scale, one.zero_point) if (one := formats[name]) else (None, 0))]
            for place, name in enumerate(wanted)
        },
    }


def _opened(path: Path, wanted: list[str], folder: Path) -> InnerSession:
    check_sound(path)
    if check_model_path(path) == "tflite":
        return open_inner_litert(path)
    import onnx

    model = onnx.load_model(os.fspath(path), load_external_data=False)
    output = model.graph.output[0].name
    known = {value.name for value in model.graph.output}
    for name in wanted:
        if name not in known:
            model.graph.output.append(onnx.ValueInfoProto(name=name))
    widened = folder / "with_outputs.onnx"
    onnx.save_model(model, os.fspath(widened))
    return open_inner_onnxruntime(widened, output, _quantizations(model, wanted))


def _onnx_names(path: Path) -> dict[str, Any]:
    from fv_edge_runtime.onnx_file import read_onnx
    from fv_edge_runtime.onnx_tensors import Tensors

    model = read_onnx(path)
    tensors = Tensors(model)
    names = [name for node in model.nodes if not node.in_branch for name in node.outputs if name]
    shapes = {name: list(tensors.get(name).shape or ()) for name in names if not tensors.get(name).is_constant}
    inputs = [value.name for value in model.inputs if value.name not in model.constants]
    return {"tensors": shapes, "input": inputs[0], "output": model.outputs[0].name}


def _quantizations(model: Any, wanted: list[str]) -> dict[str, Quantization]:
    from onnx import numpy_helper

    writers = {name: node for node in model.graph.node for name in node.output}
    constants = {one.name: one for one in model.graph.initializer}
    found = {}
    for tensor in wanted:
        node = writers.get(tensor)
        while node is not None and node.op_type in _MOVING:
            node = writers.get(node.input[0])
        if node is not None and node.op_type == "QuantizeLinear" and node.input[1] in constants:
            scale = numpy_helper.to_array(constants[node.input[1]])
            has_zero = len(node.input) > 2 and node.input[2] in constants
            zero = numpy_helper.to_array(constants[node.input[2]]) if has_zero else np.zeros(1, np.int64)
            found[tensor] = Quantization(float(scale.flat[0]), int(zero.flat[0]))
    return found

"""A classifier in the normal form, written as one complete .onnx file.

    image (1, H, W, 3)  ->  Transpose  ->  the network, channels first  ->  probabilities (1, C) float32

Nothing else moves axes, but a map that is flattened for anything but a Dense layer (`_onnx_layout`), and what stands
around the first convolution of an int8 file, which onnxruntime removes (`quads`). In a float file a Reshape
replaces the Transpose where the picture can go into its first convolution as it lies in memory (`_onnx_rows`). The
image is float32 0..255 in the float files and uint8 in the int8 file; shapes are static.

    fp32      float32 throughout
    fp16      kernels stored in float16 and widened when the file is loaded; arithmetic in float32, so it is as fast as
              fp32. Answers differ by the rounding of the kernels (2^-11 of each weight), below 1e-2 in probability
    dynamic   kernels stored in int8 by channel and widened when the file is loaded, arithmetic in float32; Dense layers
              in integers, their input quantized anew for each picture. (onnxruntime's ConvInteger, the dynamic form of
              a convolution, is several times slower than float: docs/findings.md)
    int8      every annotated tensor in integers (`_onnx_integer`)

Equal arguments give equal bytes.
"""

from __future__ import annotations

import numpy as np

from fv_core.manifest import ONNX_KEY, FloatTensor, Manifest
from fv_export.graph import Annotation, Conv, Dense, DepthwiseConv, Graph, Weights
from fv_export.schemes import Pair, check_pair
from fv_export.write._onnx_builder import INPUT, OUTPUT, Builder
from fv_export.write._onnx_context import Context
from fv_export.write._onnx_dynamic import emit_dynamic
from fv_export.write._onnx_float import emit_fused
from fv_export.write._onnx_grid import Grid
from fv_export.write._onnx_integer import IntegerWriter
from fv_export.write._onnx_integer_forms import write_node
from fv_export.write._onnx_layout import TO_CHANNELS_FIRST
from fv_export.write._onnx_rows import on_rows
from fv_export.write._onnx_sixteens import in_sixteens
from fv_export.write._onnx_weights import Folded, Fp16, Fp32, Store, fits_half

_BYTES = Grid(1.0, 0)


def write(graph: Graph, annotation: Annotation | None, scheme: str, manifest: Manifest) -> bytes:
    """The file's bytes. `annotation` is read for dynamic (weights) and int8 (everything), and not for fp32 and fp16.

    Raises `SchemeRefused` for int16x8, `UnknownName` for an unknown scheme, `ValueError` for a missing annotation or a
    graph whose input is not (1, H, W, 3) or whose output is not (1, C).
    """
    _check(graph, annotation, scheme)
    builder, _ = _written(graph, annotation, scheme)
    return builder.finish(
        graph.name,
        input_shape=graph.shapes[graph.input],
        input_is_bytes=scheme == "int8",
        output_shape=graph.shapes[graph.output],
        metadata={ONNX_KEY: manifest.to_json()},
        version=manifest.versions.get("fv", ""),
    )


def float_tensors(graph: Graph, annotation: Annotation | None, scheme: str) -> tuple[FloatTensor, ...]:
    """The tensors that the file of `scheme` leaves in floating point although the scheme has integers, and why.

    int8: results of nodes that compute in float. dynamic: results of convolutions, whose kernels alone are integers.
    fp16: kernels that half precision cannot hold. The probabilities are float in every file and not listed.
    """
    _check(graph, annotation, scheme)
    return _written(graph, annotation, scheme)[1]


def _check(graph: Graph, annotation: Annotation | None, scheme: str) -> None:
    check_pair(Pair("onnx", scheme))
    if annotation is None and scheme in ("dynamic", "int8"):
        raise ValueError(f"{scheme} needs an annotation")
    if len(graph.shapes[graph.input]) != 4 or len(graph.shapes[graph.output]) != 2:
        raise ValueError(f"not a picture classifier: {graph.shapes[graph.input]} -> {graph.shapes[graph.output]}")


def _written(graph: Graph, annotation: Annotation | None, scheme: str) -> tuple[Builder, tuple[FloatTensor, ...]]:
    builder = Builder()
    if scheme == "int8" and annotation is not None:
        return builder, _write_integer(builder, *in_sixteens(graph, annotation))
    return builder, _write_float(builder, *on_rows(graph, annotation.weights if annotation else {}), scheme)


def _write_float(builder: Builder, graph: Graph, weights: dict[str, Weights], scheme: str) -> tuple[FloatTensor, ...]:
    stores: dict[str, Store] = {
        "fp32": Fp32(builder, graph),
        "fp16": Fp16(builder, graph),
        "dynamic": Folded(builder, graph, weights),
    }
    context = Context(builder, graph, stores[scheme])
    values = {graph.input: _image(builder, graph)}
    left: list[FloatTensor] = []
    for node in graph.nodes:
        wanted = OUTPUT if node.output == graph.output else node.output
        inputs = [values[tensor] for tensor in node.inputs]
        if scheme == "dynamic" and isinstance(node, Dense) and node.name in weights:
            values[node.output] = emit_dynamic(context, node, weights[node.name], inputs[0], wanted)
            continue
        values[node.output] = emit_fused(context, node, inputs, wanted)
        if isinstance(node, (Conv, DepthwiseConv, Dense)):
            left += _left_in_float(node, scheme)
    return tuple(left)


def _left_in_float(node: Conv | DepthwiseConv | Dense, scheme: str) -> list[FloatTensor]:
    if scheme == "dynamic":
        why = "8-bit kernel, float arithmetic: onnxruntime's ConvInteger is slower than float"
        return [FloatTensor(node.output, why)]
    if scheme == "fp16" and not fits_half(node.kernel):
        return [FloatTensor(f"{node.name}/kernel", "a weight is above 65504, the largest half-precision number")]
    return []


def _image(builder: Builder, graph: Graph) -> str:
    """The picture, channels first: one channel is that already."""
    rows, columns, channels = graph.shapes[graph.input][1:]
    if channels == 1:
        shape = builder.constant(f"{graph.input}/shape", np.array((1, 1, rows, columns), np.int64))
        return builder.node("Reshape", (INPUT, shape), f"{graph.input}/channels_first")
    return builder.node("Transpose", (INPUT,), f"{graph.input}/channels_first", {"perm": list(TO_CHANNELS_FIRST)})


def _write_integer(builder: Builder, graph: Graph, annotation: Annotation) -> tuple[FloatTensor, ...]:
    writer = IntegerWriter(builder, graph, annotation)
    _take_image(writer, _image(builder, graph))
    for node in graph.nodes:
        write_node(writer, node, OUTPUT if node.output == graph.output else node.output)
    if graph.output in writer.stored:
        writer.dequantize(writer.stored[graph.output], writer.grids[graph.output], OUTPUT)
    return tuple(writer.islands)


def _take_image(writer: IntegerWriter, image: str) -> None:
    """The bytes 0..255 as the graph's input: as they are on the grid of scale 1 and zero point 0, else requantized."""
    tensor = writer.graph.input
    grid = writer.grids.get(tensor)
    if grid == _BYTES:
        writer.stored[tensor] = image
        return
    real = writer.dequantize(image, _BYTES, f"{tensor}/real")
    if grid is None:
        writer.real[tensor] = real
    else:
        writer.stored[tensor] = writer.quantize(real, grid, f"{tensor}/stored")

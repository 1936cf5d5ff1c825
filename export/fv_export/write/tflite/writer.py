"""The whole file: input, nodes in order, output, metadata.

Input      float files    `image` float32 (1, H, W, 3), 0..255
           int8           `image` uint8 (1, H, W, 3), scale 1, zero point 0, and a QUANTIZE to the annotated format
           int16x8        the same, but DEQUANTIZE and QUANTIZE: the kernel of QUANTIZE has no uint8 -> int16, and
                          int8 -> int16 is missing in tflite-runtime 2.14
Output     `probabilities` float32 (1, C)
Signature  `serving_default` with these names. Shapes are static everywhere (no shape_signature): LiteRT in the browser
           refuses a file with a free batch dimension.
"""

from __future__ import annotations

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from fv_core.manifest import FloatTensor, Manifest
from fv_export.graph import Affine, Annotation, Graph, Node, Quantized, Softmax
from fv_export.write.tflite import activations, affine, nodes
from fv_export.write.tflite.container import Container
from fv_export.write.tflite.context import Context, FloatWeights, Lowering
from fv_export.write.tflite.emitter import Emitter, Value, parameters, per_tensor
from fv_export.write.tflite.islands import computes_in_integers, islands
from fv_export.write.tflite_metadata import model_metadata, with_files

INPUT = "image"
OUTPUT = "probabilities"
_INTEGER = ("int8", "int16x8")
_FLOAT_WEIGHTS = {
    "fp16": FloatWeights.FLOAT16,
    "dynamic": FloatWeights.DYNAMIC,
    **dict.fromkeys(_INTEGER, FloatWeights.WIDENED),
}
_WITH_ANNOTATION = ("dynamic", *_INTEGER)
_WITHOUT_ANNOTATION = ("fp32", "fp16")
_BYTE = per_tensor(8, 1.0, 0)
_LOWERINGS: dict[type[Node], Lowering] = {**nodes.LOWERINGS, **activations.LOWERINGS, Affine: affine.affine}


def write(graph: Graph, annotation: Annotation | None, scheme: str, manifest: Manifest) -> bytes:
    """The bytes of a TFLite file that computes `graph`.

    `annotation` is read for dynamic (weights), int8 and int16x8 (everything), and must be None for fp32 and fp16.
    The same arguments give the same bytes. Raises `ValueError` for arguments that do not fit together,
    `LabelNotOneLine` for a label that labels.txt cannot hold.
    """
    if scheme not in _WITHOUT_ANNOTATION + _WITH_ANNOTATION:
        raise ValueError(f"no scheme {scheme} in TFLite")
    if (scheme in _WITH_ANNOTATION) != (annotation is not None):
        raise ValueError(f"{scheme} {'without' if annotation is None else 'with'} an annotation")
    weights = annotation.weights if annotation else {}
    if scheme not in _INTEGER:
        annotation = None
    container = Container(reserved=(INPUT, OUTPUT))
    emitter = Emitter(container)
    context = Context(emitter, graph.shapes, weights, _FLOAT_WEIGHTS.get(scheme, FloatWeights.FLOAT32))
    image, first = _image(emitter, graph, annotation)
    wanted = annotation.tensors.get(graph.input) if annotation else None
    values = {graph.input: emitter.converted(first, wanted, f"{graph.input}/converted")}
    for node in graph.nodes:
        formats = annotation.tensors if annotation and computes_in_integers(node, graph, annotation) else {}
        inputs = [emitter.converted(values[name], formats.get(name), f"{name}/converted") for name in node.inputs]
        out = _LOWERINGS[type(node)](context, node, inputs, formats.get(node.output))
        values[node.output] = emitter.converted(out, _wanted(node, annotation), f"{node.output}/converted")
    probabilities = emitter.converted(values[graph.output], None, OUTPUT)
    metadata = model_metadata(graph.name, manifest, graph.shapes[graph.input], integer=annotation is not None)
    data = container.finish(graph.name, {INPUT: image}, {OUTPUT: probabilities.index}, metadata)
    return with_files(data, manifest)


def float_tensors(graph: Graph, annotation: Annotation, scheme: str) -> tuple[FloatTensor, ...]:
    """The tensors that an integer file computes in float, and why; none for a scheme whose activations are float."""
    if scheme not in _INTEGER:
        return ()
    return tuple(FloatTensor(name, why) for name, why in islands(graph, annotation).items())


def _wanted(node: Node, annotation: Annotation | None) -> Quantized | None:
    """The format in which the readers of the node's output expect it; probabilities stay float."""
    return annotation.tensors.get(node.output) if annotation and not isinstance(node, Softmax) else None


def _image(emitter: Emitter, graph: Graph, annotation: Annotation | None) -> tuple[int, Value]:
    """The input tensor of the file, and the value that stands for the graph's input."""
    shape = graph.shapes[graph.input]
    if annotation is None:
        value = emitter.activation(INPUT, shape, None)
        return value.index, value
    index = emitter.container.tensor(INPUT, shape, np.uint8, parameters(_BYTE))
    image = Value(index, shape, np.dtype(np.uint8), _BYTE)
    wanted = annotation.tensors.get(graph.input)
    if wanted is not None and wanted.bits == 8:
        return index, emitter.unary("QUANTIZE", image, f"{graph.input}/int8", wanted, schema.QuantizeOptionsT())
    return index, emitter.unary("DEQUANTIZE", image, f"{graph.input}/float32", None, schema.DequantizeOptionsT())

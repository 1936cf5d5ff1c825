"""What TensorFlow's converter wrote, checked and completed: standard metadata, labels and manifest inside.

Refused are custom operators and free dimensions. The flatbuffer is unpacked and packed again with the same objects that
the direct writer packs (`write.tflite.container`), with one buffer more.
"""

from __future__ import annotations

from typing import Any

import flatbuffers
import numpy as np

from fv_core.manifest import Manifest
from fv_export.write.tflite.container import IDENTIFIER, METADATA_NAME
from fv_export.write.tflite_metadata import model_metadata, with_files


def finished_tflite(data: bytes, manifest: Manifest) -> bytes:
    """The complete file; raises `ValueError` for a custom operator or a free dimension."""
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(data, 0)
    _check(model, schema)
    (subgraph,) = model.subgraphs
    shape = tuple(int(size) for size in subgraph.tensors[subgraph.inputs[0]].shape)
    entry = schema.MetadataT()
    entry.name = METADATA_NAME
    entry.buffer = len(model.buffers)
    buffer = schema.BufferT()
    buffer.data = np.frombuffer(model_metadata(manifest.name, manifest, shape, integer=False), np.uint8)
    model.buffers.append(buffer)
    model.metadata = [*(model.metadata or []), entry]
    builder = flatbuffers.Builder(len(data) + 1024)
    builder.Finish(model.Pack(builder), file_identifier=IDENTIFIER)
    return with_files(bytes(builder.Output()), manifest)


def _check(model: Any, schema: Any) -> None:
    custom = sorted(
        {
            code.customCode.decode() if code.customCode else "without a name"
            for code in model.operatorCodes
            if code.builtinCode == schema.BuiltinOperator.CUSTOM
        }
    )
    if custom:
        raise ValueError(f"it needs operators that are not built in: {', '.join(custom)}")
    if len(model.subgraphs) != 1:
        raise ValueError("it has branches or loops that depend on the picture")
    free = [
        tensor.name.decode()
        for tensor in model.subgraphs[0].tensors
        if tensor.shapeSignature is not None and any(size < 0 for size in tensor.shapeSignature)
    ]
    if free:
        raise ValueError(f"{len(free)} tensors have a free dimension: {', '.join(free[:3])}")

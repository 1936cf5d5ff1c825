"""The flatbuffer: identifier, alignment, names, operator codes."""

from __future__ import annotations

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from fv_export.write.tflite.container import Container


def _container() -> tuple[Container, int, int]:
    container = Container(reserved=("image", "probabilities"))
    first = container.tensor("x", (1, 2), np.float32)
    constant = container.tensor("c", (2,), np.float32, data=np.array([1, 2], np.float32))
    out = container.tensor("y", (1, 2), np.float32)
    container.operator("ADD", 1, [first, constant], out, schema.AddOptionsT())
    return container, first, out


def _model(data: bytes) -> schema.ModelT:
    return schema.ModelT.InitFromPackedBuf(data)


def test_identifier_names_and_signature() -> None:
    container, first, out = _container()
    data = container.finish("net", {"image": first}, {"probabilities": out}, b"metadata")
    assert data[4:8] == b"TFL3"
    model = _model(data)
    assert [tensor.name for tensor in model.subgraphs[0].tensors] == [b"image", b"c", b"probabilities"]
    assert model.signatureDefs[0].signatureKey == b"serving_default"
    assert all(tensor.shapeSignature is None for tensor in model.subgraphs[0].tensors)


def test_a_name_that_is_taken_or_reserved_gets_a_number() -> None:
    container, first, out = _container()
    for _ in range(2):
        container.tensor("image", (1,), np.float32)
    container.tensor("x", (1,), np.float32)
    model = _model(container.finish("net", {"image": first}, {"probabilities": out}, b""))
    names = [tensor.name for tensor in model.subgraphs[0].tensors]
    assert names[3:] == [b"image_1", b"image_2", b"x_1"]


def test_constants_are_aligned_to_sixteen_bytes() -> None:
    container, first, out = _container()
    for size in range(1, 40):
        container.tensor(f"odd_{size}", (size,), np.uint8, data=np.full(size, size, np.uint8))
    data = container.finish("net", {"image": first}, {"probabilities": out}, b"m")
    for size in range(16, 40):
        assert data.index(bytes([size]) * size) % 16 == 0


def test_an_operator_code_is_stored_once_and_readable_by_old_readers() -> None:
    container, first, out = _container()
    container.operator("ADD", 1, [first, first], out, schema.AddOptionsT())
    container.operator("ADD", 2, [first, first], out, schema.AddOptionsT())
    container.operator("GELU", 1, [first], out, schema.GeluOptionsT())
    model = _model(container.finish("net", {"image": first}, {"probabilities": out}, b""))
    codes = [(code.builtinCode, code.deprecatedBuiltinCode, code.version) for code in model.operatorCodes]
    assert codes == [(0, 0, 1), (0, 0, 2), (150, 127, 1)]


def test_equal_vectors_are_written_once() -> None:
    """A thousand zero points of eight bytes each stand there for the first kernel only."""

    def size(kernels: int, *, same: bool) -> int:
        container = Container(reserved=())
        for index in range(kernels):
            table = schema.QuantizationParametersT()
            table.scale = np.full(1000, 1.0 if same else 1.0 + index, np.float32)
            table.zeroPoint = np.zeros(1000, np.int64)
            container.tensor("kernel", (1,), np.int8, table, np.zeros(1, np.int8))
        data = container.finish("x", {}, {}, b"")
        (subgraph,) = schema.ModelT.InitFromPackedBuf(data, 0).subgraphs
        for tensor in subgraph.tensors:
            assert len(tensor.quantization.scale) == len(tensor.quantization.zeroPoint) == 1000
        assert subgraph.tensors[-1].quantization.scale[7] == (1.0 if same else float(kernels))
        return len(data)

    assert size(2, same=True) - size(1, same=True) < 400
    assert 4000 < size(2, same=False) - size(1, same=False) < 4400

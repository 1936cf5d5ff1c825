"""Hostile TFLite files, typed into every command that takes one (docs/security.md, cases 21 to 30).

Each file is built here. Each command must end with one error, soon, in little memory, without a crash of its own and
without a file left anywhere. `fv inspect` explains what can be explained, and then succeeds.
"""

from __future__ import annotations

import json
import struct
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fv_core.manifest import FILE_NAME
from tests.cli import attacks
from tests.cli.typist import Typist
from tests.edge_runtime import tiny_models
from tests.edge_runtime.tiny_models import SIZE, Model, Tensor


def sound() -> bytes:
    return with_manifest(tiny_models.float_model().to_bytes())


def with_manifest(data: bytes, **changes: Any) -> bytes:
    return with_members(data, {FILE_NAME: tiny_models.manifest(**changes).to_json().encode()})


def with_members(data: bytes, members: dict[str, bytes]) -> bytes:
    stream = BytesIO(data)
    with zipfile.ZipFile(stream, "a", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def changed(change: Callable[[Model], None], build: Callable[[], Model] = tiny_models.float_model) -> bytes:
    model = build()
    change(model)
    return with_manifest(model.to_bytes())


def with_tensor(index: int, build: Callable[[], Model] = tiny_models.float_model, **changes: Any) -> bytes:
    def change(model: Model) -> None:
        model.tensors[index] = replace(model.tensors[index], **changes)

    return changed(change, build)


def packed(change: Callable[[Any], None]) -> bytes:
    """The sound model with its tables changed, as the flatbuffer library sees them."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as s

    model = s.ModelT.InitFromPackedBuf(tiny_models.float_model().to_bytes(), 0)
    change(model)
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return with_manifest(bytes(builder.Output()))


def at(offset: int, value: bytes) -> bytes:
    data = sound()
    return data[:offset] + value + data[offset + len(value) :]


def outside_buffer(offset: int, size: int) -> bytes:
    def change(model: Any) -> None:
        buffer = model.buffers[1]
        buffer.data, buffer.offset, buffer.size = None, offset, size

    return packed(change)


def operator(index: int, inputs: list[int], outputs: list[int]) -> bytes:
    def change(model: Model) -> None:
        model.operators[index] = (model.operators[index][0], inputs, outputs)

    return changed(change)


def ends(inputs: list[int], outputs: list[int]) -> bytes:
    def change(model: Model) -> None:
        model.inputs, model.outputs = inputs, outputs

    return changed(change)


def convolution(kind: str = "CONV_2D", kernel: tuple[int, ...] = (3, 3, 3, 3), **options: int) -> bytes:
    """A convolution in front of the sound model."""
    from ai_edge_litert import schema_py_generated as s

    table = s.Conv2DOptionsT() if kind == "CONV_2D" else s.DepthwiseConv2DOptionsT()
    for name, value in {"strideW": 1, "strideH": 1, "dilationWFactor": 1, "dilationHFactor": 1, **options}.items():
        setattr(table, name, value)
    union = getattr(s.BuiltinOptions, "Conv2DOptions" if kind == "CONV_2D" else "DepthwiseConv2DOptions")

    def change(model: Model) -> None:
        model.tensors += [
            Tensor("kernel", kernel, data=np.zeros(kernel, dtype=np.float32)),
            Tensor("bias", (3,), data=np.zeros(3, dtype=np.float32)),
            Tensor("map", (1, SIZE, SIZE, 3)),
        ]
        model.operators = [(kind, [0, 4, 5], [6]), ("MEAN", [6, 1], [2]), ("SOFTMAX", [2], [3])]
        model.options = {0: (union, table), 1: model.options[0], 2: model.options[1]}

    return changed(change)


def custom(name: str) -> bytes:
    def change(model: Model) -> None:
        model.operators[0] = (f"CUSTOM:{name}", [0, 1], [2])
        model.options.pop(0)

    return changed(change)


def unknown_operator(code: int) -> bytes:
    def change(model: Any) -> None:
        model.operatorCodes[0].builtinCode = code
        model.operatorCodes[0].deprecatedBuiltinCode = min(code, 127)

    return packed(change)


def second_graph() -> bytes:
    """A WHILE without end: its condition is a graph that answers true, its body a graph that changes nothing."""
    from ai_edge_litert import schema_py_generated as s

    def change(model: Any) -> None:
        main = model.subgraphs[0]
        true = s.BufferT()
        true.data = np.array([1], dtype=np.uint8)
        model.buffers.append(true)
        condition, body = s.SubGraphT(), s.SubGraphT()
        condition.tensors, condition.inputs, condition.outputs = [main.tensors[3], s.TensorT()], [0], [1]
        answer = condition.tensors[1]
        answer.name, answer.shape, answer.type, answer.buffer = "true", [1], s.TensorType.BOOL, len(model.buffers) - 1
        body.tensors, body.inputs, body.outputs = [main.tensors[3]], [0], [0]
        condition.operators, body.operators = [], []
        model.subgraphs += [condition, body]
        code = s.OperatorCodeT()
        code.builtinCode = code.deprecatedBuiltinCode = s.BuiltinOperator.WHILE
        code.version = 1
        model.operatorCodes.append(code)
        loop = s.OperatorT()
        loop.opcodeIndex, loop.inputs, loop.outputs = 2, [3], [4]
        loop.builtinOptionsType, loop.builtinOptions = s.BuiltinOptions.WhileOptions, s.WhileOptionsT()
        loop.builtinOptions.condSubgraphIndex, loop.builtinOptions.bodySubgraphIndex = 1, 2
        last = s.TensorT()
        last.name, last.shape, last.type, last.buffer = "looped", [1, 3], s.TensorType.FLOAT32, 0
        main.tensors.append(last)
        main.operators.append(loop)
        main.outputs = [4]

    return packed(change)


def lying_member() -> bytes:
    """An archive whose directory says that the manifest is small, and that holds a gigabyte of zeros in a megabyte."""
    data = with_members(tiny_models.float_model().to_bytes(), {FILE_NAME: b"\0" * (1 << 30)})
    size = struct.pack("<L", 1 << 30)
    return data.replace(size, struct.pack("<L", 1000))


def padded(margin: int) -> bytes:
    """The picture with a margin, in front of the sound model; the file says nothing of the size that it grows to."""

    def change(model: Model) -> None:
        margins = np.array([[0, 0], [margin, margin], [margin, margin], [0, 0]], dtype=np.int32)
        model.tensors += [Tensor("margins", (4, 2), "int32", margins), Tensor("wide", (1, SIZE, SIZE, 3))]
        model.operators = [("PAD", [0, 4], [5]), ("MEAN", [5, 1], [2]), ("SOFTMAX", [2], [3])]
        model.options = {1: model.options[0], 2: model.options[1]}

    return changed(change)


def with_preprocess(**changes: int) -> bytes:
    data = json.loads(tiny_models.manifest().to_json())
    data["preprocess"].update(changes)
    return with_members(tiny_models.float_model().to_bytes(), {FILE_NAME: json.dumps(data).encode()})


# Name -> (code of the error, the file). Names begin with the number of the case in docs/security.md.
BAD = "bad-model-file"
CASES: dict[str, tuple[str, Callable[[], bytes]]] = {
    "22 root beyond the end": (BAD, lambda: at(0, struct.pack("<I", 1 << 30))),
    "22 root at itself": (BAD, lambda: at(0, struct.pack("<I", 0))),
    "22 root unaligned": (BAD, lambda: at(0, struct.pack("<I", 9))),
    "22 another identifier": (BAD, lambda: at(4, b"TFL2")),
    "22 no identifier": (BAD, lambda: at(4, b"\0\0\0\0")),
    "22 no flatbuffer": (BAD, lambda: b"\x7fELF" + b"\0" * 200),
    "23 operator reads -2": (BAD, lambda: operator(0, [-2, 1], [2])),
    "23 operator reads nothing where it must": (BAD, lambda: operator(0, [-1, 1], [2])),
    "23 operator reads beyond": (BAD, lambda: operator(0, [99, 1], [2])),
    "23 operator writes -1": (BAD, lambda: operator(0, [0, 1], [-1])),
    "23 operator writes beyond": (BAD, lambda: operator(0, [0, 1], [1 << 30])),
    "23 input -1": (BAD, lambda: ends([-1], [3])),
    "23 output beyond": (BAD, lambda: ends([0], [4])),
    "23 operator without inputs": (BAD, lambda: operator(0, [], [2])),
    "23 operator without outputs": (BAD, lambda: operator(0, [0, 1], [])),
    "23 operator that reads its own result": (BAD, lambda: operator(0, [2, 1], [2])),
    "23 buffer beyond": (BAD, lambda: packed(lambda model: setattr(model.subgraphs[0].tensors[1], "buffer", 1 << 20))),
    "23 operator code beyond": (
        BAD,
        lambda: packed(lambda model: setattr(model.subgraphs[0].operators[0], "opcodeIndex", 77)),
    ),
    "24 offset and size wrap": (BAD, lambda: outside_buffer((1 << 64) - 4, 8)),
    "24 offset beyond": (BAD, lambda: outside_buffer(1 << 40, 8)),
    "24 size beyond": (BAD, lambda: outside_buffer(100, 1 << 40)),
    "25 product of sizes overflows 64 bits": (BAD, lambda: with_tensor(2, shape=(1 << 16,) * 4)),
    "25 product of sizes overflows 32 bits": (BAD, lambda: with_tensor(2, shape=(1 << 16, (1 << 16) + 1))),
    "25 negative size": (BAD, lambda: with_tensor(0, shape=(1, -SIZE, SIZE, 3))),
    "25 PAD to ten gigabytes": (BAD, lambda: padded(14_000)),
    "25 PAD to 2^62": ("child-crashed", lambda: padded((1 << 31) - 1)),
    "25 constant shorter than its shape": (BAD, lambda: with_tensor(1, shape=(1 << 20,))),
    "26 no filter channels": (BAD, lambda: convolution(kernel=(3, 3, 3, 0))),
    "26 no filters": (BAD, lambda: convolution(kernel=(0, 3, 3, 3))),
    "26 stride 0": (BAD, lambda: convolution(strideW=0)),
    "26 negative stride": (BAD, lambda: convolution(strideH=-1)),
    "26 dilation 0": (BAD, lambda: convolution(dilationWFactor=0)),
    "26 depth multiplier 0": (
        BAD,
        lambda: convolution("DEPTHWISE_CONV_2D", kernel=(1, 3, 3, 3), depthMultiplier=0, dilationHFactor=0),
    ),
    "26 kernel of another channel count": (BAD, lambda: convolution(kernel=(3, 3, 3, 5))),
    "27 custom": ("unsupported-model", lambda: custom("Nothing")),
    "27 Flex": ("unsupported-model", lambda: custom("FlexErf")),
    "27 unknown operator": (BAD, lambda: unknown_operator(9999)),
    "27 placeholder operator": ("unsupported-model", lambda: unknown_operator(127)),
    "27 loop without end": ("unsupported-model", second_graph),
    "28 two outputs": ("unsupported-model", lambda: ends([0], [3, 2])),
    "28 two inputs": ("unsupported-model", lambda: ends([0, 1], [3])),
    "28 no output": ("unsupported-model", lambda: ends([0], [])),
    "28 no input": ("unsupported-model", lambda: ends([], [3])),
    "28 input is text": (BAD, lambda: with_tensor(0, dtype="string")),
    "28 input of one dimension": (BAD, lambda: with_tensor(0, shape=(SIZE * SIZE * 3,))),
    "28 input of one channel": ("unsupported-model", lambda: with_tensor(0, shape=(1, SIZE, SIZE, 1))),
    "28 input of 0 pixels": ("unsupported-model", lambda: with_tensor(0, shape=(1, 0, 0, 3))),
    "29 scale 0": (BAD, lambda: with_tensor(2, tiny_models.quantized_model, scale=(0.0,))),
    "29 scale NaN": (BAD, lambda: with_tensor(2, tiny_models.quantized_model, scale=(float("nan"),))),
    "29 scale infinite": (BAD, lambda: with_tensor(2, tiny_models.quantized_model, scale=(float("inf"),))),
    "29 scale negative": (BAD, lambda: with_tensor(2, tiny_models.quantized_model, scale=(-1.0,))),
    "29 scales for other channels": (
        BAD,
        lambda: with_tensor(2, tiny_models.quantized_model, scale=(1.0, 1.0), zero_point=(0, 0)),
    ),
    "29 fewer zero points": (
        BAD,
        lambda: with_tensor(2, tiny_models.quantized_model, scale=(1.0,) * 3, zero_point=(0, 0)),
    ),
    "29 zero point outside of its type": (
        BAD,
        lambda: with_tensor(2, tiny_models.quantized_model, zero_point=(1 << 40,)),
    ),
    "29 channels of an axis that is not there": (
        BAD,
        lambda: packed(lambda model: setattr(model.subgraphs[0].tensors[2], "quantization", per_axis(9))),
    ),
    "30 ../labels.txt": ("bad-manifest", lambda: with_members(sound(), {"../labels.txt": b"a\nb\nc\n"})),
    "30 absolute name": ("bad-manifest", lambda: with_members(sound(), {"/etc/labels.txt": b"a\nb\nc\n"})),
    "30 bomb": (
        "bad-manifest",
        lambda: with_members(tiny_models.float_model().to_bytes(), {FILE_NAME: b" " * (1 << 30)}),
    ),
    "30 bomb with a false size": ("bad-manifest", lying_member),
    "30 bomb of labels": (
        "bad-manifest",
        lambda: with_members(tiny_models.float_model().to_bytes(), {"labels.txt": b"a\n" * (1 << 28)}),
    ),
    "30 ten thousand members": (
        "bad-manifest",
        lambda: with_members(sound(), {f"{index}.txt": b"" for index in range(10_000)}),
    ),
    "30 fewer labels than outputs": (
        "label-count",
        lambda: with_manifest(tiny_models.float_model().to_bytes(), labels=("red", "green")),
    ),
    "30 labels that are numbers": (
        "bad-manifest",
        lambda: with_members(
            tiny_models.float_model().to_bytes(), {FILE_NAME: tiny_models.manifest(labels=(1, 2, 3)).to_json().encode()}
        ),
    ),
    "30 manifest of another size": ("bad-manifest", lambda: with_preprocess(input_size=16)),
    "30 manifest of a huge input": ("bad-manifest", lambda: with_preprocess(input_size=1 << 30)),
    "30 manifest that stores a huge square": ("bad-manifest", lambda: with_preprocess(store_size=1 << 30)),
}


def per_axis(axis: int) -> Any:
    from ai_edge_litert import schema_py_generated as s

    quantization = s.QuantizationParametersT()
    quantization.scale, quantization.zeroPoint, quantization.quantizedDimension = [1.0, 1.0, 1.0], [0, 0, 0], axis
    return quantization


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return attacks.workplace(tmp_path_factory.mktemp("attacks") / "here")


@pytest.fixture(scope="module")
def hands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Typist]:
    with Typist(tmp_path_factory.mktemp("typist") / "scratch") as hands:
        yield hands


@pytest.mark.parametrize("case", CASES)
def test_a_hostile_file_is_refused(case: str, folder: Path, hands: Typist) -> None:
    expected, build = CASES[case]
    (folder / "evil.tflite").write_bytes(build())
    found = attacks.refused_by(attacks.commands_for(case, CASES), "evil.tflite", folder, hands, limit_of(case))
    assert found.pop("inspect", expected) in (expected, BAD), found
    assert set(found.values()) == {expected}, found


def limit_of(case: str) -> int:
    """What the sandbox gives to a model may be used up before it is refused."""
    return attacks.MAX_CHILD_BYTES if case.startswith("25 PAD") else attacks.MAX_PEAK_BYTES


@pytest.mark.parametrize("part", range(0, 64, 3))
def test_21_a_file_that_is_cut(part: int, folder: Path, hands: Typist) -> None:
    """At every third 64th through the whole command; at every one in tests/edge_runtime/test_tflite_file.py.

    The manifest stands at the end, so a file that is cut has lost its labels at least.
    """
    whole = sound()
    (folder / "cut.tflite").write_bytes(whole[: len(whole) * part // 64])
    found = attacks.refused_by(["predict", "inspect"], "cut.tflite", folder, hands, attacks.MAX_PEAK_BYTES)
    assert set(found.values()) <= {BAD, "labels-missing"}, found
    assert found["predict"] == BAD or part > 32, found


def test_the_sound_file_is_not_refused(folder: Path, hands: Typist) -> None:
    """Without this the refusals above would prove nothing."""
    (folder / "sound.tflite").write_bytes(sound())
    attacks.accepted_by(list(attacks.DEVICE_COMMANDS), "sound.tflite", folder, hands)


def test_a_sound_convolution_is_not_refused(folder: Path, hands: Typist) -> None:
    (folder / "convolution.tflite").write_bytes(convolution())
    attacks.accepted_by(["predict", "inspect"], "convolution.tflite", folder, hands)

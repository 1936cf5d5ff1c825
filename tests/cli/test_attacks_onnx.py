"""Hostile ONNX files, typed into every command that takes one (docs/security.md, cases 13 to 20).

Each file is built here, and what it points at lies beside it. Each command must end with one error, soon, in little
memory, without a crash of its own and without a file left anywhere; the secret that a file points at is never shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from tests.cli import attacks
from tests.cli.attacks import SIZE
from tests.cli.typist import Typist
from tests.edge_runtime.tiny_models import ONNX_KEY, manifest, onnx_model

SECRET = b"the secret that lies outside of the model"


def finished(model: Any) -> bytes:
    entry = model.metadata_props.add()
    entry.key, entry.value = ONNX_KEY, manifest(format="onnx").to_json()
    data: bytes = model.SerializeToString()
    return data


def external(location: str, **more: str) -> bytes:
    """The sound model with its one weight said to be in another file."""
    model = onnx_model()
    point_outside(model.graph.initializer[0], location, **more)
    return finished(model)


def point_outside(tensor: Any, location: str, **more: str) -> None:
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in {"location": location, "length": "4", **more}.items():
        tensor.external_data.add(key=key, value=value)


def outside_in_function() -> bytes:
    tensor = numpy_helper.from_array(np.zeros(1, dtype=np.float32), "w")
    point_outside(tensor, "../secret.bin")
    constant = helper.make_node("Constant", [], ["c"])
    constant.attribute.add(name="value", type=onnx.AttributeProto.TENSOR, t=tensor)
    return with_functions({"Leak": [constant, helper.make_node("Mul", ["x", "c"], ["y"])]}, call="Leak")


def outside_in_sparse() -> bytes:
    model = onnx_model()
    sparse = model.graph.sparse_initializer.add(dims=[4])
    sparse.values.CopyFrom(numpy_helper.from_array(np.zeros(1, dtype=np.float32), "s"))
    sparse.indices.CopyFrom(numpy_helper.from_array(np.zeros(1, dtype=np.int64), "i"))
    point_outside(sparse.values, "../secret.bin")
    return finished(model)


def with_functions(functions: dict[str, list[Any]], call: str) -> bytes:
    """The sound model; its mean goes through the function `call`."""
    model = onnx_model()
    for name, nodes in functions.items():
        opsets = [helper.make_opsetid("", 17), helper.make_opsetid("mine", 1)]
        model.functions.append(helper.make_function("mine", name, ["x"], ["y"], nodes, opsets))
    model.opset_import.append(helper.make_opsetid("mine", 1))
    model.graph.node[1].input[0] = "called"
    model.graph.node.insert(1, helper.make_node(call, ["mean"], ["called"], domain="mine"))
    return finished(model)


def chain(length: int, *, circle: bool) -> bytes:
    """Functions of which each calls the next; the last calls the first, or does nothing."""
    functions = {
        f"F{index}": [helper.make_node(f"F{index + 1}", ["x"], ["y"], domain="mine")] for index in range(length - 1)
    }
    last = helper.make_node("F0", ["x"], ["y"], domain="mine") if circle else helper.make_node("Relu", ["x"], ["y"])
    return with_functions({**functions, f"F{length - 1}": [last]}, call="F0")


def laughs() -> bytes:
    """Seven functions of which each calls the next a hundred times: 10^14 nodes."""

    def body(inner: str, domain: str) -> list[Any]:
        names = ["x", *(f"t{index}" for index in range(99)), "y"]
        return [helper.make_node(inner, [a], [b], domain=domain) for a, b in pairwise(names)]

    functions = {f"F{index}": body(f"F{index + 1}", "mine") for index in range(6)}
    return with_functions({**functions, "F6": body("Relu", "")}, call="F0")


def with_weight(dims: list[int], raw: bytes | None) -> bytes:
    model = onnx_model()
    tensor = model.graph.initializer.add(name="huge", data_type=TensorProto.FLOAT, dims=dims)
    if raw is not None:
        tensor.raw_data = raw
    return finished(model)


def between(*nodes: Any) -> bytes:
    """The sound model with nodes between its mean, `mean`, and what reads `middle`."""
    model = onnx_model()
    model.graph.node[1].input[0] = "middle"
    for place, node in enumerate(nodes, start=1):
        model.graph.node.insert(place, node)
    return finished(model)


def grown(sides: int) -> bytes:
    """A tensor of `sides` squared elements, made from two numbers while running."""
    shape = numpy_helper.from_array(np.array([1, sides, sides, 3], dtype=np.int64), "shape")
    return between(
        helper.make_node("Constant", [], ["shape"], value=shape),
        helper.make_node("Reshape", ["mean", "four"], ["small"]),
        helper.make_node(
            "Constant", [], ["four"], value=numpy_helper.from_array(np.array([1, 1, 1, 3], np.int64), "f")
        ),
        helper.make_node("Expand", ["small", "shape"], ["large"]),
        helper.make_node("ReduceMean", ["large"], ["middle"], axes=[1, 2], keepdims=0),
    )


def branch(name: str, nodes: list[Any]) -> Any:
    return helper.make_graph(nodes, name, [], [helper.make_tensor_value_info("b", TensorProto.FLOAT, [1, 3])])


def nested_if(depth: int) -> bytes:
    other = inner = branch("inner", [helper.make_node("Identity", ["mean"], ["b"])])
    condition = helper.make_node("Constant", [], ["c"], value=numpy_helper.from_array(np.array(True), "c"))
    for level in range(depth):
        inner = branch(f"level{level}", [helper.make_node("If", ["c"], ["b"], then_branch=inner, else_branch=other)])
    return between(condition, helper.make_node("If", ["c"], ["middle"], then_branch=inner, else_branch=other))


def loop() -> bytes:
    """A Loop of 2^62 rounds that changes nothing."""
    values = [
        helper.make_tensor_value_info("i", TensorProto.INT64, []),
        helper.make_tensor_value_info("go", TensorProto.BOOL, []),
        helper.make_tensor_value_info("v", TensorProto.FLOAT, [1, 3]),
    ]
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["go_on"]), helper.make_node("Identity", ["v"], ["w"])],
        "body",
        values,
        [
            helper.make_tensor_value_info("go_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("w", TensorProto.FLOAT, [1, 3]),
        ],
    )
    rounds = helper.make_node("Constant", [], ["rounds"], value=numpy_helper.from_array(np.array(1 << 62), "r"))
    return between(rounds, helper.make_node("Loop", ["rounds", "", "mean"], ["middle"], body=body))


# Name -> (code of the error, the file). Names begin with the number of the case in docs/security.md.
BAD, NOT_OURS = "bad-model-file", "unsupported-model"
CASES: dict[str, tuple[str, Callable[[], bytes]]] = {
    "13 weights in ../secret.bin": (NOT_OURS, lambda: external("../secret.bin")),
    "13 weights in /etc/passwd": (NOT_OURS, lambda: external("/etc/passwd")),
    "13 weights in a/../../secret.bin": (NOT_OURS, lambda: external("a/../../secret.bin")),
    "13 weights beside the file": (NOT_OURS, lambda: external("beside.bin")),
    "13 weights of a function": (NOT_OURS, outside_in_function),
    "13 sparse weights": (NOT_OURS, outside_in_sparse),
    "14 weights in a symbolic link": (NOT_OURS, lambda: external("link.bin")),
    "14 weights below a linked folder": (NOT_OURS, lambda: external("folder/secret.bin")),
    "14 weights in a hard link": (NOT_OURS, lambda: external("hard.bin")),
    "15 negative offset": (NOT_OURS, lambda: external("beside.bin", offset="-1")),
    "15 negative length": (NOT_OURS, lambda: external("beside.bin", length="-4")),
    "15 offset past the end": (NOT_OURS, lambda: external("beside.bin", offset=str(1 << 20))),
    "15 huge length": (NOT_OURS, lambda: external("beside.bin", length=str(1 << 62))),
    "16 unknown keys": (NOT_OURS, lambda: external("beside.bin", __class__="x", checksum="y", basepath="/etc")),
    "17 functions 3000 deep": (BAD, lambda: chain(3000, circle=False)),
    "17 functions in a circle": (BAD, lambda: chain(3, circle=True)),
    "17 a function that calls itself": (BAD, lambda: chain(1, circle=True)),
    "17 functions that grow without end": (BAD, laughs),
    "18 huge weight without data": (BAD, lambda: with_weight([1 << 40], None)),
    "18 product of sizes overflows": (BAD, lambda: with_weight([1 << 62, 1 << 62], None)),
    "18 negative size": (BAD, lambda: with_weight([-1], b"\0\0\0\0")),
    "18 huge weight with four bytes": (BAD, lambda: with_weight([1 << 40], b"\0\0\0\0")),
    "18 ten gigabytes while running": (BAD, lambda: grown(30_000)),
    "18 a size that overflows while running": (BAD, lambda: grown(1 << 40)),
    "19 custom domain": (BAD, lambda: between(helper.make_node("Own", ["mean"], ["middle"], domain="own.example"))),
    "19 operator that does not exist": (BAD, lambda: between(helper.make_node("Nothing", ["mean"], ["middle"]))),
    "20 If 15 deep": (BAD, lambda: nested_if(15)),
    "20 Loop without end": (NOT_OURS, loop),
}
# What the sandbox gives to a model may be used up before it is refused.
HUNGRY = ("18 ten gigabytes while running", "18 a size that overflows while running")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the commands need besides a model, and what hostile models point at."""
    folder = attacks.workplace(tmp_path_factory.mktemp("attacks") / "here")
    secret = folder.parent / "secret.bin"
    secret.write_bytes(SECRET)
    (folder / "beside.bin").write_bytes(np.float32(1 / 16).tobytes())
    (folder / "link.bin").symlink_to(secret)
    (folder / "folder").symlink_to(folder.parent)
    (folder / "hard.bin").hardlink_to(secret)
    return folder


@pytest.fixture(scope="module")
def hands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Typist]:
    with Typist(tmp_path_factory.mktemp("typist") / "scratch") as hands:
        yield hands


@pytest.mark.parametrize("case", CASES)
def test_a_hostile_file_is_refused(case: str, folder: Path, hands: Typist) -> None:
    expected, build = CASES[case]
    (folder / "evil.onnx").write_bytes(build())
    limit = attacks.MAX_CHILD_BYTES if case in HUNGRY else attacks.MAX_PEAK_BYTES
    found = attacks.refused_by(attacks.commands_for(case, CASES), "evil.onnx", folder, hands, limit)
    assert set(found.values()) == {expected}, found


@pytest.mark.parametrize("part", range(1, 64, 3))
def test_17_a_file_that_is_cut(part: int, folder: Path, hands: Typist) -> None:
    whole = finished(onnx_model())
    (folder / "cut.onnx").write_bytes(whole[: len(whole) * part // 64])
    found = attacks.refused_by(["predict"], "cut.onnx", folder, hands, attacks.MAX_PEAK_BYTES)
    assert set(found.values()) <= {BAD, "labels-missing"}, found


def test_the_sound_file_is_not_refused(folder: Path, hands: Typist) -> None:
    """Without this the refusals above would prove nothing."""
    (folder / "sound.onnx").write_bytes(finished(onnx_model()))
    attacks.accepted_by(list(attacks.DEVICE_COMMANDS), "sound.onnx", folder, hands)


def test_sound_functions_and_branches_are_not_refused(folder: Path, hands: Typist) -> None:
    for name, data in (("calls", chain(3, circle=False)), ("branches", nested_if(2)), ("grows", grown(SIZE))):
        (folder / f"{name}.onnx").write_bytes(data)
        attacks.accepted_by(["predict"], f"{name}.onnx", folder, hands)

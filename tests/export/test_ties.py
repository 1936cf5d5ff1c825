"""Scales off ties: afterwards all kernels say the same of every pair of integers, and nothing else has changed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnxruntime as ort
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper

from fv_export.graph import Add, Annotation, Concat, Graph, Mul, Quantized
from fv_export.kernels import as_kernels
from fv_export.quantize import annotate, asymmetric, symmetric16
from fv_export.ties import moved_off_ties, near_ties
from tests.export.small_graphs import add, affine, conv, graph, mul, pixels

SUM = graph(affine("a", "image", [1.0], [0.0]), affine("b", "image", [1.0], [0.0]), add("y", "a", "b"))
PRODUCT = graph(affine("a", "image", [1.0], [0.0]), affine("b", "image", [1.0], [0.0]), mul("y", "a", "b"))
# 58 steps of the first and -3 of the second are 6.500002 steps: XNNPACK says 7, onnxruntime 6.
MET = {"a": (1.0178, 0), "b": (5.7272, 0), "y": (6.438583, 0)}


def quantized(scale: float, zero_point: int) -> Quantized:
    return Quantized(8, np.array([np.float32(scale)], np.float64), np.array([zero_point], np.int64))


def drawn(seed: int, of: Graph) -> dict[str, Quantized]:
    """Three tensors as networks have them: the result about as wide as what it is made of."""
    random = np.random.default_rng(seed)
    a, b = np.exp(random.uniform(-1.0, 1.0, 2)).tolist()
    result = random.uniform(0.6, 1.4) * (max(a, b) if isinstance(of.nodes[-1], Add) else 100.0 * a * b)
    scales = {"a": a, "b": b, "y": float(result)}
    return {name: quantized(scale, int(random.integers(-40, 40))) for name, scale in scales.items()}


def the_same(one: dict[str, Quantized], other: dict[str, Quantized]) -> bool:
    """Whether no tensor's quantization was made anew."""
    return one.keys() == other.keys() and all(one[name] is other[name] for name in one)


def node_of(of: Graph) -> Add | Mul:
    node = of.nodes[-1]
    assert isinstance(node, (Add, Mul))
    return node


def every_pair(tensors: dict[str, Quantized]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Steps from the zero points, (256, 256) each."""
    first, second = (np.arange(-128, 128) - int(tensors[name].zero_point[0]) for name in "ab")
    return np.repeat(first[:, None], 256, axis=1), np.repeat(second[None, :], 256, axis=0)


def in_tflite(of: Graph, tensors: dict[str, Quantized]) -> NDArray[np.int64]:
    """Stored results, by the kernels that are compared with files elsewhere, to the bit."""
    compute = as_kernels(Annotation(tensors=tensors, weights={}), "tflite")
    reals = [
        steps.astype(np.float32) * np.float32(tensors[name].scale[0])
        for name, steps in zip("ab", every_pair(tensors), strict=True)
    ]
    steps = np.rint(np.asarray(compute(of.nodes[-1], reals), np.float64) / tensors["y"].scale[0])
    stored = np.clip(steps + int(tensors["y"].zero_point[0]), -128, 127)
    return np.asarray(stored, np.int64)


def in_onnxruntime(of: Graph, tensors: dict[str, Quantized]) -> NDArray[np.int64]:
    """Stored results, by onnxruntime's own kernel of 8 unsigned bits, as it fuses our files."""
    names, constants = [], []
    for name in ("a", "b", "y"):
        scale, zero = np.float32(tensors[name].scale[0]), int(tensors[name].zero_point[0]) + 128
        constants += [
            helper.make_tensor(f"{name}_scale", TensorProto.FLOAT, [], [scale]),
            helper.make_tensor(f"{name}_zero", TensorProto.UINT8, [], [zero]),
        ]
        names += [] if name == "y" else [name]
        names += [f"{name}_scale", f"{name}_zero"]
    kind = "QLinearAdd" if isinstance(of.nodes[-1], Add) else "QLinearMul"
    node = helper.make_node(kind, names, ["y"], domain="com.microsoft")
    values = [helper.make_tensor_value_info(name, TensorProto.UINT8, [256, 256]) for name in ("a", "b", "y")]
    made = helper.make_graph([node], "pairs", values[:2], values[2:], constants)
    sets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(made, opset_imports=sets, ir_version=9)
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    first, second = every_pair(tensors)
    feeds = {
        "a": (first + int(tensors["a"].zero_point[0]) + 128).astype(np.uint8),
        "b": (second + int(tensors["b"].zero_point[0]) + 128).astype(np.uint8),
    }
    return np.asarray(session.run(None, feeds)[0]).astype(np.int64) - 128


def gated(seed: int, of: Graph) -> dict[str, Quantized]:
    """A product with a gate of squeeze-and-excite, as LOGISTIC writes it."""
    tensors = drawn(seed, of) | {"b": quantized(1 / 256, -128)}
    return tensors | {
        "y": quantized(float(tensors["a"].scale[0]) * (0.4 + 0.01 * seed), int(tensors["y"].zero_point[0]))
    }


def steep(seed: int, of: Graph) -> dict[str, Quantized]:
    """A sum whose result is cut: in wide steps of its inputs."""
    tensors = drawn(seed, of)
    return tensors | {"y": quantized(float(tensors["y"].scale[0]) / (2.0 + seed / 3), int(tensors["y"].zero_point[0]))}


# Of 60 draws without a look at ties, 26 sums differ somewhere, 2 products, 39 gates and 33 steep sums.
@pytest.mark.parametrize(
    ("of", "draw", "differ"),
    [(SUM, drawn, 10), (PRODUCT, drawn, 1), (PRODUCT, gated, 10), (SUM, steep, 10)],
    ids=["sum", "product", "gate", "steep sum"],
)
def test_afterwards_both_runtimes_say_the_same_of_every_pair(
    of: Graph, draw: Callable[[int, Graph], dict[str, Quantized]], differ: int
) -> None:
    differed = 0
    for seed in range(60):
        tensors = draw(seed, of)
        differed += int((in_tflite(of, tensors) != in_onnxruntime(of, tensors)).any())
        moved = moved_off_ties(of, tensors, set())
        if near_ties(node_of(of), moved) == 0.0:
            np.testing.assert_array_equal(in_tflite(of, moved), in_onnxruntime(of, moved))
        else:
            assert isinstance(of.nodes[-1], Add)  # of products, some candidate is always clean
            assert near_ties(node_of(of), moved) <= near_ties(node_of(of), tensors)
    assert differed >= differ


def test_the_pair_that_parted_two_files_is_seen_and_left() -> None:
    tensors = {name: quantized(*values) for name, values in MET.items()}
    first, second = every_pair(tensors)
    met = (first == 58) & (second == -3)
    exact = (58 * tensors["a"].scale[0] - 3 * tensors["b"].scale[0]) / tensors["y"].scale[0]
    assert abs(exact - 6.5) < 1e-5
    assert near_ties(node_of(SUM), tensors) > 0
    moved = moved_off_ties(SUM, tensors, set())
    np.testing.assert_array_equal(in_tflite(SUM, moved)[met], in_onnxruntime(SUM, moved)[met])
    assert near_ties(node_of(SUM), moved) < near_ties(node_of(SUM), tensors)


def test_it_moves_by_less_than_two_thousandths_and_keeps_the_zero_point() -> None:
    for seed in range(40):
        tensors = drawn(seed, SUM)
        moved = moved_off_ties(SUM, tensors, set())
        ratio = moved["y"].scale[0] / tensors["y"].scale[0]
        assert 1.0 <= ratio < 1.002
        assert moved["y"].zero_point == tensors["y"].zero_point
        assert moved["y"].scale[0] == np.float32(moved["y"].scale[0])
        assert moved["a"] is tensors["a"]
        assert moved["b"] is tensors["b"]


def test_a_scale_without_a_near_tie_stays_to_the_bit() -> None:
    # A tie needs a half: sums of whole steps have none.
    tensors = {"a": quantized(1.0, 0), "b": quantized(2.0, 0), "y": quantized(1.0, 0)}
    assert near_ties(node_of(SUM), tensors) == 0.0
    assert the_same(moved_off_ties(SUM, tensors, set()), tensors)


def test_a_scale_that_a_kernel_fixes_stays() -> None:
    tensors = {name: quantized(*values) for name, values in MET.items()}
    assert not the_same(moved_off_ties(SUM, tensors, set()), tensors)
    assert the_same(moved_off_ties(SUM, tensors, {"y"}), tensors)


@pytest.mark.parametrize("other", ["c", "a"])
def test_scales_that_are_shared_stay(other: str) -> None:
    """With another sum's result, or with what the sum reads: what is right for one is wrong for the next."""
    joined = Concat(name="joined", inputs=("y", other), output="joined")
    of = graph(*SUM.nodes, add("c", "a", "b"), joined)
    tensors = {name: quantized(*values) for name, values in MET.items()}
    tensors |= dict.fromkeys(("c", "joined", other), tensors["y"])
    assert the_same(moved_off_ties(of, tensors, set()), tensors)


def test_16_bits_stay() -> None:
    tensors = {name: symmetric16(-1.0, number) for name, number in (("a", 1.0), ("b", 2.0), ("y", 2.7))}
    assert the_same(moved_off_ties(SUM, tensors, set()), tensors)


def test_what_is_exported_is_off_ties_and_what_learns_is_not() -> None:
    of = graph(pixels(), conv("a", "pixels", size=1), conv("b", "pixels", size=1), add("y", "a", "b"))
    ranges = {"image": (0.0, 255.0), "pixels": (-1.0, 1.0), "a": (-129.1, 130.4), "b": (-732.0, 728.4)}
    ranges["y"] = (-824.0, 817.84)
    learns, exported = (annotate(of, ranges, "int8", off_ties=off_ties).tensors for off_ties in (False, True))
    assert learns["y"].scale[0] == asymmetric(*ranges["y"]).scale[0]
    assert near_ties(node_of(of), exported) < near_ties(node_of(of), learns)

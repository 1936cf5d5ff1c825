from __future__ import annotations

from fv_edge_runtime.floats import WAY_IN, WAY_OUT, Step, float_activations

STEPS = [
    Step("CAST", ("image",), ("real",)),
    Step("QUANTIZE", ("real",), ("q1",)),
    Step("CONV", ("q1",), ("q2",)),
    Step("DEQUANTIZE", ("q2",), ("f1",)),
    Step("GELU", ("f1",), ("f2",)),
    Step("QUANTIZE", ("f2",), ("q3",)),
    Step("DEQUANTIZE", ("q3",), ("f3",)),
    Step("SOFTMAX", ("f3",), ("shares",)),
    Step("QUANTIZE", ("shares",), ("answer",)),
]
FLOATS = ["real", "f1", "f2", "f3", "shares"]


def test_each_float_tensor_has_its_place() -> None:
    found = float_activations(STEPS, {"image", "q1", "q2", "q3", "answer"}, FLOATS, ["image", "answer"])
    assert [(one.name, one.is_island) for one in found] == [
        ("real", False),
        ("f1", True),
        ("f2", True),
        ("f3", False),
        ("shares", False),
    ]
    assert [found[0].why, found[3].why, found[4].why] == [WAY_IN, WAY_OUT, WAY_OUT]
    assert "GELU" in found[2].why


def test_a_graph_without_integers_inside_is_not_quantized() -> None:
    assert float_activations(STEPS, set(), FLOATS, []) == ()
    assert float_activations(STEPS, {"image", "answer"}, FLOATS, ["image", "answer"]) == ()


def test_a_fully_quantized_graph_has_none() -> None:
    assert float_activations(STEPS, {"q1"}, [], []) == ()
